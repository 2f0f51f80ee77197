public import AlmanacCore
internal import Foundation

/// What is kept of a group's alerts on disk, so that they survive the process. When Alertmanagers
/// were last told is not: after a restart they are told at once.
/// docs/format/alerts.md is the page of this text.
public struct AlertRecord: Sendable, Equatable {
  private static let version = 1

  /// The alerts of one rule.
  public struct OneRule: Sendable, Equatable {
    /// The rule's name.
    public var name: String
    /// Its labels, the group's among them: rules may share a name.
    public var labels: [String: String]
    /// Its alerts.
    public var alerts: [Alert]

    /// The alerts of the rule `name`.
    public init(name: String, labels: [String: String], alerts: [Alert]) {
      self.name = name
      self.labels = labels
      self.alerts = alerts
    }
  }

  /// The group.
  public var id: RuleGroupID
  /// When it was last evaluated.
  public var lastEvaluation: Timestamp
  /// The rules that have alerts.
  public var rules: [OneRule]

  /// What is to be kept of the group `id`.
  public init(id: RuleGroupID, lastEvaluation: Timestamp, rules: [OneRule]) {
    self.id = id
    self.lastEvaluation = lastEvaluation
    self.rules = rules
  }

  // MARK: - Text

  fileprivate struct Stored: Codable {
    struct OneRule: Codable {
      var name: String
      var labels: [String: String]
      var alerts: [OneAlert]
    }

    struct OneAlert: Codable {
      var labels: [String: String]
      var annotations: [String: String]
      /// As text: JSON has no infinities.
      var value: String
      var state: Alert.State
      var activeAt: Int64
      var firedAt: Int64?
      var resolvedAt: Int64?
      var keepFiringSince: Int64?
    }

    var version: Int
    var origin: RuleGroupID.Origin
    var file: String
    var group: String
    var lastEvaluation: Int64
    var rules: [OneRule]
  }

  /// The record as text, the same for the same contents.
  public var text: String {
    let stored = Stored(
      version: Self.version, origin: id.origin, file: id.file, group: id.name,
      lastEvaluation: lastEvaluation.nanoseconds,
      rules: rules.map { rule in
        .init(name: rule.name, labels: rule.labels, alerts: rule.alerts.map(Stored.OneAlert.init))
      })
    return JSONLine.text(stored)
  }

  /// Reads `text`; nil where it is no such record, or a later program's.
  public init?(text: String) {
    guard let stored = try? JSONDecoder().decode(Stored.self, from: Data(text.utf8)),
      stored.version == Self.version
    else { return nil }
    id = RuleGroupID(stored.origin, file: stored.file, name: stored.group)
    lastEvaluation = Timestamp(nanoseconds: stored.lastEvaluation)
    rules = stored.rules.map { rule in
      OneRule(name: rule.name, labels: rule.labels, alerts: rule.alerts.map(\.alert))
    }
  }
}

extension AlertRecord.Stored.OneAlert {
  fileprivate init(_ alert: Alert) {
    labels = alert.labels.dictionary
    annotations = alert.annotations
    value = alert.value.shortestText
    state = alert.state
    activeAt = alert.activeAt.nanoseconds
    firedAt = alert.firedAt?.nanoseconds
    resolvedAt = alert.resolvedAt?.nanoseconds
    keepFiringSince = alert.keepFiringSince?.nanoseconds
  }

  fileprivate var alert: Alert {
    var alert = Alert(
      labels: Labels(labels.map { ($0.key, $0.value) }), annotations: annotations,
      value: Double(value) ?? .nan, activeAt: Timestamp(nanoseconds: activeAt))
    alert.state = state
    alert.firedAt = firedAt.map(Timestamp.init(nanoseconds:))
    alert.resolvedAt = resolvedAt.map(Timestamp.init(nanoseconds:))
    alert.keepFiringSince = keepFiringSince.map(Timestamp.init(nanoseconds:))
    return alert
  }
}

extension Labels {
  /// Values by name.
  var dictionary: [String: String] {
    Dictionary(all.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }
}

/// JSON in one line, keys in order.
enum JSONLine {
  static func bytes(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("BUG: texts, numbers and lists are always JSON")
    }
    return Array(data)
  }

  static func text(_ value: some Encodable) -> String {
    String(decoding: bytes(value), as: UTF8.self)
  }
}
