internal import AlmanacCore
internal import AlmanacForecast

/// One value out of many series at each time.
struct Aggregation: Sendable {
  enum Function: String, Sendable {
    case sum, avg, min, max, count, median, stddev, stdvar, group
  }

  var function: Function
  var input: Plan
  /// Labels to keep, or with `isWithout` to drop.
  var labels: Set<String>
  var isWithout: Bool

  /// Groups `series` and combines each group time by time, over the series that have a sample
  /// there.
  func apply(_ series: [LabelledSamples]) throws(QueryError) -> [LabelledSamples] {
    var groups: [Labels: [Samples]] = [:]
    for one in try Alignment.align(series) {
      let all = one.key.labels
      groups[isWithout ? all.dropping(labels) : all.keeping(labels), default: []]
        .append(one.samples)
    }
    return groups.map { labels, members in
      LabelledSamples(
        key: SeriesKey(metric: "", labels: labels), samples: combine(members))
    }.sorted { $0.key < $1.key }
  }

  private func combine(_ members: [Samples]) -> Samples {
    var columns: [Int64: [Double]] = [:]
    for member in members {
      for (time, value) in zip(member.timestamps, member.values) {
        columns[time, default: []].append(value)
      }
    }
    let times = columns.keys.sorted()
    return Samples(timestamps: times, values: times.map { reduce(columns[$0] ?? []) })
  }

  private func reduce(_ values: [Double]) -> Double {
    let count = Double(values.count)
    // The sum in the order of the series: the same bits however the work is split.
    let sum = values.reduce(0, +)
    switch function {
    case .sum: return sum
    case .avg: return sum / count
    // As in Prometheus NaN loses against any number.
    case .min: return values.filter { !$0.isNaN }.min() ?? .nan
    case .max: return values.filter { !$0.isNaN }.max() ?? .nan
    case .count: return count
    case .group: return 1
    case .median:
      let sorted = values.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    case .stdvar, .stddev:
      let mean = sum / count
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      return function == .stdvar ? variance : variance.squareRoot()
    }
  }
}

/// Brings series to common times, so that they can be combined sample by sample.
enum Alignment {
  /// The series as they are where each has times that the longest has too; else each binned to
  /// the step of the longest, with the mean of a bin at its beginning.
  static func align(_ series: [LabelledSamples]) throws(QueryError) -> [LabelledSamples] {
    guard let longest = series.max(by: { $0.samples.count < $1.samples.count }),
      let step = RegularSeries.detectStep(longest.samples)
    else { return series }
    let times = Set(longest.samples.timestamps)
    let isAligned = series.allSatisfy { one in
      one.samples.timestamps == longest.samples.timestamps
        || one.samples.timestamps.allSatisfy { times.contains($0) }
    }
    if isAligned { return series }
    var aligned: [LabelledSamples] = []
    for one in series {
      try StepLimit.check(one.samples, step)
      let binned = RegularSeries(samples: one.samples, step: step)
      aligned.append(LabelledSamples(key: one.key, samples: binned.known))
    }
    return aligned
  }
}
