public import AlmanacCore

/// How a missing value is made from its known neighbours.
public enum InterpolationMethod: String, Sendable, CaseIterable {
  /// On the straight line between the known values on either side; ends stay missing.
  case linear
  /// The last known value before it; missing values before the first known one stay missing.
  case previous
  /// The first known value after it; missing values after the last known one stay missing.
  case next
}

extension RegularSeries {
  /// The series with its gaps filled, and how many values were filled.
  ///
  /// - Parameter maxGap: the longest stretch of missing values that is filled; longer ones stay
  ///   missing as a whole. nil fills all of them.
  public func interpolated(
    _ method: InterpolationMethod, maxGap: Interval?
  ) -> (series: RegularSeries, filled: Int) {
    var result = self
    let limit = maxGap.map { max(0, $0.count(of: step)) } ?? Int.max
    let filled = result.values.fillGaps(method, limit: limit)
    return (result, filled)
  }
}

extension [Double] {
  /// Fills runs of at most `limit` NaNs; returns how many values were filled.
  mutating func fillGaps(_ method: InterpolationMethod, limit: Int) -> Int {
    var filled = 0
    var index = 0
    while index < count {
      guard self[index].isNaN else {
        index += 1
        continue
      }
      let from = index
      while index < count, self[index].isNaN { index += 1 }
      let gap = from..<index
      guard gap.count <= limit else { continue }
      let before: Double? = gap.lowerBound > 0 ? self[gap.lowerBound - 1] : nil
      let after: Double? = gap.upperBound < count ? self[gap.upperBound] : nil
      switch (method, before, after) {
      case (.linear, let before?, let after?):
        // Weights on both ends rather than a slope: after - before may overflow.
        for position in gap {
          let share = Double(position - from + 1) / Double(gap.count + 1)
          self[position] = before * (1 - share) + after * share
        }
      case (.previous, let value?, _), (.next, _, let value?):
        for position in gap { self[position] = value }
      default:
        continue
      }
      filled += gap.count
    }
    return filled
  }

  /// Puts the nearest known value into missing ones at both ends; all NaN stays as it is.
  mutating func fillEnds() {
    guard let first = firstIndex(where: { !$0.isNaN }),
      let last = lastIndex(where: { !$0.isNaN })
    else { return }
    for index in 0..<first { self[index] = self[first] }
    for index in (last + 1)..<Swift.max(count, last + 1) { self[index] = self[last] }
  }
}
