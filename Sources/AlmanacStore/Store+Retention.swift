public import AlmanacCore
internal import Dispatch
internal import Logging
internal import Synchronization

extension Store {
  /// A part is written again when so much of it has outlived its retention.
  private static let expiredShare = 0.25
  /// Where room is short, this much suffices.
  private static let expiredShareWhenFull = 0.02
  /// Where room is short so much is left of what is allowed.
  private static let shareLeft = 0.9

  /// Forgets samples that have outlived their retention by `now`, and gives their room back.
  ///
  /// They are not read any more at once. Parts that hold nothing else are deleted; others are
  /// written again when a good part of them has gone. Series without samples are forgotten too.
  public func enforceRetention(now: Timestamp) async throws(StoreError) {
    let retention = options.retention
    if options.isReadOnly { return }
    try await run(on: merging) { store throws(StoreError) in
      var horizon = store.horizon(now: now)
      var share = Self.expiredShare
      if let limit = retention.maximumBytes, let cut = store.cut(toBytes: limit) {
        horizon.earliest = max(horizon.earliest, cut)
        horizon.byRule = horizon.byRule.mapValues { max($0, cut) }
        share = Self.expiredShareWhenFull
      }
      let (parts, trimmed, before) = store.state.withLock { state in
        defer { state.horizon = horizon }
        return (Array(state.parts.values.joined()), state.trimmed, state.horizon)
      }
      store.noteExpiry(from: before, to: horizon)
      guard !horizon.isEverything else { return }
      var hasDropped = false
      var failure: StoreError?
      for part in parts {
        // Some series may keep what others have outlived: only what went since the part was written
        // would come back.
        let before = trimmed[part.info.number]?.expiredShare(of: part.info) ?? 0
        guard horizon.expiredShare(of: part.info) - before >= share else { continue }
        hasDropped = true
        do throws(StoreError) {
          if part.info.range.end.nanoseconds < horizon.first {
            try store.replace([part], by: [])
          } else {
            try store.merge([part])
          }
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      if hasDropped { try store.forgetEmptySeries() }
    }
  }

  /// What each series keeps by the rules.
  private func horizon(now: Timestamp) -> Horizon {
    let earliest = { (period: Interval?) in period.map { (now - $0).nanoseconds } ?? .min }
    var horizon = Horizon(earliest: earliest(options.retention.period))
    for rule in options.retention.rules.reversed() {
      for id in index.series(passing: rule.matchers) {
        horizon.byRule[UInt32(truncatingIfNeeded: id.rawValue)] = earliest(rule.period)
      }
    }
    return horizon
  }

  /// The time before which samples must go so that the parts take about `limit` bytes; nil where
  /// they take no more.
  private func cut(toBytes limit: Int) -> Int64? {
    let parts = state.withLock { Array($0.parts.values.joined()) }
    let total = parts.reduce(0) { $0 + $1.byteCount }
    guard total > limit, let start = parts.map(\.info.range.start).min(),
      let end = parts.map(\.info.range.end).max()
    else { return nil }
    // Bytes left as a function of the cut fall: halve the interval.
    var low = start.nanoseconds
    var high = end.nanoseconds
    while low < high {
      let middle = low + Int64((UInt64(bitPattern: high &- low)) / 2)
      let horizon = Horizon(earliest: middle)
      let left = parts.reduce(0.0) {
        $0 + Double($1.byteCount) * (1 - horizon.expiredShare(of: $1.info))
      }
      if left <= Double(limit) * Self.shareLeft { high = middle } else { low = middle + 1 }
    }
    return low
  }

  // MARK: - Series

  /// Forgets series that have samples neither in parts nor in the head.
  func forgetEmptySeries() throws(StoreError) {
    var known = Set<UInt32>()
    let parts = state.withLock { Array($0.parts.values.joined()) }
    for part in parts { try part.insertSeries(into: &known) }
    let result = commits.sync {
      Result { () throws(StoreError) in
        // Between two commits: what was written since is in the head, or in parts made since.
        let (segments, newParts) = state.withLock { state in
          (
            state.head.segments,
            state.parts.values.joined().filter { new in
              !parts.contains { $0 === new }
            }
          )
        }
        for segment in segments { segment.insertSeries(into: &known) }
        for part in newParts { try part.insertSeries(into: &known) }
        let empty = index.series(passing: []).filter {
          !known.contains(UInt32(truncatingIfNeeded: $0.rawValue))
        }
        guard !empty.isEmpty else { return }
        try catalog.partition.apply(try catalog.changes(removing: Set(empty)))
        index.remove(empty)
        // Numbers that parsers have learnt may be those of series that are gone.
        let generation = options.seriesRemoved()
        state.withLock { $0.cacheGeneration = generation }
        logger.info("forgot \(empty.count) series without samples")
      }
    }
    try result.get()
  }
}
