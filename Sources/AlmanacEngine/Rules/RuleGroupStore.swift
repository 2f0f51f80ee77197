internal import AlmanacCore
internal import AlmanacRules
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// The groups that came by the API: all in memory, each namespace as a record in the store.
/// docs/format/alerts.md is the page of these records.
final class RuleGroupStore: Sendable {
  private let store: Store
  private let files: Mutex<[String: [RuleGroup]]>

  /// Reads what is stored.
  init(store: Store, logger: Logger) throws {
    self.store = store
    let all = try store.readRecords(.ruleGroups, "stored rules", logger: logger) {
      _, text -> (file: String, groups: [RuleGroup])? in
      // The namespace, and from the next line on the groups as a rule file.
      let lines = text.split(separator: "\n", maxSplits: 1)
      guard lines.count == 2, let groups = try? RuleFile.storedGroups(of: String(lines[1])) else {
        return nil
      }
      return (String(lines[0]), groups)
    }
    files = Mutex(Dictionary(all.map { ($0.file, $0.groups) }, uniquingKeysWith: { $1 }))
  }

  /// All groups by namespace, in order.
  var all: [(file: String, groups: [RuleGroup])] {
    files.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  func groups(of namespace: String) -> [RuleGroup] {
    files.withLock { $0[namespace] } ?? []
  }

  /// Makes `groups` those of `namespace`; none forget it.
  func replace(_ namespace: String, with groups: [RuleGroup]) async throws {
    let name = RuleGroupID(.api, file: namespace, name: "").hash
    try await store.changeRecords([
      groups.isEmpty
        ? .remove(.ruleGroups, name)
        : .put(.ruleGroups, name, "\(namespace)\n\(RuleFile.text(groups))")
    ])
    files.withLock { $0[namespace] = groups.isEmpty ? nil : groups }
  }
}
