/// Why a rule file was refused: where, and what is wrong there.
public struct RuleProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, or the namespace of a group that came by the API.
  public var file: String
  /// The line, counted from 1, where it is known.
  public var line: Int?
  /// The group.
  public var group: String?
  /// The rule's number in its group, counted from 1.
  public var ruleNumber: Int?
  /// The rule's name.
  public var rule: String?
  /// What is wrong.
  public var reason: String

  /// What is wrong with a group, or a whole file.
  public init(
    file: String, line: Int? = nil, group: String? = nil, ruleNumber: Int? = nil,
    rule: String? = nil, reason: String
  ) {
    self.file = file
    self.line = line
    self.group = group
    self.ruleNumber = ruleNumber
    self.rule = rule
    self.reason = reason
  }

  /// One line for people.
  public var description: String {
    var text = file
    if let line { text += ":\(line)" }
    text += ":"
    var places: [String] = []
    if let group { places.append("group \"\(group)\"") }
    if let ruleNumber {
      places.append("rule \(ruleNumber)" + (rule.map { " \"\($0)\"" } ?? ""))
    }
    if !places.isEmpty { text += " " + places.joined(separator: ", ") + ":" }
    return text + " " + reason
  }
}

/// All that is wrong with rule files.
public struct RuleFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The problems in order of file and line; at least one.
  public let problems: [RuleProblem]

  /// All that is wrong.
  public init(problems: [RuleProblem]) {
    self.problems = problems
  }

  /// A line for each problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
