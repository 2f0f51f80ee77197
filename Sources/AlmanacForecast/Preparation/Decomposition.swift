/// A series as the sum of trend, seasons and residual: by STL, or of several periods by MSTL
/// (Bandara, Hyndman and Bergmeir, 2021), which takes the seasons in turn out of what the others
/// leave, twice.
public struct Decomposition: Sendable, Equatable {
  /// The periods in steps, ascending.
  public let periods: [Int]
  /// What remains once seasons and noise are smoothed away; (count).
  public let trend: [Double]
  /// What repeats with each period, about 0; (periods, count).
  public let seasonal: [[Double]]
  /// What is left; NaN where the value is missing; (count).
  public let residual: [Double]

  /// Takes `values` apart; gaps are bridged by straight lines first.
  ///
  /// - Parameters:
  ///   - periods: in steps, each 2 or more and at most half of the values; repeated ones count
  ///     once.
  ///   - jumps: as in `STL`.
  /// - Returns: nil without a known value, without a period, and where values are too large to be
  ///   added up.
  public init?(
    _ values: [Double], periods: [Int], isRobust: Bool = false, jumps: Bool = true
  ) {
    let periods = Set(periods).sorted()
    guard let shortest = periods.first, shortest >= 2, let longest = periods.last,
      longest <= values.count / 2, values.contains(where: \.isFinite)
    else { return nil }
    var rest = values.map { $0.isFinite ? $0 : .nan }
    _ = rest.fillGaps(.linear, limit: Int.max)
    rest.fillEnds()
    var seasonal = [[Double]](
      repeating: [Double](repeating: 0, count: values.count), count: periods.count)
    var trend: [Double] = []
    for _ in 0..<(periods.count > 1 ? 2 : 1) {
      for (index, period) in periods.enumerated() {
        var stl = STL(period: period)
        stl.isRobust = isRobust
        stl.jumps = jumps
        if periods.count > 1 { stl.seasonal = 11 + 4 * index }
        for position in rest.indices { rest[position] += seasonal[index][position] }
        let parts = stl.decompose(rest)
        for position in rest.indices { rest[position] -= parts.seasonal[position] }
        seasonal[index] = parts.seasonal
        trend = parts.trend
      }
    }
    guard trend.allSatisfy(\.isFinite), seasonal.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      return nil
    }
    self.periods = periods
    self.trend = trend
    self.seasonal = seasonal
    residual = values.indices.map { values[$0].isFinite ? rest[$0] - trend[$0] : .nan }
  }

  /// How much of the variance without trend the season at `index` makes up, or all seasons
  /// together: 1 - Var(residual) / Var(season + residual), 0 to 1 (Wang, Smith and Hyndman, 2006).
  public func strength(ofSeason index: Int? = nil) -> Double {
    let parts = index.map { [seasonal[$0]] } ?? seasonal
    return strength { position in parts.reduce(0) { $0 + $1[position] } }
  }

  /// The same of the trend, against the residual.
  public var trendStrength: Double { strength { trend[$0] } }

  private func strength(of part: (Int) -> Double) -> Double {
    let known = residual.indices.filter { residual[$0].isFinite }
    let rest = Quantiles.deviation(known.map { residual[$0] })
    let both = Quantiles.deviation(known.map { residual[$0] + part($0) })
    // A spread that is only rounding is no spread.
    let least = known.reduce(0) { max($0, abs(trend[$1])) } * 1e-12
    guard both > least, both.isFinite else { return 0 }
    return max(0, 1 - rest * rest / (both * both))
  }
}
