internal import AlmanacCore
internal import AlmanacQuery
internal import AlmanacStore

/// Reads series for queries from the store, on the reader pool.
struct StoreSeriesSource: SeriesSource {
  let store: Store
  let pool: ThreadPool

  func samples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    try await read(matchers) { snapshot, id throws(StoreError) in
      try snapshot.samples(of: id, in: range)
    }
  }

  func lastSamples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    try await read(matchers) { snapshot, id throws(StoreError) in
      guard let (time, value) = try snapshot.lastSample(of: id, in: range) else {
        return Samples()
      }
      return Samples(timestamps: [time], values: [value])
    }
  }

  /// What `samples` finds for each series, in order of key, without those that have none.
  private func read(
    _ matchers: [LabelMatcher],
    _ samples:
      @escaping @Sendable (borrowing Snapshot, SeriesID) throws(StoreError) -> Samples
  ) async throws -> [LabelledSamples] {
    try await pool.run {
      try store.read { snapshot throws(StoreError) in
        var found: [LabelledSamples] = []
        for id in try snapshot.series(passing: matchers) {
          let samples = try samples(snapshot, id)
          if !samples.isEmpty {
            found.append(LabelledSamples(key: try snapshot.key(of: id), samples: samples))
          }
        }
        return found.sorted { $0.key < $1.key }
      }
    }
  }
}

extension ThreadPool: ComputePool {
  func compute<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await run(body)
  }
}
