internal import AlmanacCore

/// How a forecast is judged by what came: one of the usual measures.
public enum ForecastMetric: String, Sendable, CaseIterable {
  /// Mean absolute error, in the unit of the series.
  case mae
  /// Root of the mean squared error, in the unit of the series.
  case rmse
  /// MAE over the mean absolute change from one season to the next in the history (Hyndman and
  /// Koehler, International Journal of Forecasting 22, 2006).
  case mase
  /// Mean of 200 |y - f| / (|y| + |f|), in percent: 0 to 200 (Makridakis and Hibon, the M3
  /// competition, International Journal of Forecasting 16, 2000).
  case smape
  /// Weighted quantile loss: over the median and the bounds of all bands, the mean of twice the
  /// pinball losses' sum over the sum of |y| (Salinas et al., International Journal of
  /// Forecasting 36, 2020).
  case wql
  /// The share of values inside the band.
  case coverage
}

/// The measures of one forecast, or the means of several forecasts' measures.
public struct ForecastScores: Sendable, Equatable {
  /// Known values that were compared.
  public var count: Int
  /// NaN where a measure has no meaning, as MASE for a history that never changes.
  public var mae, rmse, mase, smape, wql: Double
  /// By level, in the order of the bands.
  public var coverage: [Double]

  /// The measures of `curve` over the known values of `truth`; nil where there is none.
  ///
  /// - Parameters:
  ///   - truth: (steps), NaN where nothing is known; as long as the curve or shorter.
  ///   - unit: what MASE counts in: the mean absolute change over a season.
  public init?(_ curve: ForecastCurve, truth: [Double], unit: Double) {
    self.init(curve.yhat, bands: curve.bands, truth: truth, unit: unit)
  }

  /// The same of a forecast, (steps), and its bands.
  init?(_ yhat: [Double], bands: [ForecastCurve.Band], truth: [Double], unit: Double) {
    let known = truth.indices.prefix(yhat.count).filter { truth[$0].isFinite }
    guard !known.isEmpty else { return nil }
    count = known.count
    let size = Double(count)
    var absolute = 0.0
    var squared = 0.0
    var relative = 0.0
    var level = 0.0
    for index in known {
      let (y, f) = (truth[index], yhat[index])
      absolute += abs(y - f)
      squared += (y - f) * (y - f)
      level += abs(y)
      if y != f { relative += abs(y - f) / (abs(y) + abs(f)) }
    }
    mae = absolute / size
    rmse = (squared / size).squareRoot()
    mase = unit > 0 ? mae / unit : .nan
    smape = 200 * relative / size
    // The pinball loss of the median is half the absolute error.
    var losses = absolute
    coverage = []
    for band in bands {
      var inside = 0
      for index in known {
        let y = truth[index]
        losses += 2 * Self.pinball(y, band.lower[index], share: (1 - band.level) / 2)
        losses += 2 * Self.pinball(y, band.upper[index], share: (1 + band.level) / 2)
        if band.lower[index] <= y, y <= band.upper[index] { inside += 1 }
      }
      coverage.append(Double(inside) / size)
    }
    wql = level > 0 ? losses / level / Double(1 + 2 * bands.count) : .nan
  }

  /// The mean of each measure over all `scores` that have it; nil where there are none.
  public init?(meanOf scores: [ForecastScores]) {
    guard let first = scores.first else { return nil }
    let mean = { (value: (ForecastScores) -> Double) -> Double in
      scores.map(value).meanOfKnown
    }
    count = scores.reduce(0) { $0 + $1.count }
    (mae, rmse, mase) = (mean(\.mae), mean(\.rmse), mean(\.mase))
    (smape, wql) = (mean(\.smape), mean(\.wql))
    coverage = first.coverage.indices.map { index in mean { $0.coverage[index] } }
  }

  /// One of the measures; the coverage of the widest band.
  public func value(_ metric: ForecastMetric) -> Double {
    switch metric {
    case .mae: mae
    case .rmse: rmse
    case .mase: mase
    case .smape: smape
    case .wql: wql
    case .coverage: coverage.last ?? .nan
    }
  }

  private static func pinball(_ y: Double, _ bound: Double, share: Double) -> Double {
    y >= bound ? share * (y - bound) : (1 - share) * (bound - y)
  }
}

extension Collection<Double> {
  /// The mean of those that are not NaN; NaN where there is none.
  public var meanOfKnown: Double { Quantiles.mean(filter { !$0.isNaN }) }
}

extension RegularSeries {
  /// The mean absolute change over a day between known values, over a week of daily ones, which MASE
  /// counts in; over one step where a season does not fit in twice; 0 where nothing changes.
  public var seasonalUnit: Double {
    let day = 86_400_000_000_000 / step.nanoseconds
    let season = step == .days(1) ? 7 : day > 1 ? Int(day) : 1
    return HoldOut.unit(values, period: count >= 2 * season ? season : 1)
  }
}
