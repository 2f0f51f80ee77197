internal import AlmanacCore

/// One value out of many series at each time.
struct Aggregation: Sendable {
  enum Function: String, Sendable {
    case sum, avg, min, max, count, median, stddev, stdvar, group, quantile
  }

  var function: Function
  /// The share of a quantile.
  var parameter: Double
  var input: Plan
  var grouping: SeriesGrouping

  /// Groups `series` and combines each group time by time, over the series that have a sample
  /// there.
  ///
  /// - Parameter times: the times that all samples lie on, where they are known.
  func apply(
    _ series: [LabelledSamples], at times: [Int64]?
  ) throws(QueryError) -> [LabelledSamples] {
    let aligned = times == nil ? try Alignment.align(series) : series
    return grouping.groups(of: aligned).map { labels, members in
      LabelledSamples(
        key: SeriesKey(metric: "", labels: labels),
        samples: combine(members.map { aligned[$0].samples }, at: times))
    }
  }

  private func combine(_ members: [Samples], at times: [Int64]?) -> Samples {
    if members.count == 1, isIdentityOfOne { return members[0] }
    let columns = SampleColumns(members, at: times)
    var kept: [Int64] = []
    var values: [Double] = []
    kept.reserveCapacity(columns.times.count)
    values.reserveCapacity(columns.times.count)
    for (index, time) in columns.times.enumerated() {
      let column = columns[index]
      if column.isEmpty { continue }
      kept.append(time)
      values.append(reduce(column))
    }
    return Samples(timestamps: kept, values: values)
  }

  /// Whether one series alone gives itself.
  private var isIdentityOfOne: Bool {
    switch function {
    case .sum, .avg, .min, .max, .median: true
    case .count, .group, .quantile, .stddev, .stdvar: false
    }
  }

  private func reduce(_ values: ArraySlice<Double>) -> Double {
    let count = Double(values.count)
    // The sum in the order of the series: the same bits however the work is split.
    let sum = { values.reduce(0, +) }
    switch function {
    case .sum: return sum()
    case .avg: return sum() / count
    // As in Prometheus NaN loses against any number.
    case .min: return values.reduce(.nan) { $1 < $0 || $0.isNaN ? $1 : $0 }
    case .max: return values.reduce(.nan) { $1 > $0 || $0.isNaN ? $1 : $0 }
    case .count: return count
    case .group: return 1
    case .quantile: return Quantile.of(values, share: parameter)
    case .median:
      let sorted = values.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    case .stdvar, .stddev:
      let mean = sum() / count
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      return function == .stdvar ? variance : variance.squareRoot()
    }
  }
}

/// Which series belong together: those that have some labels in common.
struct SeriesGrouping: Sendable {
  /// Labels to keep, or with `isWithout` to drop.
  var labels: Set<String>
  var isWithout: Bool

  /// The groups in order of their labels, each with the positions of its series in order.
  func groups(of series: [LabelledSamples]) -> [(labels: Labels, members: [Int])] {
    if series.isEmpty { return [] }
    if labels.isEmpty, !isWithout { return [(.none, Array(series.indices))] }
    var groups: [Labels: [Int]] = [:]
    for (index, one) in series.enumerated() {
      let all = one.key.labels
      groups[isWithout ? all.dropping(labels) : all.keeping(labels), default: []].append(index)
    }
    let found = groups.map { (labels: $0.key, members: $0.value) }
    return SeriesOrder(found.map { SeriesKey(metric: "", labels: $0.labels) }).positions
      .map { found[$0] }
  }
}
