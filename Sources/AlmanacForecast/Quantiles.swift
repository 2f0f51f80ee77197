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
  static func select(_ values: inout [Double], count: Int, rank: Int) -> Double {
    var low = 0
    var high = count - 1
    while high - low > 16 {
      // Median of three as the pivot: sorted and constant stretches stay linear.
      let middle = low + (high - low) / 2
      if values[middle] < values[low] { values.swapAt(middle, low) }
      if values[high] < values[low] { values.swapAt(high, low) }
      if values[high] < values[middle] { values.swapAt(high, middle) }
      let pivot = values[middle]
      var i = low
      var j = high
      while i <= j {
        while values[i] < pivot { i += 1 }
        while pivot < values[j] { j -= 1 }
        if i <= j {
          values.swapAt(i, j)
          i += 1
          j -= 1
        }
      }
      if rank <= j {
        high = j
      } else if rank >= i {
        low = i
      } else {
        return values[rank]
      }
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
