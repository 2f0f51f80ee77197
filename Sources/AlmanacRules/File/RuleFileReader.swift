internal import AlmanacCore
internal import AlmanacQuery
internal import Yams

/// Reads one rule file and gathers all that is wrong with it.
struct RuleFileReader {
  /// What says that there is nothing, where it is not quoted.
  static let nulls: Set<String> = ["", "~", "null", "Null", "NULL"]
  private static let groupKeys = ["name", "interval", "query_offset", "limit", "labels", "rules"]
  private static let ruleKeys = [
    "record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations",
  ]

  let file: String
  let lets: [StoredLet]
  private var problems: [RuleProblem] = []
  private var group: String?
  private var rule: (number: Int, name: String?)?

  private let checksExpressions: Bool

  init(file: String, lets: [StoredLet], checksExpressions: Bool = true) {
    self.file = file
    self.lets = lets
    self.checksExpressions = checksExpressions
  }

  /// `groups`, or all problems where there are any.
  func end(_ groups: [RuleGroup]) throws(RuleFileError) -> [RuleGroup] {
    if problems.isEmpty { return groups }
    throw RuleFileError(
      problems: problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
  }

  mutating func problem(_ reason: String, _ line: Int?) {
    problems.append(
      RuleProblem(
        file: file, line: line, group: group, ruleNumber: rule?.number, rule: rule?.name,
        reason: reason))
  }

  // MARK: - YAML

  /// The tree of `yaml`; nil where it is empty, or cannot be read.
  mutating func document(_ yaml: String) -> Node? {
    do {
      guard let root = try compose(yaml: yaml), !root.isNull else { return nil }
      return root
    } catch let error as YamlError {
      let (reason, line) = error.place
      problem("cannot read YAML: \(reason)", line)
    } catch {
      problem("cannot read YAML: \(error)", nil)
    }
    return nil
  }

  /// The values of a mapping by key; keys that are not in `known` are problems.
  private mutating func fields(_ node: Node, _ what: String, known: [String]) -> [String: Node]? {
    guard let mapping = node.mapping else {
      problem("\(what) must be a mapping of keys to values", node.mark?.line)
      return nil
    }
    var fields: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.scalar?.string, known.contains(name) else {
        let name = key.scalar?.string ?? "?"
        let near = known.first { name.hasPrefix($0) || $0.hasPrefix(name) }
        problem(
          "\(what) has no key \"\(name)\""
            + (near.map { ": did you mean \($0)?" } ?? " (\(known.joined(separator: ", ")))"),
          key.mark?.line)
        continue
      }
      if !value.isNull { fields[name] = value }
    }
    return fields
  }

  private mutating func text(_ node: Node?, _ what: String) -> String? {
    guard let node else { return nil }
    guard let text = node.scalar?.string else {
      problem("\(what) must be a text", node.mark?.line)
      return nil
    }
    return text
  }

  private mutating func duration(_ node: Node?, _ what: String) -> Interval? {
    guard let node, let text = text(node, what) else { return nil }
    guard let interval = RuleDuration.read(text) else {
      problem(
        "\(what) is no duration: \"\(text)\" (write one as 5m or 1h30m)", node.mark?.line)
      return nil
    }
    return interval
  }

  // MARK: - Groups

  mutating func groups(_ root: Node) -> [RuleGroup] {
    guard let fields = fields(root, "a rule file", known: ["groups"]) else { return [] }
    guard let list = fields["groups"] else { return [] }
    guard let nodes = list.sequence else {
      problem("groups must be a list", list.mark?.line)
      return []
    }
    var groups: [RuleGroup] = []
    var names: Set<String> = []
    for node in nodes {
      guard let one = group(node) else { continue }
      if !names.insert(one.name).inserted {
        group = one.name
        problem("groupname: \"\(one.name)\" is repeated in the same file", node.mark?.line)
        group = nil
      }
      groups.append(one)
    }
    return groups
  }

  mutating func group(_ node: Node) -> RuleGroup? {
    group = node.mapping?["name"]?.scalar?.string
    rule = nil
    defer { group = nil }
    guard let fields = fields(node, "a group", known: Self.groupKeys) else { return nil }
    let name = text(fields["name"], "name") ?? ""
    if name.isEmpty { problem("the group has no name", node.mark?.line) }
    var one = RuleGroup(name: name, rules: [])
    one.interval = duration(fields["interval"], "interval").flatMap { $0 > .zero ? $0 : nil }
    if let interval = one.interval, interval.nanoseconds < 1_000_000_000 {
      problem("interval must be a second or more", fields["interval"]?.mark?.line)
    }
    one.queryOffset = duration(fields["query_offset"], "query_offset")
    if let node = fields["limit"], let text = text(node, "limit") {
      if let limit = Int(text), limit >= 0 {
        one.limit = limit
      } else {
        problem("limit is no whole number from 0 on: \"\(text)\"", node.mark?.line)
      }
    }
    one.labels = labels(fields["labels"], "label")
    if let list = fields["rules"] {
      guard let nodes = list.sequence else {
        problem("rules must be a list", list.mark?.line)
        return one
      }
      for (index, node) in nodes.enumerated() {
        rule = (index + 1, nil)
        if let new = rule(node) { one.rules.append(new) }
      }
      rule = nil
    }
    return one
  }

  // MARK: - Rules

  private mutating func rule(_ node: Node) -> Rule? {
    rule?.name = (node.mapping?["alert"] ?? node.mapping?["record"])?.scalar?.string
    guard let fields = fields(node, "a rule", known: Self.ruleKeys) else { return nil }
    let line = node.mark?.line
    let record = text(fields["record"], "record") ?? ""
    let alert = text(fields["alert"], "alert") ?? ""
    guard record.isEmpty != alert.isEmpty else {
      problem(
        record.isEmpty
          ? "one of 'record' or 'alert' must be set"
          : "only one of 'record' and 'alert' must be set", line)
      return nil
    }
    let expression = text(fields["expr"], "expr") ?? ""
    if expression.isEmpty { problem("field 'expr' must be set in rule", line) }
    var one = Rule(record.isEmpty ? .alert : .record, record + alert, expression)
    one.labels = labels(fields["labels"], "label")
    if let node = fields["expr"], !expression.isEmpty, checksExpressions { check(expression, node) }
    if one.kind == .record {
      for name in ["for", "keep_firing_for", "annotations"] where fields[name] != nil {
        problem("invalid field '\(name)' in recording rule", fields[name]?.mark?.line)
      }
      if !Self.isMetricName(record) {
        problem("invalid recording rule name: \(record)", fields["record"]?.mark?.line)
      }
      return one
    }
    one.hold = duration(fields["for"], "for") ?? .zero
    one.keepFiringFor = duration(fields["keep_firing_for"], "keep_firing_for") ?? .zero
    one.annotations = labels(fields["annotations"], "annotation")
    checkTemplates(one, fields)
    return one
  }

  private mutating func check(_ expression: String, _ node: Node) {
    do throws(QueryError) {
      _ = try RuleExpression.read(expression, lets: lets)
    } catch {
      // The lines of a block begin under its key.
      let style = node.scalar?.style
      let isBlock = style == .literal || style == .folded
      let line = node.mark.map { $0.line + (error.line ?? 1) - (isBlock ? 0 : 1) }
      problem("could not parse expression: \(error)", line)
    }
  }

  private mutating func checkTemplates(_ rule: Rule, _ fields: [String: Node]) {
    for (key, what, texts) in [
      ("labels", "label", rule.labels), ("annotations", "annotation", rule.annotations),
    ] {
      for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
        do throws(TemplateError) {
          _ = try Template(text, name: "__alert_\(rule.name)", variables: AlertTemplates.variables)
        } catch {
          let line = fields[key]?.mapping?.first { $0.key.scalar?.string == name }?.key.mark?.line
          problem("\(what) \"\(name)\": template: \(error.message)", line)
        }
      }
    }
  }

  /// A mapping of names to texts; names must be those of labels.
  private mutating func labels(_ node: Node?, _ what: String) -> [String: String] {
    guard let node else { return [:] }
    guard let mapping = node.mapping else {
      problem("\(what)s must be a mapping of names to texts", node.mark?.line)
      return [:]
    }
    var labels: [String: String] = [:]
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      guard Self.isLabelName(name), name != SeriesKey.metricLabel else {
        problem("invalid \(what) name: \(name)", key.mark?.line)
        continue
      }
      if value.isNull {
        labels[name] = ""
      } else if let text = value.scalar?.string, !text.utf8.contains(0) {
        labels[name] = text
      } else {
        problem("invalid \(what) value of \(name): it must be a text", value.mark?.line)
      }
    }
    return labels
  }

  private static func isLabelName(_ name: String) -> Bool {
    isMetricName(name) && !name.contains(":")
  }

  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
  private static func isMetricName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
    return name.utf8.allSatisfy {
      switch $0 {
      case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: ":"): true
      default: false
      }
    }
  }
}

extension Node {
  /// Whether it says that there is nothing.
  fileprivate var isNull: Bool {
    guard let scalar, scalar.style == .plain || scalar.style == .any else { return false }
    return RuleFileReader.nulls.contains(scalar.string)
  }
}

extension YamlError {
  /// What is wrong, and in which line.
  fileprivate var place: (reason: String, line: Int?) {
    switch self {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      return (context.map { "\($0.text): \(problem)" } ?? problem, mark.line)
    case .reader(let problem, _, _, _): return (problem, nil)
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
      return ("mapping key \(names) already defined", context.mark.line)
    default: return ("\(self)", nil)
    }
  }
}
