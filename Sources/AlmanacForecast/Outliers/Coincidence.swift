internal import Glibc

/// What begins together: more series within a window of time than chance would bring.
public enum Coincidence {
  /// A moment at which a series begins to be strange.
  public struct Onset: Sendable, Equatable {
    /// The moment, in any unit.
    public var time: Int64
    /// The place of the series among all that are watched.
    public var series: Int

    /// An onset of the series at place `series`.
    public init(time: Int64, series: Int) {
      self.time = time
      self.series = series
    }
  }

  /// How many of `series` must begin within one window so that chance brings it less often than
  /// one series alone begins in one, which has the probability `share`; at least 2.
  ///
  /// Independent series make a Poisson law of mean `series` x `share`; the answer is the least k
  /// whose upper tail is at most `share`.
  public static func least(of series: Int, share: Double) -> Int {
    let mean = Double(series) * share
    // From where the law is largest on: the rest is added up from there to either side.
    var term = exp(-mean)
    guard term > 0 else {
      // A Gaussian is as good as a Poisson law of such a mean.
      return Int((mean + NormalQuantile.upper(share) * mean.squareRoot()).rounded(.up)) + 1
    }
    var below = 0.0
    var count = 0
    while 1 - below > share || count < 2, count < series + 1 {
      below += term
      count += 1
      term *= mean / Double(count)
    }
    return max(count, 2)
  }

  /// Stretches of `onsets`, which are in order of time, in which everything begins together: each
  /// is a union of windows, at most `within` long, that hold onsets of `least` different series.
  /// They are disjoint and in order.
  public static func stretches(
    of onsets: [Onset], within: Int64, least: Int
  ) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var counts: [Int: Int] = [:]
    var first = 0
    for (last, onset) in onsets.enumerated() {
      counts[onset.series, default: 0] += 1
      while onset.time - onsets[first].time > within {
        let series = onsets[first].series
        if let count = counts[series], count > 1 {
          counts[series] = count - 1
        } else {
          counts[series] = nil
        }
        first += 1
      }
      guard counts.count >= least else { continue }
      if let known = result.last, known.upperBound > first {
        result[result.count - 1] = known.lowerBound..<(last + 1)
      } else {
        result.append(first..<(last + 1))
      }
    }
    return result
  }
}
