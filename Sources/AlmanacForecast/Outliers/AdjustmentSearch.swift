/// The search for what a series went through, at one refit after the other.
struct AdjustmentSearch {
  private let clock: ClockSearch
  private var level: LevelSearch
  /// Samples back that both look at.
  private let reach: Int
  /// The refit that found the last adjustment: what was expected before it compares with nothing.
  private var last = 0

  init(grid: RefitGrid, history: Int) {
    clock = ClockSearch(grid: grid)
    level = LevelSearch(grid: grid)
    reach = max(4 * history, 7 * grid.day)
  }

  /// What the samples before `start` show; nil where they show nothing new.
  ///
  /// - Parameters:
  ///   - expected: what was expected of them.
  ///   - residuals: how they strayed, as it would be now, in units of `unit`.
  mutating func find(
    _ values: [Double], _ expected: [Double], _ residuals: [Double], before start: Int, unit: Double
  ) -> Adjustment? {
    clock.find(values, expected, residuals, before: start, last: last, reach: reach)
      ?? level.find(residuals, before: start, unit: unit, reach: reach)
  }

  /// Notes that something was found at the refit at `start`.
  mutating func isAdjusted(at start: Int) { last = start }
}
