internal import AlmanacCore

/// The change over windows that slide along a series, extrapolated to their ends: `rate`,
/// `increase` and `delta`. It takes the time of the samples that come and go, not of those inside.
///
/// Prometheus, "rate()": an end counts as reached where the nearest sample is less than 1.1 mean
/// distances away, else half a distance is added. A counter starts anew where it falls, and is
/// not extrapolated below 0.
struct SlidingDifference: Sendable {
  let isCounter: Bool
  /// Whether the change per second is wanted.
  let isRate: Bool

  /// The change over each window (end - length, end] that has two samples or more, at the time of
  /// its end among `endTimes`.
  func slide(
    along samples: Samples, ends: Moments, length: Int64, at endTimes: [Int64],
    _ recent: RecentWindows = RecentWindows()
  ) -> Samples {
    let windows = recent.windows(along: samples.timestamps) {
      SlidingWindows(along: samples.timestamps, ends: ends, length: length, at: endTimes)
    }
    let falls = isCounter ? Self.falls(of: samples.values.span) : []
    let divisor = isRate ? Double(length) / 1e9 : 1
    let changes =
      falls.isEmpty
      ? changes(of: samples.values.span, over: windows, divisor) { _, difference in difference }
      : changes(of: samples.values.span, falling: falls, over: windows, divisor)
    return Samples(timestamps: windows.times, values: changes)
  }

  /// The same of a counter with values that are less than those before.
  private func changes(
    of values: Span<Double>, falling falls: [Int], over windows: SlidingWindows, _ divisor: Double
  ) -> [Double] {
    // Those inside of the window are between the two.
    var (firstFall, nextFall) = (0, 0)
    return changes(of: values, over: windows, divisor) { window, difference in
      while nextFall < falls.count, falls[nextFall] <= window.last { nextFall += 1 }
      while firstFall < nextFall, falls[firstFall] <= window.first { firstFall += 1 }
      var difference = difference
      for fall in falls[firstFall..<nextFall] { difference += values[fall - 1] }
      return difference
    }
  }

  @inline(__always)
  private func changes(
    of values: Span<Double>, over windows: SlidingWindows, _ divisor: Double,
    _ corrected: (SlidingWindows.Window, Double) -> Double
  ) -> [Double] {
    var changes = [Double](repeating: 0, count: windows.windows.count)
    var found = changes.mutableSpan
    let (allWindows, allReaches) = (windows.windows, windows.reaches)
    let all = allWindows.span
    let reaches = allReaches.span
    for index in 0..<all.count {
      let window = all[index]
      let first = values[Int(window.first)]
      let difference = corrected(window, values[Int(window.last)] - first)
      let reach = reaches[Int(window.reach)]
      // From twice the change on the counter was not near 0 at the start of the window.
      let isNearZero = isCounter && difference > 0 && first >= 0 && first <= 2 * difference
      let factor = isNearZero ? reach.factor(fromZero: first / difference) : reach.factor
      found[index] = difference * (isRate ? factor / divisor : factor)
    }
    return changes
  }

  /// The positions of the values that are less than those before.
  private static func falls(of values: Span<Double>) -> [Int] {
    // Most counters never fall: seen several values at once, as a loop over a range would not be.
    var before = -Double.infinity
    var falls = 0
    var index = 0
    while index < values.count {
      let value = values[index]
      falls |= value < before ? 1 : 0
      before = value
      index &+= 1
    }
    guard falls > 0 else { return [] }
    return (1..<values.count).filter { values[$0] < values[$0 - 1] }
  }
}
