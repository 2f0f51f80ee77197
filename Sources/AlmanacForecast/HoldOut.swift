/// How well a model did on the last stretch of its history, forecast from what came before it.
public struct HoldOut: Sendable, Equatable {
  /// Known steps that were compared.
  public var count: Int
  /// Mean absolute error, in the unit of the series.
  public var mae: Double
  /// The same over the mean absolute change from one day to the next before the hold-out (Hyndman
  /// and Koehler 2006); NaN where nothing changes or no day divides into steps.
  public var mase: Double
  /// Share of the steps inside the 95 % band.
  public var coverage: Double
  /// Share of the steps inside the 80 % band.
  public var coverage80: Double
  /// The network's share on the first day and after it, 0 to 1; the rest is the rules'. It was
  /// chosen on this hold-out, so where it is not 0 the error is a little flattering.
  public var networkShare: NetworkShare
  /// MASE of the rules alone and of the network alone, NaN where there was none.
  public var rulesMASE: Double
  /// MASE of the network alone, NaN where there was none.
  public var networkMASE: Double

  /// Shares by how far ahead.
  public struct NetworkShare: Sendable, Equatable {
    /// On the first day.
    public var firstDay: Double
    /// After the first day.
    public var later: Double

    /// No share at all.
    public static let none = NetworkShare(firstDay: 0, later: 0)

    /// Shares of 0 to 1.
    public init(firstDay: Double, later: Double) {
      self.firstDay = firstDay
      self.later = later
    }

    /// The share at `index` steps ahead, from 0; goes over within six hours.
    func at(_ index: Int, day: Int) -> Double {
      let along = (Double(index) / Double(day) - 0.875) / 0.25
      return firstDay + (later - firstDay) * min(max(along, 0), 1)
    }
  }

  /// Scores of `forecast` against `truth`, whose NaNs are left out; nil without any known step.
  ///
  /// - Parameters:
  ///   - unit: mean absolute change from one day to the next.
  ///   - band95: bounds of the 95 % band, (steps) each.
  ///   - band80: bounds of the 80 % band.
  init?(
    truth: [Double], forecast: [Double], unit: Double,
    band95: (lower: [Double], upper: [Double]), band80: (lower: [Double], upper: [Double])
  ) {
    let bands = [(0.8, band80), (0.95, band95)].map { level, band in
      ForecastCurve.Band(level: level, lower: band.lower, upper: band.upper)
    }
    guard let scores = ForecastScores(forecast, bands: bands, truth: truth, unit: unit) else {
      return nil
    }
    self.init(
      count: scores.count, mae: scores.mae, mase: scores.mase, coverage: scores.coverage[1],
      coverage80: scores.coverage[0], networkShare: .none, rulesMASE: .nan, networkMASE: .nan)
  }

  /// Stored scores.
  init(
    count: Int, mae: Double, mase: Double, coverage: Double, coverage80: Double,
    networkShare: NetworkShare, rulesMASE: Double, networkMASE: Double
  ) {
    self.count = count
    self.mae = mae
    self.mase = mase
    self.coverage = coverage
    self.coverage80 = coverage80
    self.networkShare = networkShare
    self.rulesMASE = rulesMASE
    self.networkMASE = networkMASE
  }

  /// Mean absolute error over the known steps of `range`, and their number.
  static func error(
    _ truth: [Double], _ forecast: [Double], in range: Range<Int>
  ) -> (sum: Double, count: Int) {
    var sum = 0.0
    var count = 0
    for index in range.clamped(to: truth.indices) where truth[index].isFinite {
      sum += abs(truth[index] - forecast[index])
      count += 1
    }
    return (sum, count)
  }

  /// The mean absolute change over `period` steps between known values; 0 where there is none.
  static func unit(_ values: [Double], period: Int) -> Double {
    var sum = 0.0
    var count = 0
    for index in values.indices.dropFirst(period) {
      let change = abs(values[index] - values[index - period])
      if change.isFinite {
        sum += change
        count += 1
      }
    }
    return count > 0 ? sum / Double(count) : 0
  }
}
