/// Locally weighted regression on evenly spaced values (Cleveland, 1979): the line of weighted
/// least squares through the nearest neighbours of a position, with weights (1 - (d / h)^3)^3 at
/// distance d, where h is the distance of the furthest one.
struct Loess {
  /// How many neighbours count, odd.
  let window: Int
  /// Every how many positions a line is fitted; between them values are on the straight line.
  let jump: Int
  private let half: Int
  /// The weights of a whole window about its middle, and their sum; (window).
  private let kernel: [Double]
  private let total: Double

  init(window: Int, jump: Int = 1) {
    let half = window / 2
    self.window = window
    self.jump = max(1, jump)
    self.half = half
    kernel = (0..<window).map { Self.weight(abs($0 - half), reach: Double(half)) }
    total = kernel.reduce(0, +)
  }

  /// The smallest odd number that is at least `count`.
  static func odd(_ count: Int) -> Int { count % 2 == 1 ? count : count + 1 }

  private static func weight(_ distance: Int, reach: Double) -> Double {
    let distance = Double(distance)
    if distance <= 0.001 * reach { return 1 }
    guard distance <= 0.999 * reach else { return 0 }
    let share = distance / reach
    let rest = 1 - share * share * share
    return rest * rest * rest
  }

  /// Smooths the first `count` values, more than none, into `result` from `offset` on.
  ///
  /// - Parameter weights: further factors of the weights; nil is 1 everywhere.
  func smooth(
    _ values: [Double], weights: [Double]?, count: Int, into result: inout [Double],
    from offset: Int = 0
  ) {
    guard count > 1 else {
      result[offset] = values[0]
      return
    }
    let step = min(jump, count - 1)
    var last = 0
    result[offset] = fit(values, weights, count: count, at: 0) ?? values[0]
    while last < count - 1 {
      let next = min(last + step, count - 1)
      let value = fit(values, weights, count: count, at: next) ?? values[next]
      let before = result[offset + last]
      let rise = (value - before) / Double(next - last)
      for position in last + 1..<max(next, last + 1) {
        result[offset + position] = before + rise * Double(position - last)
      }
      result[offset + next] = value
      last = next
    }
  }

  /// The fitted value at `x`, which may lie one before or after the first `count` values; nil
  /// where all neighbours weigh nothing.
  func fit(_ values: [Double], _ weights: [Double]?, count: Int, at x: Int) -> Double? {
    let length = min(window, count)
    let left = min(max(x - half, 0), count - length)
    let isWhole = length == window && left == x - half
    if isWhole, weights == nil { return middle(values, left) }
    var reach = Double(max(x - left, left + length - 1 - x))
    // As in the first program of its authors: half of what the window reaches too far, in whole
    // steps.
    if window > count { reach += Double((window - count) / 2) }
    // Moments of the distances d: sums of w, w d, w d d, w y and w d y.
    var (s0, s1, s2, t0, t1) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for place in 0..<length {
      let index = left + place
      var weight = isWhole ? kernel[place] : Self.weight(abs(index - x), reach: reach)
      if let weights { weight *= weights[index] }
      let distance = Double(index - x)
      s0 += weight
      s1 += weight * distance
      s2 += weight * distance * distance
      t0 += weight * values[index]
      t1 += weight * distance * values[index]
    }
    guard s0 > 0 else { return nil }
    let (center, mean) = (s1 / s0, t0 / s0)
    let variance = s2 / s0 - center * center
    // Neighbours that all but coincide carry no slope.
    let least = 0.001 * Double(count - 1)
    guard variance > 0, variance.squareRoot() > least else { return mean }
    return mean - (t1 / s0 - center * mean) / variance * center
  }

  /// The fit in the middle of a whole window: the weights are symmetric, so the line passes there
  /// through the weighted mean, whatever its slope.
  private func middle(_ values: [Double], _ left: Int) -> Double {
    var sums = SIMD4<Double>.zero
    var place = 0
    while place + 4 <= window {
      let index = left + place
      let weights = SIMD4<Double>(
        kernel[place], kernel[place + 1], kernel[place + 2], kernel[place + 3])
      let near = SIMD4<Double>(
        values[index], values[index + 1], values[index + 2], values[index + 3])
      sums += weights * near
      place += 4
    }
    var sum = sums.sum()
    while place < window {
      sum += kernel[place] * values[left + place]
      place += 1
    }
    return sum / total
  }
}
