/// The noise of residuals that are smoothed as the expectation is: medians over a quarter of an hour,
/// one every five minutes, each worked out once.
struct SmoothedNoise {
  private let grid: RefitGrid
  private let taps: Int
  private let spacing: Int
  /// Samples between two medians.
  private let every: Int
  /// The medians from the first sample on that has whole windows behind it; NaN without residuals.
  private var medians: [Double] = []
  private var window: [Double]
  private var scratch: [Double]

  private static let days = 7
  private static let fewest = 30

  init(grid: RefitGrid) {
    self.grid = grid
    (taps, spacing) = SeasonalExpectation.window(grid)
    every = max(grid.samples(minutes: 5), 1)
    window = [Double](repeating: 0, count: taps)
    scratch = [Double](repeating: 0, count: Self.days * grid.day / every + 1)
  }

  /// Where the median at `position` ends.
  private func index(_ position: Int) -> Int {
    grid.first(from: taps * spacing, every: every) + position * every
  }

  /// Forgets what is known of `residuals[start...]`: they changed.
  mutating func forget(from start: Int) {
    while !medians.isEmpty, index(medians.count - 1) >= start { medians.removeLast() }
  }

  /// The robust standard deviation over the week before `start`; NaN where it is not known.
  mutating func deviation(_ residuals: [Double], before start: Int) -> Double {
    let oldest = start - Self.days * grid.day
    guard oldest >= 0 else { return .nan }
    while index(medians.count) < start {
      let end = index(medians.count)
      medians.append(end < oldest ? .nan : median(residuals, endingAt: end))
    }
    var count = 0
    for position in medians.indices.reversed() {
      guard index(position) >= oldest else { break }
      if !medians[position].isNaN {
        scratch[count] = medians[position]
        count += 1
      }
    }
    guard count >= Self.fewest else { return .nan }
    let centre = Quantiles.median(reordering: &scratch, count: count)
    for position in 0..<count { scratch[position] = abs(scratch[position] - centre) }
    return SurpriseTable.gaussian * Quantiles.median(reordering: &scratch, count: count)
  }

  private mutating func median(_ residuals: [Double], endingAt end: Int) -> Double {
    var present = 0
    for tap in 0..<taps {
      let value = residuals[end - tap * spacing]
      if !value.isNaN {
        window[present] = value
        present += 1
      }
    }
    return Quantiles.median(reordering: &window, count: present)
  }
}
