internal import AlmanacCore
public import AlmanacQuery
internal import Yams

/// Rule files: YAML of the shape that Prometheus has, with our expressions.
public enum RuleFile {
  /// The groups that `yaml` writes.
  ///
  /// - Parameters:
  ///   - file: what it is called in errors.
  ///   - lets: the definitions that are stored.
  public static func groups(
    of yaml: String, file: String, lets: [StoredLet] = []
  ) throws(RuleFileError) -> [RuleGroup] {
    var reader = RuleFileReader(file: file, lets: lets)
    guard let root = reader.document(yaml) else { return try reader.end([]) }
    let groups = reader.groups(root)
    return try reader.end(groups)
  }

  /// The groups that `text` of groups wrote, whatever became of their expressions since.
  public static func storedGroups(of yaml: String) throws(RuleFileError) -> [RuleGroup] {
    var reader = RuleFileReader(file: "", lets: [], checksExpressions: false)
    guard let root = reader.document(yaml) else { return try reader.end([]) }
    let groups = reader.groups(root)
    return try reader.end(groups)
  }

  /// A whole file with `groups`.
  public static func text(_ groups: [RuleGroup]) -> String {
    let pairs: [(Node, Node)] = [("groups", Node(groups.map { node($0) }))]
    return yaml(Node(pairs))
  }

  /// The one group that `yaml` writes: what stands in the list `groups` of a file.
  public static func group(
    of yaml: String, file: String, lets: [StoredLet] = []
  ) throws(RuleFileError) -> RuleGroup {
    var reader = RuleFileReader(file: file, lets: lets)
    guard let root = reader.document(yaml) else {
      reader.problem("a group is wanted, the text is empty", nil)
      _ = try reader.end([])
      preconditionFailure("BUG: a problem is thrown")
    }
    let one = reader.group(root)
    guard let group = try reader.end([one].compactMap { $0 }).first else {
      preconditionFailure("BUG: no group and no problem")
    }
    return group
  }

  /// A group as YAML, as `group(of:file:lets:)` reads it.
  public static func text(_ group: RuleGroup) -> String { yaml(node(group)) }

  /// Groups under the names of their files, as YAML.
  public static func text(_ files: [(file: String, groups: [RuleGroup])]) -> String {
    guard !files.isEmpty else { return "{}\n" }
    return yaml(Node(files.map { (string($0.file), Node($0.groups.map { node($0) })) }))
  }

  private static func yaml(_ node: Node) -> String {
    // Texts and lists of our own making are always written.
    (try? serialize(node: node, width: -1, allowUnicode: true)) ?? ""
  }

  private static func node(_ group: RuleGroup) -> Node {
    var pairs: [(Node, Node)] = [("name", string(group.name))]
    if let interval = group.interval {
      pairs.append(("interval", Node(RuleDuration.text(interval))))
    }
    if let offset = group.queryOffset {
      pairs.append(("query_offset", Node(RuleDuration.text(offset))))
    }
    if group.limit != 0 { pairs.append(("limit", Node(String(group.limit)))) }
    if !group.labels.isEmpty { pairs.append(("labels", node(group.labels))) }
    pairs.append(("rules", Node(group.rules.map { node($0) })))
    return Node(pairs)
  }

  private static func node(_ rule: Rule) -> Node {
    var pairs: [(Node, Node)] = [
      (Node(rule.kind.rawValue), string(rule.name)), ("expr", string(rule.expression)),
    ]
    if rule.hold > .zero { pairs.append(("for", Node(RuleDuration.text(rule.hold)))) }
    if rule.keepFiringFor > .zero {
      pairs.append(("keep_firing_for", Node(RuleDuration.text(rule.keepFiringFor))))
    }
    if !rule.labels.isEmpty { pairs.append(("labels", node(rule.labels))) }
    if !rule.annotations.isEmpty { pairs.append(("annotations", node(rule.annotations))) }
    return Node(pairs)
  }

  private static func node(_ texts: [String: String]) -> Node {
    Node(texts.sorted { $0.key < $1.key }.map { (string($0.key), string($0.value)) })
  }

  /// A text that is read back as text, whatever it looks like.
  private static func string(_ text: String) -> Node {
    let style: Node.Scalar.Style =
      RuleFileReader.nulls.contains(text)
      ? .doubleQuoted : text.contains("\n") ? .literal : .any
    return .scalar(Node.Scalar(text, Tag(.str), style))
  }
}
