/// Order statistics of plain arrays. No function here expects NaN among its values.
enum Quantiles {
  /// The middle value, or the mean of the two middle ones; NaN of nothing.
  static func median(_ values: [Double]) -> Double {
    var scratch = values
    return median(reordering: &scratch, count: values.count)
  }

  /// The median of a part of an array.
  static func median(_ values: ArraySlice<Double>) -> Double { median(Array(values)) }

  /// The median of the first `count` values, which are left in another order.
  static func median(reordering values: inout [Double], count: Int) -> Double {
    guard count > 0 else { return .nan }
    let middle = count / 2
    let upper = select(&values, count: count, rank: middle)
    guard count % 2 == 0 else { return upper }
    // Everything left of `middle` is at most `upper` now: its largest is the lower middle.
    var lower = values[0]
    for index in 1..<max(middle, 1) where values[index] > lower { lower = values[index] }
    return lower + (upper - lower) / 2
  }

  /// The quantile at `share` of the first `count` values, at least one, which are left in another
  /// order; linear between neighbouring ranks.
  static func quantile(reordering values: inout [Double], count: Int, _ share: Double) -> Double {
    let position = Double(count - 1) * share
    let rank = min(max(Int(position), 0), count - 1)
    let lower = select(&values, count: count, rank: rank)
    guard rank + 1 < count else { return lower }
    // Everything right of `rank` is at least `lower` now: its smallest is the next rank.
    var upper = values[rank + 1]
    for index in (rank + 1)..<count where values[index] < upper { upper = values[index] }
    return lower + (upper - lower) * (position - Double(rank))
  }

  /// The value of rank `rank` (from 0) of the first `count`; smaller ones end up left of it, larger
  /// ones right. Linear time on average.
  ///
  /// - Parameter lower: a rank that was selected before, at most `rank`, and left in its place.
  static func select(
    _ values: inout [Double], count: Int, rank: Int, above lower: Int = 0
  ) -> Double {
    var low = lower
    var high = count - 1
    while high - low > 16 {
      let pivot = pivot(values, low, high, rank)
      var bound = partition(&values, low, high) { $0 < pivot }
      if rank < bound {
        high = bound - 1
        continue
      }
      // And constant ones, too.
      bound = partition(&values, bound, high) { $0 == pivot }
      if rank < bound { return pivot }
      low = bound
    }
    if low < high {
      for i in (low + 1)...high {
        let value = values[i]
        var j = i
        while j > low, values[j - 1] > value {
          values[j] = values[j - 1]
          j -= 1
        }
        values[j] = value
      }
    }
    return values[rank]
  }

  /// A value that is likely to lie near `rank` in `values[low...high]`: of nine that lie evenly in it
  /// the one whose share is that of the rank, so that sorted stretches stay linear.
  @inline(__always)
  private static func pivot(_ values: [Double], _ low: Int, _ high: Int, _ rank: Int) -> Double {
    let step = (high - low) / 8
    var nine = InlineArray<9, Double> { values[low + $0 * step] }
    for i in 1..<9 {
      let value = nine[i]
      var j = i
      while j > 0, nine[j - 1] > value {
        nine[j] = nine[j - 1]
        j -= 1
      }
      nine[j] = value
    }
    return nine[(rank - low) * 8 / (high - low)]
  }

  /// Moves what passes `test` to the front of `values[low...high]`, and returns where the rest begins.
  ///
  /// Without a branch that would have to be guessed (Lomuto's scheme with conditional moves).
  @inline(__always)
  private static func partition(
    _ values: inout [Double], _ low: Int, _ high: Int, _ test: (Double) -> Bool
  ) -> Int {
    var span = values.mutableSpan
    var bound = low
    var index = low
    while index <= high {
      let value = span[index]
      span[index] = span[bound]
      span[bound] = value
      bound &+= test(value) ? 1 : 0
      index &+= 1
    }
    return bound
  }

  /// The quantile at `share` of ascending values, linear between neighbours; NaN of nothing.
  static func quantile(ofSorted sorted: [Double], _ share: Double) -> Double {
    guard let last = sorted.last else { return .nan }
    let position = min(max(share, 0), 1) * Double(sorted.count - 1)
    let below = Int(position)
    guard below + 1 < sorted.count else { return last }
    let rest = position - Double(below)
    return sorted[below] + (sorted[below + 1] - sorted[below]) * rest
  }

  /// The mean; NaN of nothing.
  static func mean(_ values: some Collection<Double>) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }

  /// The standard deviation about the mean, over n; NaN of nothing.
  static func deviation(_ values: [Double]) -> Double {
    let center = mean(values)
    var sum = 0.0
    for value in values { sum += (value - center) * (value - center) }
    return (sum / Double(values.count)).squareRoot()
  }
}
