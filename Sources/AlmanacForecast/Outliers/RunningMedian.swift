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
