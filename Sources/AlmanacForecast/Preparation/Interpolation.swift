public import AlmanacCore

/// How a missing value is made from its known neighbours.
public enum InterpolationMethod: String, Sendable, CaseIterable {
  /// On the straight line between the known values on either side; ends stay missing.
  case linear
  /// The last known value before it; missing values before the first known one stay missing.
  case previous
  /// The first known value after it; missing values after the last known one stay missing.
  case next
  /// On the cubic spline through all known values (not-a-knot); ends stay missing.
  case spline
  /// On the straight line between the known values less their season, day and week as far as data
  /// and step allow; ends stay missing.
  case seasonal
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
    // Seasons that do not fit are left out, so this cannot fail.
    let seasons =
      method == .seasonal ? (try? FittedSeason.medians(of: self, periods: nil)) ?? [] : []
    let filled = result.interpolate(method, maxGap: maxGap, seasons: seasons)
    return (result, filled)
  }

  /// Fills gaps, along `seasons`; returns how many values were filled.
  @discardableResult
  mutating func interpolate(
    _ method: InterpolationMethod, maxGap: Interval?, seasons: [FittedSeason]
  ) -> Int {
    let limit = maxGap.map { max(0, $0.count(of: step)) } ?? Int.max
    let old = values
    for season in seasons { season.add(times: -1, to: &values, start: start, step: step) }
    let filled = values.fillGaps(method, limit: limit)
    guard !seasons.isEmpty else { return filled }
    for season in seasons.reversed() {
      season.add(times: 1, to: &values, start: start, step: step)
    }
    // What was known keeps its bits.
    for index in old.indices where !old[index].isNaN { values[index] = old[index] }
    return filled
  }
}

extension [Double] {
  /// Fills runs of at most `limit` NaNs; returns how many values were filled.
  ///
  /// The seasonal method fills like the linear one: who calls has taken the season away.
  mutating func fillGaps(_ method: InterpolationMethod, limit: Int) -> Int {
    let spline = method == .spline ? splineAcrossGaps() : nil
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
      case (.linear, let before?, let after?), (.seasonal, let before?, let after?),
        (.spline, let before?, let after?):
        // Weights on both ends rather than a slope: after - before may overflow.
        for position in gap {
          let share = Double(position - from + 1) / Double(gap.count + 1)
          self[position] = before * (1 - share) + after * share
          guard let spline else { continue }
          // A spline through huge values may overflow: the line is left.
          let value = spline.curve.value(at: Double(position), piece: spline.pieces[from])
          if value.isFinite { self[position] = value }
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

  /// The spline through all finite values, and for each index which of its pieces it lies in; nil
  /// where there are fewer than two.
  private func splineAcrossGaps() -> (curve: CubicSpline, pieces: [Int])? {
    let known = indices.filter { self[$0].isFinite }
    guard known.count >= 2, known.count < count else { return nil }
    var pieces = [Int](repeating: 0, count: count)
    for (piece, index) in known.dropLast().enumerated() {
      for position in index..<known[piece + 1] { pieces[position] = piece }
    }
    let curve = CubicSpline(through: known.map(Double.init), known.map { self[$0] })
    return (curve, pieces)
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
