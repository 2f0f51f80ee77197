internal import AlmanacCore

/// The series with the greatest or least values at each time: `topk(3, memory)`.
struct Ranking: Sendable {
  /// How many series of each group stay at each time.
  var count: Plan
  /// Whether the greatest stay, or the least.
  var isTop: Bool
  var input: Plan
  var grouping: SeriesGrouping
  /// Where errors point to.
  var range: SourceRange
  /// Chooses series by something else than their values; nil ranks them.
  var sampling: SeriesSampling?

  /// The samples that stay, under their own keys. NaN loses against any number, and of equal
  /// values that of the first series stays.
  ///
  /// - Parameters:
  ///   - times: the times that all samples lie on, where they are known.
  ///   - count: how many stay at each time, or one number for all times; no NaN.
  func apply(
    _ series: [LabelledSamples], at times: [Int64]?, _ count: Scalar
  ) throws(QueryError) -> [LabelledSamples] {
    if let sampling {
      return try sampling.apply(series, in: grouping, at: times) { count.at($0) }
    }
    let aligned = times == nil ? try Alignment.align(series) : series
    var kept = aligned.map { $0.with(Samples()) }
    for group in grouping.groups(of: aligned) {
      let columns = SampleColumns(group.members.map { aligned[$0].samples }, at: times)
      for (index, time) in columns.times.enumerated() {
        let column = columns[index]
        let most = Int(max(0, min(count.at(time), Double(column.count))))
        let owners = columns.members(at: index)
        for position in best(of: column, most) {
          let owner = group.members[owners[owners.startIndex + position]]
          _ = kept[owner].samples.append(time: time, value: column[column.startIndex + position])
        }
      }
    }
    return kept.filter { !$0.samples.isEmpty }
  }

  /// The series of one moment with the best of each group first; groups in order of their first
  /// series.
  func ordered(_ series: [LabelledSamples]) -> [LabelledSamples] {
    let groups = grouping.groups(of: series).sorted {
      $0.members.lexicographicallyPrecedes($1.members)
    }
    return groups.flatMap { group in
      let values = group.members.map { series[$0].samples.values.last ?? .nan }
      return best(of: values[...], values.count).map { series[group.members[$0]] }
    }
  }

  /// The positions of the `count` best values, best first. Takes time in proportion to the values
  /// where few are asked for.
  private func best(of values: ArraySlice<Double>, _ count: Int) -> [Int] {
    let values = Array(values)
    guard count > 0 else { return [] }
    guard count <= 64, count < values.count else {
      return Array(values.indices.sorted { precedes(values, $0, $1) }.prefix(count))
    }
    var best: [Int] = []
    best.reserveCapacity(count + 1)
    for index in values.indices {
      if best.count == count, let worst = best.last, !precedes(values, index, worst) { continue }
      let place = best.firstIndex { precedes(values, index, $0) } ?? best.count
      best.insert(index, at: place)
      if best.count > count { best.removeLast() }
    }
    return best
  }

  private func precedes(_ values: [Double], _ a: Int, _ b: Int) -> Bool {
    let (x, y) = (values[a], values[b])
    if x == y || x.isNaN && y.isNaN { return a < b }
    if x.isNaN || y.isNaN { return y.isNaN }
    return isTop ? x > y : x < y
  }
}
