internal import AlmanacCore

/// One value out of many series at each time.
struct Aggregation: Sendable {
  enum Function: String, Sendable {
    case sum, avg, min, max, count, median, stddev, stdvar, group, quantile
  }

  var function: Function
  /// The share of a quantile.
  var parameter: Plan
  /// Where it stands, for warnings.
  var parameterRange: SourceRange
  var input: Plan
  var grouping: SeriesGrouping

  /// A group's value at each time, over the series of `all` in it that have a sample there.
  ///
  /// - Parameters:
  ///   - times: the times that all samples lie on, where they are known.
  ///   - parameter: the share at each time, or one for all times.
  func apply(
    _ group: SeriesGrouping.Group, of all: [LabelledSamples], at times: [Int64]?,
    _ parameter: Scalar
  ) -> LabelledSamples {
    let samples = combine(group.members.map { all[$0].samples }, at: times, parameter)
    var result = LabelledSamples(key: group.key, samples: samples)
    result.dropsMetric = group.dropsMetric
    return result
  }

  private func combine(_ members: [Samples], at times: [Int64]?, _ parameter: Scalar) -> Samples {
    if members.count == 1, isIdentityOfOne { return members[0] }
    if let times, let samples = combineRows(members, at: times) { return samples }
    let columns = SampleColumns(members, at: times)
    var kept: [Int64] = []
    var values: [Double] = []
    kept.reserveCapacity(columns.times.count)
    values.reserveCapacity(columns.times.count)
    for (index, time) in columns.times.enumerated() {
      let column = columns[index]
      if column.isEmpty { continue }
      kept.append(time)
      values.append(
        function == .quantile
          ? Quantile.of(column, share: parameter.at(time)) : reduce(column))
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
    switch function {
    // In the order of the series: the same bits however the work is split.
    case .sum: return values.compensatedSum
    case .avg: return values.robustMean
    // As in Prometheus NaN loses against any number.
    case .min: return values.reduce(.nan) { $1 < $0 || $0.isNaN ? $1 : $0 }
    case .max: return values.reduce(.nan) { $1 > $0 || $0.isNaN ? $1 : $0 }
    case .count: return Double(values.count)
    case .group: return 1
    case .median, .quantile:
      let sorted = values.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    case .stdvar: return values.variance
    case .stddev: return values.variance.squareRoot()
    }
  }
}

extension ArraySlice<Double> {
  /// The sum with its rounding errors carried along.
  var compensatedSum: Double {
    var sum = CompensatedSum()
    for value in self { sum.add(value) }
    return sum.value
  }

  /// The mean, of any values whose mean can be represented, also where their sum cannot.
  var robustMean: Double { mean(ofSum: compensatedSum) }

  /// The mean where the sum is known.
  func mean(ofSum sum: Double) -> Double {
    if sum.isFinite || contains(where: { !$0.isFinite }) { return sum / Double(count) }
    var mean = 0.0
    for (index, value) in enumerated() {
      let count = Double(index + 1)
      mean += value / count - mean / count
    }
    return mean
  }

  /// The variance of the whole population; exactly 0 of equal values.
  var variance: Double {
    guard let first else { return .nan }
    // Distances to one of the values lose less than the values themselves.
    var sum = CompensatedSum()
    for value in self { sum.add(value - first) }
    let mean = sum.value / Double(count)
    var squares = CompensatedSum()
    for value in self { squares.add((value - first - mean) * (value - first - mean)) }
    return squares.value / Double(count)
  }
}

/// Which series belong together: those that have some labels in common.
struct SeriesGrouping: Sendable {
  /// Series that belong together.
  struct Group {
    /// What they have in common.
    var key: SeriesKey
    /// Their positions, in order.
    var members: [Int]
    /// Whether the metric that they have in common is to go.
    var dropsMetric = false
  }

  /// Labels to keep, or with `isWithout` to drop.
  var labels: Set<String>
  var isWithout: Bool

  /// The groups in order of their labels, each with the positions of its series in order.
  func groups(of series: [LabelledSamples]) -> [Group] {
    if series.isEmpty { return [] }
    if labels.isEmpty, !isWithout {
      return [
        Group(key: SeriesKey(metric: "", labels: .none), members: Array(series.indices))
      ]
    }
    let keepsMetric = !isWithout && labels.contains(SeriesKey.metricLabel)
    let names = Array(labels)
    var positions: [SeriesKey: Int] = [:]
    var groups: [Group] = []
    var position = 0
    for (index, one) in series.enumerated() {
      // Series of one group often follow each other.
      if index == 0 || !isKey(groups[position].key, of: one.key, keepsMetric, names) {
        let all = one.key.labels
        let key = SeriesKey(
          metric: keepsMetric ? one.key.metric : "",
          labels: isWithout ? all.dropping(labels) : all.keeping(labels))
        position = positions[key] ?? groups.count
        if position == groups.count {
          positions[key] = position
          groups.append(Group(key: key, members: []))
        }
      }
      groups[position].members.append(index)
      if keepsMetric, one.dropsMetric { groups[position].dropsMetric = true }
    }
    return groups.inOrder(of: \.key)
  }

  /// Up to so many names comparing is faster than hashing.
  private static let fewNames = 4

  /// Whether `group` is the key of the group of `one`; `names` are those of the labels.
  private func isKey(
    _ group: SeriesKey, of one: SeriesKey, _ keepsMetric: Bool, _ names: [String]
  ) -> Bool {
    if keepsMetric, group.metric != one.metric { return false }
    let kept = group.labels.all
    var next = 0
    let areFew = names.count <= Self.fewNames
    for label in one.labels.all
    where (areFew ? names.contains(label.name) : labels.contains(label.name)) != isWithout {
      guard next < kept.count, kept[next] == label else { return false }
      next += 1
    }
    return next == kept.count
  }
}
