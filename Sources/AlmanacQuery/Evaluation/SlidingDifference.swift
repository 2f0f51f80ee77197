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
    along samples: Samples, ends: Moments, length: Int64, at endTimes: [Int64]
  ) -> Samples {
    var changes = [Double](repeating: 0, count: endTimes.count)
    // The times of the changes, from the first window on that has none.
    var kept: [Int64] = []
    var count = 0
    var found = changes.mutableSpan
    let times = samples.timestamps.span
    let values = samples.values.span
    var lower = WindowBound()
    var upper = WindowBound()
    // Those inside of the window are between the two.
    let falls = isCounter ? Self.falls(of: values) : []
    var (firstFall, nextFall) = (0, 0)
    var reach = Reach()
    for index in 0..<ends.count {
      let end = ends[index]
      let (earlier, overflow) = end.subtractingReportingOverflow(length)
      let start = overflow ? .min : earlier
      upper.move(past: end, in: times)
      lower.move(past: start, in: times)
      let (from, to) = (lower.position, upper.position)
      guard to - from > 1 else { continue }
      let first = values[from]
      var difference = values[to - 1] - first
      if !falls.isEmpty {
        while nextFall < falls.count, falls[nextFall] < to { nextFall += 1 }
        while firstFall < nextFall, falls[firstFall] <= from { firstFall += 1 }
        for fall in falls[firstFall..<nextFall] { difference += values[fall - 1] }
      }
      let bounds = Reach.Bounds(
        start: start, first: times[from], last: times[to - 1], end: end, count: to - from)
      if !reach.isSame(bounds) { reach = Reach(bounds) }
      // From twice the change on the counter was not near 0 at the start of the window.
      let isNearZero = isCounter && difference > 0 && first >= 0 && first <= 2 * difference
      let factor = isNearZero ? reach.factor(fromZero: first / difference) : reach.factor
      if count < index {
        if kept.isEmpty { kept = Array(endTimes[..<count]) }
        kept.append(endTimes[index])
      }
      found[count] = difference * (isRate ? factor / (Double(length) / 1e9) : factor)
      count += 1
    }
    if count == endTimes.count { return Samples(timestamps: endTimes, values: changes) }
    changes.removeLast(changes.count - count)
    return Samples(
      timestamps: kept.isEmpty ? Array(endTimes[..<count]) : kept, values: changes)
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

/// One end of a window that slides along a series.
private struct WindowBound {
  /// The first sample after it.
  private(set) var position = 0
  /// How far it moved last.
  private var stride = 0

  /// Moves on to the first sample after `time`; most often as far as the last time.
  @inline(__always)
  mutating func move(past time: Int64, in times: Span<Int64>) {
    let guess = position + stride
    if guess < times.count, times[guess] > time, guess == 0 || times[guess - 1] <= time {
      position = guess
      return
    }
    let before = position
    while position < times.count, times[position] <= time { position += 1 }
    stride = position - before
  }
}

/// How far a window reaches beyond its samples, in seconds.
private struct Reach {
  /// A window with its samples, ns.
  struct Bounds {
    var start: Int64
    var first: Int64
    var last: Int64
    var end: Int64
    var count: Int
  }

  /// What the bounds are to those of a window with the same reach.
  private var before: Int64 = 0
  private var inside: Int64 = 0
  private var after: Int64 = 0
  private var count = 0

  private var secondsBefore = 0.0
  private var secondsInside = 1.0
  private var secondsAfter = 0.0
  /// What a change is multiplied by.
  private(set) var factor = 1.0

  /// Of no window.
  init() {}

  init(_ bounds: Bounds) {
    before = bounds.first &- bounds.start
    inside = bounds.last &- bounds.first
    after = bounds.end &- bounds.last
    // Distances that are out of range are those of no other window.
    let fits = before >= 0 && inside > 0 && after >= 0
    count = fits ? bounds.count : 0
    secondsInside = Self.seconds(from: bounds.first, to: bounds.last)
    let distance = secondsInside / Double(bounds.count - 1)
    secondsBefore = Self.seconds(from: bounds.start, to: bounds.first)
    if secondsBefore >= 1.1 * distance { secondsBefore = distance / 2 }
    secondsAfter = Self.seconds(from: bounds.last, to: bounds.end)
    if secondsAfter >= 1.1 * distance { secondsAfter = distance / 2 }
    factor = (secondsInside + secondsBefore + secondsAfter) / secondsInside
  }

  /// Whether a window reaches as far beyond as many samples.
  func isSame(_ bounds: Bounds) -> Bool {
    count == bounds.count && inside == bounds.last &- bounds.first
      && before == bounds.first &- bounds.start && after == bounds.end &- bounds.last
  }

  /// The factor of a counter whose first value is `share` of its change: it was 0 so long before.
  func factor(fromZero share: Double) -> Double {
    let before = min(secondsBefore, secondsInside * share)
    return (secondsInside + before + secondsAfter) / secondsInside
  }

  /// From one time to another in seconds.
  private static func seconds(from: Int64, to: Int64) -> Double {
    let (distance, overflow) = to.subtractingReportingOverflow(from)
    return overflow ? Double(to) / 1e9 - Double(from) / 1e9 : Double(distance) / 1e9
  }
}
