public import AlmanacCore

/// Rules that are evaluated together, one after the other, as a rule file writes them.
public struct RuleGroup: Sendable, Equatable {
  /// Its name, once in its file.
  public var name: String
  /// From one evaluation to the next; nil for the server's own.
  public var interval: Interval?
  /// The most alerts or series that one of its rules may make; 0 is no limit.
  public var limit: Int
  /// How far in the past its queries are evaluated; nil for the server's own.
  public var queryOffset: Interval?
  /// Labels of all its rules, whose own count first.
  public var labels: [String: String]
  /// The rules in order.
  public var rules: [Rule]

  /// A group of `rules`.
  public init(
    name: String, interval: Interval? = nil, limit: Int = 0, queryOffset: Interval? = nil,
    labels: [String: String] = [:], rules: [Rule]
  ) {
    self.name = name
    self.interval = interval
    self.limit = limit
    self.queryOffset = queryOffset
    self.labels = labels
    self.rules = rules
  }

  /// The labels of one of its rules: the group's and its own, which count first.
  public func labels(of rule: Rule) -> [String: String] {
    labels.merging(rule.labels) { $1 }
  }
}

/// One rule: an expression with what is to be done with its result.
public struct Rule: Sendable, Equatable {
  /// What a rule is for.
  public enum Kind: String, Sendable {
    /// The result becomes a series.
    case record
    /// Each series of the result is an alert.
    case alert
  }

  /// What it is for.
  public var kind: Kind
  /// The metric that is recorded, or the alert's name.
  public var name: String
  /// A query, as the file writes it.
  public var expression: String
  /// How long an alert must be active before it fires.
  public var hold = Interval.zero
  /// How long an alert that fired goes on after its series has gone.
  public var keepFiringFor = Interval.zero
  /// Labels that are set; of an alert they are templates.
  public var labels: [String: String] = [:]
  /// Texts for people: templates.
  public var annotations: [String: String] = [:]

  /// A rule without labels.
  public init(_ kind: Kind, _ name: String, _ expression: String) {
    self.kind = kind
    self.name = name
    self.expression = expression
  }
}

/// Which group is meant: groups of different files may have one name.
public struct RuleGroupID: Hashable, Comparable, Sendable {
  /// Where a group comes from.
  public enum Origin: String, Sendable, Codable {
    /// A file of the server.
    case file
    /// A request to the API.
    case api
  }

  /// Where it comes from.
  public let origin: Origin
  /// The path of its file, or its namespace.
  public let file: String
  /// Its name.
  public let name: String

  /// The group `name` of `file`.
  public init(_ origin: Origin, file: String, name: String) {
    self.origin = origin
    self.file = file
    self.name = name
  }

  /// By file, then by name.
  public static func < (a: RuleGroupID, b: RuleGroupID) -> Bool {
    (a.file, a.name, a.origin.rawValue) < (b.file, b.name, b.origin.rawValue)
  }

  /// A name of 32 hexadecimal digits, the same in every process.
  public var hash: String {
    var hash = StableHash()
    hash.combine(origin.rawValue)
    hash.combine(file)
    hash.combine(name)
    return hash.hexadecimal
  }
}
