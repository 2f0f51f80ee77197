internal import Glibc

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
    return (lower + upper) / 2
  }

  /// The value of rank `rank` (from 0) of the first `count`; smaller ones end up left of it.
  private static func select(_ values: inout [Double], count: Int, rank: Int) -> Double {
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

  /// Standard deviations of a normal distribution from the middle to each end of the central
  /// interval that holds `level` of it.
  ///
  /// Acklam's rational approximation of the inverse normal distribution, relative error 1.2e-9.
  static func normalScore(level: Double) -> Double {
    let share = (1 + level) / 2
    let a = [
      -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02,
      1.383577518672690e+02, -3.066479806614716e+01, 2.506628277459239e+00,
    ]
    let b = [
      -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
      6.680131188771972e+01, -1.328068155288572e+01,
    ]
    let c = [
      -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
      -2.549732539343734e+00, 4.374664141464968e+00, 2.938163982698783e+00,
    ]
    let d = [
      7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
      3.754408661907416e+00,
    ]
    if share > 0.97575 {
      let q = (-2 * log(max(1 - share, 1e-300))).squareRoot()
      let top = ((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]
      return -top / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1)
    }
    let q = share - 0.5
    let r = q * q
    let top = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q
    return top / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1)
  }
}
