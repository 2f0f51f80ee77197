internal import AlmanacCore

/// The series with the greatest or least values at each time: `topk(3, memory)`.
struct Ranking: Sendable {
  /// How many series of each group stay at each time.
  var count: Int
  /// Whether the greatest stay, or the least.
  var isTop: Bool
  var input: Plan
  var grouping: SeriesGrouping

  /// The samples that stay, under their own keys. NaN loses against any number, and of equal
  /// values that of the first series stays.
  ///
  /// - Parameter times: the times that all samples lie on, where they are known.
  func apply(
    _ series: [LabelledSamples], at times: [Int64]?
  ) throws(QueryError) -> [LabelledSamples] {
    guard count > 0 else { return [] }
    let aligned = times == nil ? try Alignment.align(series) : series
    var kept = aligned.map { LabelledSamples(key: $0.key, samples: Samples()) }
    for (_, members) in grouping.groups(of: aligned) {
      let columns = SampleColumns(members.map { aligned[$0].samples }, at: times)
      for (index, time) in columns.times.enumerated() {
        let values = Array(columns[index])
        let best = values.indices.sorted { precedes(values, $0, $1) }.prefix(count)
        let owners = columns.members(at: index)
        for position in best {
          let owner = members[owners[owners.startIndex + position]]
          _ = kept[owner].samples.append(time: time, value: values[position])
        }
      }
    }
    return kept.filter { !$0.samples.isEmpty }
  }

  private func precedes(_ values: [Double], _ a: Int, _ b: Int) -> Bool {
    let (x, y) = (values[a], values[b])
    if x == y || x.isNaN && y.isNaN { return a < b }
    if x.isNaN || y.isNaN { return y.isNaN }
    return isTop ? x > y : x < y
  }
}
