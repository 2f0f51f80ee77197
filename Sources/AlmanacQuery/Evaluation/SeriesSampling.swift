internal import AlmanacCore

/// A choice of series that does not look at their values: `limitk(5, x)`, `limit_ratio(0.1, x)`.
enum SeriesSampling: Sendable {
  /// So many of each group at each time: the first ones in order.
  case count
  /// About this share of all; below -1 and above 1 it is all. A series that is in stays in as the
  /// share grows; a negative share -s takes those that 1 - s leaves.
  case share

  /// The samples that stay, under their own keys.
  ///
  /// - Parameters:
  ///   - times: the times that all samples lie on, where they are known.
  ///   - number: how many, or which share, at a time; no NaN.
  func apply(
    _ series: [LabelledSamples], in grouping: SeriesGrouping, at times: [Int64]?,
    number: (Int64) -> Double
  ) throws(QueryError) -> [LabelledSamples] {
    let kept =
      switch self {
      case .count: try first(of: series, in: grouping, at: times, count: number)
      case .share: share(of: series, number)
      }
    return kept.filter { !$0.samples.isEmpty }
  }

  private func first(
    of series: [LabelledSamples], in grouping: SeriesGrouping, at times: [Int64]?,
    count: (Int64) -> Double
  ) throws(QueryError) -> [LabelledSamples] {
    let aligned = times == nil ? try Alignment.align(series) : series
    var kept = aligned
    for index in kept.indices { kept[index].samples = Samples() }
    for group in grouping.groups(of: aligned) {
      let columns = SampleColumns(group.members.map { aligned[$0].samples }, at: times)
      for (index, time) in columns.times.enumerated() {
        let column = columns[index]
        let most = Int(max(0, min(count(time), Double(column.count))))
        for (value, owner) in zip(column, columns.members(at: index)).prefix(most) {
          _ = kept[group.members[owner]].samples.append(time: time, value: value)
        }
      }
    }
    return kept
  }

  private func share(
    of series: [LabelledSamples], _ share: (Int64) -> Double
  ) -> [LabelledSamples] {
    series.map { one in
      let place = Self.place(of: one.key)
      var kept = one
      kept.samples = Samples(capacity: one.samples.count)
      for (time, value) in zip(one.samples.timestamps, one.samples.values) {
        let share = share(time)
        let isIn = share >= 0 ? place < share : place >= 1 + share
        if isIn { _ = kept.samples.append(time: time, value: value) }
      }
      return kept
    }
  }

  /// Where a series lies, from 0 to below 1: a hash of its key (FNV-1a, with the last step of
  /// SplitMix64 to spread it), the same everywhere and ever.
  private static func place(of key: SeriesKey) -> Double {
    var hash = FNV1a(key.encoded).value
    hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
    hash ^= hash >> 31
    return Double(hash >> 11) / 9_007_199_254_740_992
  }
}
