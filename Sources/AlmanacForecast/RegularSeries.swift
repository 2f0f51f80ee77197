public import AlmanacCore

/// One series on a fixed step: value i belongs to the moments [start + i step, start + (i+1) step).
public struct RegularSeries: Sendable {
  /// The beginning of the first bin.
  public var start: Timestamp
  /// The width of a bin; positive.
  public var step: Interval
  /// One value a bin; NaN where it is missing.
  public var values: [Double]

  /// How many bins a series made from samples may have; of a longer one the newest are kept.
  public static let maximumCount = 50_000_000

  /// Values already on a step.
  ///
  /// - Precondition: `step` is positive.
  public init(start: Timestamp, step: Interval, values: [Double]) {
    precondition(step.nanoseconds > 0, "BUG: a step must be positive")
    self.start = start
    self.step = step
    self.values = values
  }

  /// The mean of the finite samples in every bin, bins aligned to multiples of `step` since the
  /// epoch, NaN in empty ones; ends with the bin of the last finite sample.
  ///
  /// - Precondition: `step` is positive.
  public init(samples: Samples, step: Interval) {
    precondition(step.nanoseconds > 0, "BUG: a step must be positive")
    let width = step.nanoseconds
    let floor: (Int64) -> Int64 = { time in
      let quotient = time / width
      return time % width < 0 ? quotient - 1 : quotient
    }
    guard let first = samples.values.firstIndex(where: \.isFinite),
      let last = samples.values.lastIndex(where: \.isFinite)
    else {
      self.init(
        start: samples.firstTime?.aligned(downTo: step) ?? Timestamp(nanoseconds: 0), step: step,
        values: [])
      return
    }
    let lastBin = floor(samples.timestamps[last])
    let (span, overflow) = lastBin.subtractingReportingOverflow(floor(samples.timestamps[first]))
    let count = overflow ? Self.maximumCount : Int(min(span, Int64(Self.maximumCount - 1))) + 1
    let firstBin = lastBin - Int64(count - 1)
    var sums = [Double](repeating: 0, count: count)
    var counts = [Int32](repeating: 0, count: count)
    for index in first...last {
      let value = samples.values[index]
      guard value.isFinite else { continue }
      let bin = floor(samples.timestamps[index])
      guard bin >= firstBin else { continue }
      // The running mean cannot overflow where a sum of huge values would.
      let position = Int(bin - firstBin)
      counts[position] += 1
      let n = Double(counts[position])
      sums[position] += value / n - sums[position] / n
    }
    for position in 0..<count where counts[position] == 0 { sums[position] = .nan }
    let (start, over) = firstBin.multipliedReportingOverflow(by: width)
    self.init(start: Timestamp(nanoseconds: over ? .min : start), step: step, values: sums)
  }

  /// The step that samples were taken at: the median gap, taken to the nearest usual step (1 s,
  /// 10 s, 1 min, 1 h ...) within 5 %, else rounded to a whole second or millisecond.
  ///
  /// - Returns: nil where there are fewer than two samples.
  public static func detectStep(_ samples: Samples) -> Interval? {
    let times = samples.timestamps
    guard times.count >= 2 else { return nil }
    // The newest gaps count: the step may have been changed. Differences of ascending Int64
    // may overflow, so they are taken as Doubles.
    let from = max(0, times.count - 20_001)
    var gaps: [Double] = []
    gaps.reserveCapacity(times.count - from)
    for index in (from + 1)..<times.count {
      gaps.append(Double(times[index]) - Double(times[index - 1]))
    }
    // The lower median: with few samples the middle of two gaps would be the step of neither.
    gaps.sort()
    let gap = max(gaps[(gaps.count - 1) / 2], 1)
    let nearest = usualSteps.min { abs(Double($0) - gap) < abs(Double($1) - gap) }
    if let nearest, abs(Double(nearest) - gap) <= 0.05 * gap {
      return Interval(nanoseconds: nearest)
    }
    let unit: Double = gap >= 10e9 ? 1e9 : gap >= 10e6 ? 1e6 : 1
    let rounded = (gap / unit).rounded() * unit
    return Interval(nanoseconds: Int64(exactly: min(rounded, 4e18)) ?? 1_000_000_000)
  }

  private static let usualSteps: [Int64] = {
    let milliseconds: [Int64] = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500]
    let seconds: [Int64] = [
      1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 300, 360, 600, 720, 900, 1200, 1800, 3600,
      7200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400, 604_800,
    ]
    return milliseconds.map { $0 * 1_000_000 } + seconds.map { $0 * 1_000_000_000 }
  }()

  /// How many bins there are.
  public var count: Int { values.count }

  /// The beginning of the first bin after the series: where a forecast starts.
  public var nextTime: Timestamp { time(at: values.count) }

  /// The beginning of bin `index`, which may lie outside; saturates at the ends of time.
  public func time(at index: Int) -> Timestamp {
    let (offset, overflow) = Int64(index).multipliedReportingOverflow(by: step.nanoseconds)
    if overflow { return Timestamp(nanoseconds: index < 0 ? .min : .max) }
    return start + Interval(nanoseconds: offset)
  }

  /// The known values as samples at the beginnings of their bins.
  public var known: Samples {
    var samples = Samples(capacity: values.count { !$0.isNaN })
    for (index, value) in values.enumerated() where !value.isNaN {
      samples.insert(time: time(at: index).nanoseconds, value: value)
    }
    return samples
  }

  /// The first `count` bins.
  func prefix(_ count: Int) -> RegularSeries {
    RegularSeries(start: start, step: step, values: Array(values.prefix(count)))
  }
}

extension RegularSeries: Equatable {
  /// Same bins and the same bits in every value: a missing value equals a missing value.
  public static func == (a: RegularSeries, b: RegularSeries) -> Bool {
    a.start == b.start && a.step == b.step
      && a.values.elementsEqual(b.values) { $0.bitPattern == $1.bitPattern }
  }
}

extension StableHash {
  /// Takes in the bits of a series.
  public mutating func combine(_ series: RegularSeries) {
    combine(UInt64(bitPattern: series.start.nanoseconds))
    combine(UInt64(bitPattern: series.step.nanoseconds))
    for value in series.values { combine(value.bitPattern) }
  }
}
