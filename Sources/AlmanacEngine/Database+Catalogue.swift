public import AlmanacCore
internal import AlmanacPattern
public import AlmanacQuery
internal import AlmanacStore

/// Which series, labels and values there are: ever, or with samples in a range.
extension Database {
  /// The series that pass any of `selectors`, in order of key.
  ///
  /// - Parameter range: where they have samples; nil is anywhere.
  public func series(
    passing selectors: [SeriesSelector], in range: TimeRange? = nil
  ) async throws -> [SeriesKey] {
    try await readers.run { [store] in
      let snapshot = store.snapshot()
      return try Self.ids(in: snapshot, passing: selectors, range)
        .compactMap { snapshot.key(of: $0) }.sorted()
    }
  }

  /// The distinct names of labels of the series that pass any of `selectors`, of all series where
  /// there is none; `__name__` included.
  ///
  /// - Parameter range: where the series have samples; nil is anywhere.
  public func labelNames(
    passing selectors: [SeriesSelector] = [], in range: TimeRange? = nil
  ) async throws -> [String] {
    try await readers.run { [store] in
      let snapshot = store.snapshot()
      let range = range.flatMap { snapshot.isWhole(in: $0) ? nil : $0 }
      if range == nil, selectors.count <= 1 {
        return snapshot.labelNames(passing: selectors.first?.matchers ?? [])
      }
      return snapshot.labelNames(of: try Self.ids(in: snapshot, passing: selectors, range))
    }
  }

  /// The distinct values of a label of the series that pass any of `selectors`, of all series where
  /// there is none; `__name__` gives the metrics.
  ///
  /// - Parameter range: where the series have samples; nil is anywhere.
  public func labelValues(
    _ name: String, passing selectors: [SeriesSelector] = [], in range: TimeRange? = nil
  ) async throws -> [String] {
    try await readers.run { [store] in
      let snapshot = store.snapshot()
      let range = range.flatMap { snapshot.isWhole(in: $0) ? nil : $0 }
      if range == nil, selectors.count <= 1 {
        return snapshot.values(ofLabel: name, passing: selectors.first?.matchers ?? [])
      }
      return snapshot.values(
        ofLabel: name, among: try Self.ids(in: snapshot, passing: selectors, range))
    }
  }

  /// The series that pass any of `selectors`, of all series where there is none, ascending.
  private static func ids(
    in snapshot: Snapshot, passing selectors: [SeriesSelector], _ range: TimeRange?
  ) throws -> [SeriesID] {
    let all = selectors.isEmpty ? [[]] : selectors.map(\.matchers)
    let found = try all.map { matchers in
      guard let range else { return snapshot.series(passing: matchers) }
      return try snapshot.series(passing: matchers, in: range)
    }
    return found.count == 1 ? found[0] : Set(found.joined()).sorted { $0.rawValue < $1.rawValue }
  }
}
