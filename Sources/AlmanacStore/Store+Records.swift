internal import Dispatch

extension Store {
  /// Small texts that the engine keeps beside the samples.
  public enum RecordKind: String, Sendable, CaseIterable {
    /// Stored definitions, by name and version.
    case lets = "let/"
    /// Trainings that come again, by the number of their job.
    case refreshes = "refresh/"
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
    try requireWritable()
    let key = Array((kind.rawValue + name).utf8)
    try await run(on: cataloguing) { store throws(StoreError) in
      try store.catalog.partition.apply([.put(key: key, value: Array(text.utf8))])
    }
  }

  /// Forgets what is under `names`, all at once.
  public func removeRecords(_ kind: RecordKind, _ names: [String]) async throws(StoreError) {
    try requireWritable()
    try await run(on: cataloguing) { store throws(StoreError) in
      try store.catalog.partition.apply(
        names.map { .remove(key: Array((kind.rawValue + $0).utf8)) })
    }
  }
}
