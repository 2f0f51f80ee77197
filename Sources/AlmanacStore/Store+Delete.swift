public import AlmanacCore
public import AlmanacPattern
internal import Dispatch
internal import Synchronization

extension Store {
  /// Deletes the samples in `range` of the series that pass all `matchers`, as far as they were
  /// written before; durable when this returns. Returns how many series it concerns.
  ///
  /// Reads leave the samples out at once; their room comes back when parts are merged.
  @discardableResult
  public func delete(_ matchers: [LabelMatcher], in range: TimeRange) async throws(StoreError)
    -> Int
  {
    try requireWritable()
    guard !range.isEmpty else { return 0 }
    return try await run(on: commits) { store throws(StoreError) in
      let series = store.index.series(passing: matchers)
      guard !series.isEmpty else { return 0 }
      try store.waitForSeal()
      // Takes a number between what was written before and what comes after.
      let generation = store.state.withLock { $0.nextGeneration() }
      store.rotate()
      let deletion = Deletion(
        generation: generation, range: range,
        series: series.map { UInt32(truncatingIfNeeded: $0.rawValue) })
      try store.catalog.partition.apply([Catalog.put(deletion)])
      store.state.withLock { $0.deletions.append(deletion) }
      store.note(range)
      return series.count
    }
  }
}
