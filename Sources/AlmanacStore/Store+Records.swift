internal import Dispatch

extension Store {
  /// Small texts that the engine keeps beside the samples.
  public enum RecordKind: String, Sendable, CaseIterable {
    /// Stored definitions, by name and version.
    case lets = "let/"
    /// Trainings that come again, by the number of their job.
    case refreshes = "refresh/"
    /// What was said of outliers, by number.
    case feedback = "feedback/"
    /// Rule groups that came by the API.
    case ruleGroups = "rules/"
    /// The alerts of rule groups.
    case alerts = "alert/"
    /// What webhooks were not told yet.
    case notifications = "notification/"
  }

  /// One change of the records.
  public enum RecordChange: Sendable {
    /// Keeps a text under a name.
    case put(RecordKind, String, String)
    /// Forgets what is under a name.
    case remove(RecordKind, String)
  }

  /// Every record of a kind with its name, in order of name.
  public func records(_ kind: RecordKind) throws(StoreError) -> [(name: String, text: String)] {
    var all: [(name: String, text: String)] = []
    let prefix = Array(kind.rawValue.utf8)
    try catalog.partition.scan(prefix: prefix) { key, bytes throws(StoreError) in
      all.append(
        (
          String(decoding: key.dropFirst(prefix.count), as: UTF8.self),
          String(decoding: bytes, as: UTF8.self)
        ))
      return true
    }
    return all
  }

  /// Keeps `text` under `name`; durable when this returns.
  public func putRecord(
    _ kind: RecordKind, _ name: String, _ text: String
  ) async throws(StoreError) {
    try await changeRecords([.put(kind, name, text)])
  }

  /// Makes all changes or none; durable when this returns.
  public func changeRecords(_ changes: [RecordChange]) async throws(StoreError) {
    try requireWritable()
    guard !changes.isEmpty else { return }
    try await run(on: cataloguing) { store throws(StoreError) in
      try store.catalog.partition.apply(
        changes.map { change in
          switch change {
          case .put(let kind, let name, let text):
            .put(key: Array((kind.rawValue + name).utf8), value: Array(text.utf8))
          case .remove(let kind, let name): .remove(key: Array((kind.rawValue + name).utf8))
          }
        })
    }
  }

  /// Forgets what is under `names`, all at once.
  public func removeRecords(_ kind: RecordKind, _ names: [String]) async throws(StoreError) {
    try await changeRecords(names.map { .remove(kind, $0) })
  }
}
