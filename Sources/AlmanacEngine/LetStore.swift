internal import AlmanacCore
internal import AlmanacQuery
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// The stored definitions: all of them in memory, each as a record in the store.
final class LetStore: Sendable {
  private let store: Store
  private let lets: Mutex<[StoredLet]>

  /// Reads what is stored; what cannot be read is left out with a warning.
  init(store: Store, logger: Logger) throws {
    self.store = store
    lets = Mutex(
      try store.readRecords(.lets, "stored let", logger: logger, StoredLet.init(name:record:)))
  }

  /// All of them, in order of name and version.
  var all: [StoredLet] {
    lets.withLock { $0 }.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
  }

  /// Keeps a definition; returns it as it is kept, which may be from before.
  func put(_ new: StoredLet, now: Timestamp) async throws -> StoredLet {
    var new = new
    new.created = now
    let known = lets.withLock { lets in
      if let known = lets.first(where: { $0.id == new.id }) { return known as StoredLet? }
      lets.append(new)
      return nil
    }
    if let known {
      if known.text == new.text { return known }
      // Somebody else stored it since the script was read.
      throw QueryError(
        code: .name, message: "cannot define \(new.id): it is there with another body",
        stage: "evaluate", hint: "use the next version")
    }
    do {
      try await store.putRecord(.lets, new.id, new.record)
    } catch {
      lets.withLock { $0.removeAll { $0.id == new.id } }
      throw error
    }
    return new
  }

  /// Forgets definitions.
  func remove(_ dropped: [StoredLet]) async throws {
    let ids = dropped.map(\.id)
    try await store.removeRecords(.lets, ids)
    lets.withLock { $0.removeAll { ids.contains($0.id) } }
  }
}

extension StoredLet {
  /// When it was stored, ns since the Unix epoch, and in the next line the statement.
  fileprivate var record: String { "\(created?.nanoseconds ?? 0)\n\(text)" }

  /// Reads a record that is kept under `name`, as `prep@3`.
  fileprivate init?(name: String, record: String) {
    let parts = name.split(separator: "@")
    let lines = record.split(separator: "\n", maxSplits: 1)
    guard parts.count == 2, let version = Int(parts[1]), lines.count == 2,
      let created = Int64(lines[0])
    else { return nil }
    self.init(
      name: String(parts[0]), version: version, text: String(lines[1]),
      created: Timestamp(nanoseconds: created))
  }
}
