internal import AlmanacCore

/// The line of least squares through the known values of a series.
struct TrendLine: Sendable, Equatable {
  /// Where index 0 is.
  let start: Timestamp
  /// The line at `start`.
  let level: Double
  /// Rise a step.
  let slope: Double

  /// A constant series, a single value and none have a slope of 0; what overflows has no line.
  init(fitting series: RegularSeries) {
    start = series.start
    let values = series.values
    let known = values.indices.filter { values[$0].isFinite }
    // Values are taken in the unit of the largest, so that no sum of squares overflows.
    let unit = known.reduce(0) { max($0, abs(values[$1])) }
    guard let first = known.first, unit > 0 else {
      (level, slope) = (0, 0)
      return
    }
    var (meanTime, meanValue) = (0.0, 0.0)
    for index in known {
      meanTime += Double(index - first)
      meanValue += values[index] / unit
    }
    meanTime /= Double(known.count)
    meanValue /= Double(known.count)
    var (covariance, variance) = (0.0, 0.0)
    for index in known {
      let time = Double(index - first) - meanTime
      covariance += time * (values[index] / unit - meanValue)
      variance += time * time
    }
    let slope = variance > 0 ? covariance / variance : 0
    let level = meanValue - slope * (meanTime + Double(first))
    let isFinite = (slope * unit).isFinite && (level * unit).isFinite
    (self.level, self.slope) = isFinite ? (level * unit, slope * unit) : (0, 0)
  }

  /// Adds `factor` times the line to values from `start` on.
  func add(times factor: Double, to values: inout [Double], start: Timestamp, step: Interval) {
    let first = start.steps(since: self.start, step: step)
    for index in values.indices {
      let line = level + slope * Double(first + index)
      if line.isFinite { values[index] += factor * line }
    }
  }
}

extension Timestamp {
  /// How many whole steps this is after `other`, negative before; saturates far from the ends of
  /// Int, so that indices may be added to it.
  func steps(since other: Timestamp, step: Interval) -> Int {
    let (distance, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
    let limit = Int.max / 4
    if overflow { return self < other ? -limit : limit }
    let quotient = Int(distance / step.nanoseconds)
    let whole = distance % step.nanoseconds < 0 ? quotient - 1 : quotient
    return min(max(whole, -limit), limit)
  }
}
