public import AlmanacCore
internal import AlmanacForecast
internal import AlmanacPattern

/// What somebody said of an outlier: that it was one, or that it was a false alarm.
public struct Judgement: Sendable, Equatable {
  /// What was said.
  public enum Verdict: String, Sendable, CaseIterable {
    /// Something was the matter.
    case event = "true"
    /// Nothing was.
    case falseAlarm = "false_alarm"
  }

  /// Its number; 0 before it is kept.
  public var id = 0
  /// The series.
  public var key: SeriesKey
  /// What was judged where that is no plain selector: the expression without its window and times.
  public var signal: String
  /// The method that judged: a threshold is that of a method.
  public var method: String
  /// The first sample that it is about.
  public var start: Timestamp
  /// The last one.
  public var end: Timestamp
  /// The largest score between them, by the threshold that no judgement has moved.
  public var score: Double
  /// What was said.
  public var verdict: Verdict
  /// Why.
  public var note: String
  /// Who said it.
  public var author: String
  /// The selector of all series whose threshold moves; empty for this series alone.
  public var template: String
  /// When it was said.
  public var created: Timestamp?

  /// A judgement that is not kept yet.
  public init(
    key: SeriesKey, signal: String = "", method: String, start: Timestamp, end: Timestamp,
    score: Double, verdict: Verdict, note: String = "", author: String = "",
    template: String = ""
  ) {
    self.key = key
    self.signal = signal
    self.method = method
    self.start = start
    self.end = end
    self.score = score
    self.verdict = verdict
    self.note = note
    self.author = author
    self.template = template
  }
}

/// Who keeps judgements.
public protocol JudgementStore: Sendable {
  /// Those that are kept, as of now.
  var judgements: Judgements { get }

  /// Keeps new ones, all or none; returns them with their numbers.
  func add(_ new: [Judgement]) async throws -> [Judgement]
}

/// The judgements that an evaluation knows.
public struct Judgements: Sendable {
  /// A number that differs after every change.
  public let version: UInt64
  /// All of them, in order of number.
  public let all: [Judgement]
  private let places: [SeriesKey: [Int]]
  private let templates: [(place: Int, matchers: [LabelMatcher])]

  /// No judgements.
  public static let none = Judgements([], version: 0)

  /// These, in order of number.
  public init(_ all: [Judgement], version: UInt64) {
    self.version = version
    self.all = all
    places = Dictionary(grouping: all.indices) { all[$0].key }
    templates = all.indices.compactMap { place in
      guard !all[place].template.isEmpty,
        let selector = try? SeriesSelector(all[place].template)
      else { return nil }
      return (place, selector.matchers)
    }
  }

  /// What was said of one series.
  func about(_ key: SeriesKey, _ signal: String) -> [Judgement] {
    (places[key] ?? []).map { all[$0] }.filter { $0.signal == signal }
  }

  /// By how much the threshold of `method` moves for a series.
  public func factor(of key: SeriesKey, _ signal: String, _ method: String) -> Double {
    guard !all.isEmpty else { return 1 }
    var found = Set(places[key] ?? [])
    for template in templates where template.matchers.allSatisfy({ $0.passes(key, of: signal) }) {
      found.insert(template.place)
    }
    let judgements = found.map { all[$0] }.filter { $0.signal == signal && $0.method == method }
    return ThresholdFactor.factor(
      falseAlarms: judgements.filter { $0.verdict == .falseAlarm }.map(\.score),
      events: judgements.filter { $0.verdict == .event }.map(\.score))
  }
}

extension LabelMatcher {
  /// Whether a series passes; what is calculated has no metric to ask for.
  fileprivate func passes(_ key: SeriesKey, of signal: String) -> Bool {
    guard name == SeriesKey.metricLabel else { return passes(key.labels[name] ?? "") }
    return !signal.isEmpty || passes(key.metric)
  }
}

extension SeriesKey {
  /// The one series that a selector such as `memory{host="x"}` names; nil where it asks for
  /// anything but values of labels.
  public init?(selector text: String) throws(QueryError) {
    var metric = ""
    var labels: [(String, String)] = []
    for matcher in try SeriesSelector(text).matchers {
      guard case .equal(let value) = matcher.condition else { return nil }
      if matcher.name == SeriesKey.metricLabel {
        metric = value
      } else if !value.isEmpty {
        labels.append((matcher.name, value))
      }
    }
    self.init(metric: metric, labels: Labels(labels))
  }
}

extension Query {
  /// What a query of outliers judges, as its judgements name it; nil of another query.
  public var judged: (signal: String, method: String)? { plan?.judged }
}

extension Plan {
  /// What the outliers in this are judged by.
  var judged: (signal: String, method: String)? {
    switch self {
    case .outliers(let plan): (plan.signal.text, plan.method.rawValue)
    case .peers(let plan): (plan.signal.text, "peers")
    case .stage(let node): node.plan.judged
    case .moved(let plan, _): plan.judged
    case .project(let plan, _): plan.judged
    case .why(let plan): plan.input.judged
    case .incidents(let plan): plan.input.judged
    default: nil
    }
  }

  /// The selector of the outliers in this; nil where there are several.
  var judgedSelector: String? {
    switch self {
    case .outliers(let plan): plan.signal.selector
    case .peers(let plan): plan.signal.selector
    case .stage(let node): node.plan.judgedSelector
    case .moved(let plan, _): plan.judgedSelector
    default: nil
    }
  }
}

/// What is judged, by its text.
struct JudgedSignal: Sendable {
  /// The expression without window and times; empty for a plain selector, whose series say it all.
  var text: String
  /// The only selector in it; nil where there are several.
  var selector: String?

  init(_ expression: Expression) {
    var inner = expression.untapped
    while true {
      switch inner {
      case .window(let node): inner = node.base
      case .offset(let node): inner = node.base
      case .at(let node): inner = node.base
      default:
        let selectors = inner.selectors
        selector = selectors.count == 1 ? Printer().print(selectors[0]) : nil
        if case .selector = inner { text = "" } else { text = Printer().print(inner) }
        return
      }
    }
  }
}

extension Expression {
  /// Every selector in this.
  fileprivate var selectors: [Expression] {
    if case .selector = self { return [self] }
    return children.flatMap(\.selectors)
  }
}
