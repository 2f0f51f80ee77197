public import AlmanacCore
public import AlmanacPattern
public import AlmanacStore
internal import Logging

/// What keeps a database in order: sealing, deleting, copying, forgetting.
extension Database {
  /// Seals everything written so far and merges what can be merged.
  public func compact() async throws { try await store.compact() }

  /// Copies the database into the new folder `target` while it is in use.
  public func backup(to target: String) async throws { try await store.backup(to: target) }

  /// Deletes the samples in `range` of the series that pass all `matchers`, as far as they were
  /// written before. Returns how many series it concerns.
  public func delete(_ matchers: [LabelMatcher], in range: TimeRange) async throws -> Int {
    try await store.delete(matchers, in: range)
  }

  /// Which metrics, labels and values make how many series.
  public func cardinality(top: Int) async throws -> Cardinality {
    try await readers.run { [store] in store.cardinality(top: top) }
  }

  /// Forgets what has outlived its retention, now and then until the task is cancelled.
  public func keepRetention() async {
    while !Task.isCancelled {
      do {
        try await store.enforceRetention(now: clock())
      } catch {
        logger.error("cannot enforce retention: \(error)")
      }
      try? await Task.sleep(for: .seconds(60))
    }
  }
}
