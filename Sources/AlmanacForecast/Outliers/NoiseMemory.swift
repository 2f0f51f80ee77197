/// How much of itself a signal's noise remembers.
enum NoiseMemory {
  /// How many successive values tell about a mean as much as one independent value does: the
  /// variance of long means times their length over that of single values, at least 1.
  ///
  /// Two estimates, of which the larger counts. One takes the noise for autoregressive of order 1
  /// and reads its coefficient off the variogram; the other compares means of neighbouring blocks
  /// of 1, 2, 4 ... values. Both see differences only, by their median: a few changes of level
  /// among the values do not count, and a slow drift counts as memory.
  static func length(of values: [Double]) -> Double {
    let count = values.count
    guard count >= 8 else { return 1 }
    let unit = values.reduce(0) { max($0, abs($1)) }
    guard unit > 0, unit.isFinite else { return 1 }
    var sums = [0.0]
    sums.reserveCapacity(count + 1)
    for value in values { sums.append(sums[sums.count - 1] + value / unit) }
    var squares = [Double](repeating: 0, count: count)
    // A robust variance of the differences of means of `width` values that are `lag` apart.
    let variance = { (width: Int, lag: Int, every: Int) -> Double in
      var found = 0
      for start in stride(from: 0, through: count - width - lag, by: every) {
        let first = sums[start + width] - sums[start]
        let second = sums[start + lag + width] - sums[start + lag]
        let difference = (second - first) / Double(width)
        squares[found] = difference * difference
        found += 1
      }
      let median = Quantiles.median(reordering: &squares, count: found)
      if median > 0 || found == 0 { return found == 0 ? 0 : median }
      // Few values change at all: their mean without the largest fifth.
      let most = found * 4 / 5
      return most == 0 ? 0 : squares[0..<found].sorted()[0..<most].reduce(0, +) / Double(most)
    }
    let next = variance(1, 1, 1)
    var sill = next
    var lag = 2
    while lag <= min(64, count / 16) {
      sill = max(sill, variance(1, lag, 1))
      lag *= 2
    }
    guard sill > 0 else { return 1 }
    let coefficient = min(max(1 - next / sill, 0), 0.999)
    var length = (1 + coefficient) / (1 - coefficient)
    var width = 2
    while count / width >= 32 {
      length = max(length, Double(width) * variance(width, width, width) / sill)
      width *= 2
    }
    return min(max(length, 1), Double(count))
  }
}
