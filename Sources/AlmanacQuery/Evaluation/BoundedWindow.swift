internal import AlmanacCore

/// The samples of one series in a window (end - length, end] whose ends have values too:
/// `x[5m] anchored`, `x[5m] smoothed`. Prometheus' PROM-52, "anchored and smoothed range selectors".
struct BoundedWindow {
  /// What is asked of a window.
  enum Change: Sendable {
    /// By how much the value changes, perhaps per second.
    case difference(isCounter: Bool, isRate: Bool)
    /// How often a value differs from the one before, and how often it is less.
    case changes, resets

    /// What the function `name` asks of windows with this boundary; nil where it cannot.
    init?(_ name: String, _ boundary: Window.Boundary) {
      switch (name, boundary) {
      case (_, .samples): return nil
      case ("rate", _): self = .difference(isCounter: true, isRate: true)
      case ("increase", _): self = .difference(isCounter: true, isRate: false)
      case ("delta", _): self = .difference(isCounter: false, isRate: false)
      case ("changes", .anchored): self = .changes
      case ("resets", .anchored): self = .resets
      default: return nil
      }
    }

    /// The functions that can be asked of windows with `boundary`.
    static func functions(of boundary: Window.Boundary) -> [String] {
      WindowFunction.all.map(\.name).filter { Change($0, boundary) != nil }
    }
  }

  private let times: [Int64]
  private let values: [Double]
  private let length: Interval
  private let isSmoothed: Bool
  private let lookback: Interval
  private var start: Int64 = 0
  private var end: Int64 = 0
  /// The samples that matter: from `lookback` before the window on, and smoothed until so much
  /// after it.
  private var near = 0..<0
  /// The first sample after the beginning, and the first one at or after the end.
  private var afterStart = 0
  private var atEnd = 0

  /// - Parameter lookback: how far away a sample may be that says what the value at an end was.
  init(_ samples: Samples, length: Interval, boundary: Window.Boundary, lookback: Interval) {
    times = samples.timestamps
    values = samples.values
    self.length = length
    isSmoothed = boundary == .smoothed
    self.lookback = lookback
  }

  /// Moves on to the window that ends at `end`; windows come in order of time.
  mutating func move(to end: Int64) {
    self.end = end
    let start = Timestamp(nanoseconds: end) - length
    self.start = start.nanoseconds
    let from = (start - lookback).nanoseconds
    let to = isSmoothed ? (Timestamp(nanoseconds: end) + lookback).nanoseconds : end
    var (first, past) = (near.lowerBound, near.upperBound)
    while past < times.count, times[past] <= to { past += 1 }
    while first < past, times[first] <= from { first += 1 }
    near = first..<past
    while afterStart < times.count, times[afterStart] <= self.start { afterStart += 1 }
    while atEnd < times.count, times[atEnd] < end { atEnd += 1 }
  }

  /// The answer of this window; nil where it has no samples to tell it from.
  func value(of change: Change) -> Double? {
    guard let reach else { return nil }
    switch change {
    case .difference(let isCounter, let isRate):
      let difference = difference(reach, isCounter: isCounter)
      return isRate ? difference / length.seconds : difference
    case .changes: return count(reach) { $0 != $1 && !($0.isNaN && $1.isNaN) }
    case .resets: return count(reach) { $1 < $0 }
    }
  }

  /// The samples inside, between the values at both ends.
  var samples: Samples {
    guard let reach else { return Samples() }
    var samples = Samples(capacity: reach.count + 2)
    samples.insert(time: start, value: left(reach, isCounter: false))
    for index in inside(reach) { samples.insert(time: times[index], value: values[index]) }
    samples.insert(time: end, value: right(reach, isCounter: false))
    return samples
  }

  /// From the last sample at or before the beginning, else the first one after it, to the last
  /// one before the end, or smoothed to the first one at or after it; nil where nothing lies
  /// after the beginning, or smoothed nothing before the end.
  private var reach: ClosedRange<Int>? {
    guard afterStart < near.upperBound else { return nil }
    let newest = near.upperBound - 1
    let last = isSmoothed ? min(atEnd, newest) : newest
    let first = max(near.lowerBound, afterStart - 1)
    if isSmoothed, times[first] > end { return nil }
    return first...last
  }

  /// The samples strictly between the ends.
  private func inside(_ reach: ClosedRange<Int>) -> Range<Int> {
    let from = times[reach.lowerBound] <= start ? reach.lowerBound + 1 : reach.lowerBound
    let to = times[reach.upperBound] >= end ? reach.upperBound : reach.upperBound + 1
    return from..<max(from, to)
  }

  private func left(_ reach: ClosedRange<Int>, isCounter: Bool) -> Double {
    let first = reach.lowerBound
    guard isSmoothed, times[first] < start else { return values[first] }
    return interpolated(after: first, at: start, isCounter: isCounter)
  }

  private func right(_ reach: ClosedRange<Int>, isCounter: Bool) -> Double {
    let last = reach.upperBound
    guard isSmoothed, times[last] > end, last > near.lowerBound else { return values[last] }
    return interpolated(after: last - 1, at: end, isCounter: isCounter)
  }

  /// The value at `time`, on the line from the sample at `index` to the next one. A counter that
  /// falls begins at 0 where its last value stood.
  private func interpolated(after index: Int, at time: Int64, isCounter: Bool) -> Double {
    Self.interpolated(
      (times[index], values[index]), (times[index + 1], values[index + 1]), at: time,
      isCounter: isCounter)
  }

  static func interpolated(
    _ before: (time: Int64, value: Double), _ after: (time: Int64, value: Double), at time: Int64,
    isCounter: Bool
  ) -> Double {
    let from = isCounter && after.value < before.value ? 0 : before.value
    let share = Double(time &- before.time) / Double(after.time &- before.time)
    return from + (after.value - from) * share
  }

  private func difference(_ reach: ClosedRange<Int>, isCounter: Bool) -> Double {
    let left = left(reach, isCounter: isCounter)
    let right = right(reach, isCounter: isCounter)
    var difference = right - left
    guard isCounter else { return difference }
    // A counter that falls has started anew at 0.
    var before = left
    for index in inside(reach) {
      if values[index] < before { difference += before }
      before = values[index]
    }
    if right < before { difference += before }
    return difference
  }

  private func count(
    _ reach: ClosedRange<Int>, where passes: (Double, Double) -> Bool
  ) -> Double {
    var count = 0.0
    for index in reach.dropFirst() where passes(values[index - 1], values[index]) { count += 1 }
    return count
  }
}
