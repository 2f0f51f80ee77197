public import AlmanacCore
internal import AlmanacPattern
public import AlmanacQuery
internal import AlmanacStore

/// Which series, labels and values there are. Time does not matter: whatever has samples is there.
extension Database {
  /// The series that pass any of `selectors`, in order of key.
  public func series(passing selectors: [SeriesSelector]) async throws -> [SeriesKey] {
    try await readers.run { [store] in
      let snapshot = store.snapshot()
      var ids: Set<SeriesID> = []
      for selector in selectors {
        ids.formUnion(snapshot.series(passing: selector.matchers))
      }
      return ids.compactMap { snapshot.key(of: $0) }.sorted()
    }
  }

  /// The distinct names of labels of the series that pass any of `selectors`, of all series where
  /// there is none; `__name__` included.
  public func labelNames(passing selectors: [SeriesSelector] = []) async throws -> [String] {
    try await readers.run { [store] in
      Self.union(of: selectors) { store.snapshot().labelNames(passing: $0) }
    }
  }

  /// The distinct values of a label of the series that pass any of `selectors`, of all series where
  /// there is none; `__name__` gives the metrics.
  public func labelValues(
    _ name: String, passing selectors: [SeriesSelector] = []
  ) async throws -> [String] {
    try await readers.run { [store] in
      Self.union(of: selectors) { store.snapshot().values(ofLabel: name, passing: $0) }
    }
  }

  /// What `find` gives for any of `selectors`, each once and in order; for all series without one.
  private static func union(
    of selectors: [SeriesSelector], _ find: ([LabelMatcher]) -> [String]
  ) -> [String] {
    guard let first = selectors.first else { return find([]) }
    if selectors.count == 1 { return find(first.matchers) }
    return Set(selectors.flatMap { find($0.matchers) }).sorted()
  }
}
