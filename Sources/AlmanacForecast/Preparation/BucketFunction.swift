public import AlmanacCore

/// What becomes of the samples of a bucket.
public enum BucketFunction: String, Sendable, CaseIterable {
  /// The mean.
  case avg
  /// The least.
  case min
  /// The greatest.
  case max
  /// The sum.
  case sum
  /// How many there are.
  case count
  /// The oldest.
  case first
  /// The newest.
  case last
  /// The middle one, or the mean of the two middle ones.
  case median

  /// The value of samples in order of time, at least one.
  func apply(_ values: ArraySlice<Double>) -> Double {
    switch self {
    // The running mean cannot overflow where a sum of huge values would.
    case .avg:
      var (mean, count) = (0.0, 0.0)
      for value in values {
        count += 1
        mean += value / count - mean / count
      }
      return mean
    case .min: return values.min() ?? .nan
    case .max: return values.max() ?? .nan
    case .sum: return values.reduce(0, +)
    case .count: return Double(values.count)
    case .first: return values.first ?? .nan
    case .last: return values.last ?? .nan
    case .median: return Quantiles.median(values)
    }
  }
}

extension RegularSeries {
  /// One value for each bucket (t - step, t] with samples, at t, a multiple of `step` since the
  /// epoch; NaN in buckets without. NaN and infinite samples are left out.
  ///
  /// - Parameter range: buckets that are not wholly inside are left out.
  /// - Precondition: `step` is positive.
  public init(
    buckets samples: Samples, step: Interval, function: BucketFunction, inside range: TimeRange
  ) {
    precondition(step.nanoseconds > 0, "BUG: a step must be positive")
    let last = range.end.aligned(downTo: step)
    // The first bucket ends a step after the first multiple from which on everything is inside.
    let before = Timestamp(nanoseconds: range.start.nanoseconds) - Interval(nanoseconds: 1)
    let down = before.aligned(downTo: step)
    let begin = down < before ? down + step : down
    let times = samples.timestamps
    var index = samples.lowerBound(of: (begin + Interval(nanoseconds: 1)).nanoseconds)
    var known: [Double] = []
    var values: [Double] = []
    var start = begin + step
    while index < times.count, times[index] <= last.nanoseconds,
      values.count < Self.maximumCount
    {
      let floor = Timestamp(nanoseconds: times[index]).aligned(downTo: step)
      let end = floor.nanoseconds == times[index] ? floor : floor + step
      guard end <= last else { break }
      known.removeAll(keepingCapacity: true)
      while index < times.count, times[index] <= end.nanoseconds {
        if samples.values[index].isFinite { known.append(samples.values[index]) }
        index += 1
      }
      guard !known.isEmpty else { continue }
      if values.isEmpty { start = end }
      let position = end.steps(since: start, step: step)
      guard position < Self.maximumCount else { break }
      while values.count < position { values.append(.nan) }
      values.append(function.apply(known[...]))
    }
    self.init(start: start, step: step, values: values)
  }
}
