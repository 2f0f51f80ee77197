public import AlmanacCore

/// The labels and annotations of an alerting rule, which are expanded for each series.
public struct AlertTemplates: Sendable {
  /// What templates know beside the fields of `.`.
  static let variables = ["labels", "externalLabels", "externalURL", "value", "details"]

  /// What every template of an evaluation sees.
  public struct Surroundings: Sendable {
    /// Labels of this server.
    public var externalLabels: [String: String]
    /// Where links lead to, without a slash at the end.
    public var externalURL: String
    /// The moment of the evaluation.
    public var time: Timestamp
    /// Results of queries by their texts, or why there is none.
    public var queries: [String: Result<[TemplateSample], TemplateError>] = [:]

    /// Surroundings without results of queries.
    public init(externalLabels: [String: String], externalURL: String, time: Timestamp) {
      self.externalLabels = externalLabels
      self.externalURL = externalURL
      self.time = time
    }

    /// Notes that the query `text` failed.
    public mutating func fail(_ text: String, _ reason: String) {
      queries[text] = .failure(TemplateError(reason))
    }
  }

  /// What an expansion came to.
  public enum Outcome: Sendable {
    /// The active series of all values.
    case done([ActiveSeries], warnings: [String])
    /// These queries' results are needed first.
    case needs(Set<String>)
  }

  private let alert: String
  private let labels: [(name: String, template: Template)]
  private let annotations: [(name: String, template: Template)]

  /// Reads the templates of `rule` with the labels `labels`, which may be the group's too.
  public init(_ rule: Rule, labels: [String: String]) throws(TemplateError) {
    alert = rule.name
    self.labels = try Self.read(labels, of: rule.name)
    annotations = try Self.read(rule.annotations, of: rule.name)
  }

  private static func read(
    _ texts: [String: String], of alert: String
  ) throws(TemplateError) -> [(name: String, template: Template)] {
    var templates: [(name: String, template: Template)] = []
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
      templates.append(
        (name, try Template(text, name: "__alert_\(alert)", variables: variables)))
    }
    return templates
  }

  /// The labels and texts of the alert of each value.
  ///
  /// - Throws: `DuplicateAlertError` where two have the same labels.
  public func expand(
    _ values: [RuleValue], _ surroundings: Surroundings
  ) throws(DuplicateAlertError) -> Outcome {
    var active: [ActiveSeries] = []
    var known: Set<Labels> = []
    var missing: Set<String> = []
    var warnings: [String] = []
    for value in values {
      let context = context(value, surroundings)
      let expand = { (template: Template) -> String in
        do {
          // No part of a series may hold a zero byte.
          return try template.expand(context).replacing("\0", with: "\u{FFFD}")
        } catch let query as MissingQuery {
          missing.insert(query.text)
        } catch {
          if warnings.count < 10 { warnings.append("\(error)") }
          return "<error expanding template: \(error)>"
        }
        return ""
      }
      var own = value.key.labels.all.map { ($0.name, $0.value) }
      own += labels.map { ($0.name, expand($0.template)) }
      own.append(("alertname", alert))
      let one = ActiveSeries(
        labels: Labels(own),
        annotations: Dictionary(
          annotations.map { ($0.name, expand($0.template)) }, uniquingKeysWith: { $1 }),
        value: value.value)
      active.append(one)
      guard missing.isEmpty else { continue }
      if !known.insert(one.labels).inserted { throw DuplicateAlertError() }
    }
    return missing.isEmpty ? .done(active, warnings: warnings) : .needs(missing)
  }

  private func context(_ value: RuleValue, _ surroundings: Surroundings) -> TemplateContext {
    let labels = TemplateValue.labels(TemplateSample(key: value.key, value: 0).labels)
    let external = TemplateValue.labels(surroundings.externalLabels)
    let url = TemplateValue.text(surroundings.externalURL)
    let details = TemplateValue.labels(value.details)
    return TemplateContext(
      dot: .fields([
        "Labels": labels, "ExternalLabels": external, "ExternalURL": url,
        "Value": .number(value.value), "Details": details,
      ]),
      variables: [
        "labels": labels, "externalLabels": external, "externalURL": url,
        "value": .number(value.value), "details": details,
      ], externalURL: surroundings.externalURL, now: surroundings.time.seconds,
      queries: surroundings.queries)
  }
}

/// Two series of a rule became one alert.
public struct DuplicateAlertError: Error, Sendable, CustomStringConvertible {
  /// As Prometheus says it.
  public let description =
    "vector contains metrics with the same labelset after applying alert labels"
}
