/// Medians and quantiles by selection, in place and without allocation.
enum OrderStatistics {
  /// The value that a full sort of `values[0..<count]` would put at `rank`; what is smaller ends
  /// up before it, what is larger behind. Linear time on average. `values` holds no NaN.
  static func select(_ values: inout [Double], count: Int, rank: Int) -> Double {
    var low = 0
    var high = count - 1
    while low < high {
      // Median of three keeps sorted and constant runs linear.
      let middle = low + (high - low) / 2
      if values[middle] < values[low] { values.swapAt(middle, low) }
      if values[high] < values[low] { values.swapAt(high, low) }
      if values[high] < values[middle] { values.swapAt(high, middle) }
      let pivot = values[middle]
      var left = low
      var right = high
      while left <= right {
        while values[left] < pivot { left += 1 }
        while pivot < values[right] { right -= 1 }
        if left <= right {
          values.swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if rank <= right {
        high = right
      } else if rank >= left {
        low = left
      } else {
        break
      }
    }
    return values[rank]
  }

  /// The median of `values[0..<count]`, the mean of the middle two when `count` is even.
  static func median(_ values: inout [Double], count: Int) -> Double {
    let upper = select(&values, count: count, rank: count / 2)
    guard count % 2 == 0 else { return upper }
    var lower = values[0]
    for index in 1..<max(count / 2, 1) { lower = max(lower, values[index]) }
    return lower + (upper - lower) / 2
  }

  /// The quantile of `values[0..<count]`, linear between neighbouring ranks.
  static func quantile(_ values: inout [Double], count: Int, _ share: Double) -> Double {
    let position = Double(count - 1) * share
    let rank = min(max(Int(position), 0), count - 1)
    let lower = select(&values, count: count, rank: rank)
    guard rank + 1 < count else { return lower }
    var upper = values[rank + 1]
    for index in (rank + 1)..<count { upper = min(upper, values[index]) }
    return lower + (upper - lower) * (position - Double(rank))
  }

  /// The median of a few values, by insertion.
  static func smallMedian(_ values: inout [Double], count: Int) -> Double {
    for index in 1..<max(count, 1) {
      let value = values[index]
      var place = index
      while place > 0, values[place - 1] > value {
        values[place] = values[place - 1]
        place -= 1
      }
      values[place] = value
    }
    let upper = values[count / 2]
    return count % 2 == 1 ? upper : values[count / 2 - 1] / 2 + upper / 2
  }
}

/// The median of a window that slides over a signal; missing samples (NaN) are left out.
struct RunningMedian {
  private var sorted: [Double]
  private(set) var count = 0

  /// An empty window of at most `capacity` values.
  init(capacity: Int) {
    sorted = [Double](repeating: 0, count: max(capacity, 1))
  }

  mutating func removeAll() { count = 0 }

  mutating func insert(_ value: Double) {
    guard !value.isNaN else { return }
    var place = count
    while place > 0, sorted[place - 1] > value {
      sorted[place] = sorted[place - 1]
      place -= 1
    }
    sorted[place] = value
    count += 1
  }

  mutating func remove(_ value: Double) {
    guard !value.isNaN else { return }
    var place = 0
    while place < count, sorted[place] != value { place += 1 }
    guard place < count else { preconditionFailure("BUG: value not in the window") }
    count -= 1
    while place < count {
      sorted[place] = sorted[place + 1]
      place += 1
    }
  }

  /// NaN when the window holds nothing.
  var median: Double {
    guard count > 0 else { return .nan }
    let upper = sorted[count / 2]
    return count % 2 == 1 ? upper : sorted[count / 2 - 1] / 2 + upper / 2
  }

  /// Writes the centred median of `taps` (odd) values, `spacing` apart, of `input` to `output`,
  /// of the same length; at the ends the window is cut.
  mutating func smooth(_ input: [Double], into output: inout [Double], taps: Int, spacing: Int) {
    let half = taps / 2
    for phase in 0..<min(spacing, input.count) {
      removeAll()
      let last = (input.count - 1 - phase) / spacing
      for tap in 0..<min(half, last + 1) { insert(input[phase + tap * spacing]) }
      for position in 0...last {
        if position + half <= last { insert(input[phase + (position + half) * spacing]) }
        if position > half { remove(input[phase + (position - half - 1) * spacing]) }
        output[phase + position * spacing] = median
      }
    }
  }
}
