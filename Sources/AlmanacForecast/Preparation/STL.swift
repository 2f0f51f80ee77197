/// Takes a series apart into trend, season and residual by repeated local regression (Cleveland,
/// Cleveland, McRae and Terpenning: STL, 1990).
///
/// With `jumps` false, the results are those of statsmodels' STL to rounding.
public struct STL: Sendable, Equatable {
  /// The period in steps, 2 or more.
  public let period: Int
  /// Neighbours of the seasonal smoother, in periods; odd, 3 or more.
  public var seasonal = 7
  /// Whether outliers weigh less: 15 rounds with weights from the residuals (bisquare).
  public var isRobust = false
  /// Whether the trend is fitted at every tenth of its window only, and straight between. That
  /// saves nearly all of the time, and changes the trend by far less than its own error.
  public var jumps = true

  /// The parts of one series.
  public struct Parts: Sendable, Equatable {
    /// What remains once season and noise are smoothed away; (count).
    public var trend: [Double]
    /// What repeats, about 0; (count).
    public var seasonal: [Double]
    /// How much each value weighed, 0 to 1; (count).
    public var weights: [Double]
  }

  /// The defaults for `period`.
  ///
  /// - Precondition: the period is 2 or more.
  public init(period: Int) {
    precondition(period >= 2, "BUG: a period has two steps")
    self.period = period
  }

  /// The parts of `values`.
  ///
  /// - Precondition: all values are finite, and there are two periods at least.
  public func decompose(_ values: [Double]) -> Parts {
    precondition(values.count >= 2 * period, "BUG: STL needs two periods")
    var work = Work(self, values)
    for round in 0...(isRobust ? 15 : 0) {
      for _ in 0..<(isRobust ? 2 : 5) { work.iterate(values, isWeighted: round > 0) }
      if round < 15, isRobust { work.weigh(values) }
    }
    return Parts(trend: work.trend, seasonal: work.season, weights: work.weights)
  }

  /// The smoothers and the arrays that they write to.
  private struct Work {
    let count: Int
    let period: Int
    let seasonalSmoother: Loess
    let trendSmoother: Loess
    let lowPassSmoother: Loess
    var trend: [Double]
    var season: [Double]
    var weights: [Double]
    /// Smoothed subseries, with a period in front and one behind.
    private var cycle: [Double]
    private var lowPass: [Double]
    private var buffer: [Double]
    private var subseries: [Double]
    private var subweights: [Double]
    private var smoothed: [Double]

    init(_ stl: STL, _ values: [Double]) {
      count = values.count
      period = stl.period
      let seasonal = Loess.odd(max(3, stl.seasonal))
      let width = 1.5 * Double(period) / (1 - 1.5 / Double(seasonal))
      let trend = Loess.odd(Int(width.rounded(.up)))
      let lowPass = Loess.odd(period + 1)
      let jump = { (window: Int) in stl.jumps ? (window + 9) / 10 : 1 }
      seasonalSmoother = Loess(window: seasonal)
      trendSmoother = Loess(window: trend, jump: jump(trend))
      lowPassSmoother = Loess(window: lowPass, jump: jump(lowPass))
      self.trend = [Double](repeating: 0, count: count)
      season = self.trend
      weights = [Double](repeating: 1, count: count)
      cycle = [Double](repeating: 0, count: count + 2 * period)
      self.lowPass = cycle
      buffer = cycle
      let rows = (count + period - 1) / period
      subseries = [Double](repeating: 0, count: rows)
      subweights = subseries
      smoothed = [Double](repeating: 0, count: rows + 2)
    }

    /// One pass of the inner loop.
    mutating func iterate(_ values: [Double], isWeighted: Bool) {
      smoothCycles(values, isWeighted: isWeighted)
      // What of the cycles is low in frequency belongs to the trend.
      Self.average(cycle, count: count + 2 * period, width: period, into: &lowPass)
      Self.average(lowPass, count: count + period + 1, width: period, into: &buffer)
      Self.average(buffer, count: count + 2, width: 3, into: &lowPass)
      lowPassSmoother.smooth(lowPass, weights: nil, count: count, into: &buffer)
      for index in 0..<count {
        season[index] = cycle[period + index] - buffer[index]
        buffer[index] = values[index] - season[index]
      }
      trendSmoother.smooth(
        buffer, weights: isWeighted ? weights : nil, count: count, into: &trend)
    }

    /// Smooths the values at each position of the period, and draws them on by one at both ends.
    private mutating func smoothCycles(_ values: [Double], isWeighted: Bool) {
      for position in 0..<period {
        let rows = (count - position - 1) / period + 1
        for row in 0..<rows {
          let index = row * period + position
          subseries[row] = values[index] - trend[index]
          if isWeighted { subweights[row] = weights[index] }
        }
        let factors = isWeighted ? subweights : nil
        seasonalSmoother.smooth(
          subseries, weights: factors, count: rows, into: &smoothed, from: 1)
        smoothed[0] =
          seasonalSmoother.fit(subseries, factors, count: rows, at: -1) ?? smoothed[1]
        smoothed[rows + 1] =
          seasonalSmoother.fit(subseries, factors, count: rows, at: rows) ?? smoothed[rows]
        for row in 0..<rows + 2 { cycle[row * period + position] = smoothed[row] }
      }
    }

    /// The mean of every `width` neighbours of the first `count` values.
    private static func average(
      _ values: [Double], count: Int, width: Int, into result: inout [Double]
    ) {
      var sum = 0.0
      for index in 0..<width { sum += values[index] }
      result[0] = sum / Double(width)
      for index in width..<max(count, width) {
        sum += values[index] - values[index - width]
        result[index - width + 1] = sum / Double(width)
      }
    }

    /// Weights from the residuals: (1 - (r / 6 median |r|)^2)^2.
    mutating func weigh(_ values: [Double]) {
      for index in 0..<count { buffer[index] = abs(values[index] - season[index] - trend[index]) }
      var scratch = buffer
      let limit = 6 * Quantiles.median(reordering: &scratch, count: count)
      for index in 0..<count {
        let distance = buffer[index]
        if limit == 0 || distance <= 0.001 * limit {
          weights[index] = 1
        } else if distance <= 0.999 * limit {
          let share = distance / limit
          weights[index] = (1 - share * share) * (1 - share * share)
        } else {
          weights[index] = 0
        }
      }
    }
  }
}
