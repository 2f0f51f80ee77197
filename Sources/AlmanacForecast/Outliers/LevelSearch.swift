/// The search for a new level at a refit, from the residuals so far.
///
/// The median of the last quarter day must lie three units from 0, and eight robust standard
/// deviations of such medians. The level begins where the residuals come to its half: at the minimum of
/// the sum of what lies beyond that half, from then on to now, of the last two days (the estimator of
/// Hinkley, 1970, for a step of known size). It counts where it has lasted for an eighth of a day and
/// nine of ten residuals since are beyond its half, and has neither risen nor fallen by a quarter of its
/// size: a ramp or a rhythm of another height is no level.
struct LevelSearch {
  private let grid: RefitGrid
  private var scratch: [Double]

  /// Days of medians that tell what is usual, and how many medians at least.
  private static let usualDays = 28
  private static let fewestMedians = 4
  /// Days in which the change is looked for.
  private static let days = 2
  private static let leastUnits = 3.0
  private static let leastDeviations = 8.0
  private static let fewest = 5
  /// Shares of a level's size by which it may rise since, and of its residuals beyond its half.
  private static let mostRise = 0.25
  private static let leastBeyond = 0.9

  init(grid: RefitGrid) {
    self.grid = grid
    scratch = [Double](repeating: 0, count: Self.days * grid.day / grid.stride + 1)
  }

  /// The new level that `residuals[..<start]` show; nil where there is none.
  ///
  /// - Parameters:
  ///   - unit: that of the residuals so far.
  ///   - reach: samples back of which residuals may be asked for.
  mutating func find(
    _ residuals: [Double], before start: Int, unit: Double, reach: Int
  ) -> Adjustment? {
    guard unit.isFinite, let recent = median(residuals, start - grid.block..<start),
      abs(recent) > Self.leastUnits * unit,
      abs(recent) > Self.leastDeviations * usual(residuals, before: start, reach)
    else { return nil }
    let since = beginning(of: recent, residuals, before: start)
    guard start - since >= max(grid.block / 2, Self.fewest),
      let size = median(residuals, since..<start), size * recent > 0,
      abs(size) > Self.leastUnits * unit, isSettled(residuals, since..<start, size)
    else { return nil }
    return .level(since: since, by: size)
  }

  /// The robust standard deviation of the medians of quarter days; infinite where they are too few.
  private mutating func usual(_ residuals: [Double], before start: Int, _ reach: Int) -> Double {
    let oldest = max(start - min(reach, Self.usualDays * grid.day), 0)
    var medians: [Double] = []
    for end in stride(from: start - grid.block, to: oldest + grid.block, by: -grid.block) {
      if let known = median(residuals, end - grid.block..<end) { medians.append(abs(known)) }
    }
    guard medians.count >= Self.fewestMedians else { return .infinity }
    return SurpriseTable.gaussian * Quantiles.median(medians)
  }

  private func beginning(of level: Double, _ residuals: [Double], before start: Int) -> Int {
    var sum = 0.0
    var best = (sum: 0.0, index: start)
    for index in (max(start - Self.days * grid.day, 0)..<start).reversed()
    where !residuals[index].isNaN {
      sum += level < 0 ? level / 2 - residuals[index] : residuals[index] - level / 2
      if sum > best.sum { best = (sum, index) }
    }
    return best.index
  }

  private mutating func isSettled(
    _ residuals: [Double], _ range: Range<Int>, _ level: Double
  ) -> Bool {
    let middle = (range.lowerBound + range.upperBound) / 2
    guard let first = median(residuals, range.lowerBound..<middle),
      let second = median(residuals, middle..<range.upperBound),
      abs(second - first) <= Self.mostRise * abs(level)
    else { return false }
    let known = residuals[range].filter { !$0.isNaN }
    let beyond = known.count { level < 0 ? $0 < level / 2 : $0 > level / 2 }
    return Double(beyond) >= Self.leastBeyond * Double(known.count)
  }

  /// The median in `range`; nil where less than half of the residuals are there.
  private mutating func median(_ residuals: [Double], _ range: Range<Int>) -> Double? {
    guard range.lowerBound >= 0 else { return nil }
    var count = 0
    var index = grid.firstRead(from: range.lowerBound)
    while index < range.upperBound {
      if !residuals[index].isNaN {
        scratch[count] = residuals[index]
        count += 1
      }
      index += grid.stride
    }
    guard count > 0, 2 * count * grid.stride >= range.count else { return nil }
    return Quantiles.median(reordering: &scratch, count: count)
  }
}
