internal import Glibc

/// Plain forecasts: asked for by name, or what is left when a history carries no more.
enum Baseline: Equatable, Sendable {
  case lastValue
  /// The line from the first to the last value.
  case drift
  case median
  /// The last `period` values again.
  case seasonalNaive(period: Int)
  /// The line of least squares.
  case linear
  case holtWinters(HoltWinters)

  /// What it says for the next `steps`; `values` have no gaps, at least one.
  func forecast(_ values: [Double], steps: Int) -> [Double] {
    let last = values[values.count - 1]
    switch self {
    case .lastValue:
      return [Double](repeating: last, count: steps)
    case .median:
      return [Double](repeating: Quantiles.median(values), count: steps)
    case .drift:
      let slope = values.count > 1 ? (last - values[0]) / Double(values.count - 1) : 0
      return (0..<steps).map { last + slope * Double($0 + 1) }
    case .seasonalNaive(let period):
      return SeasonalRules.tiled(Array(values.suffix(period)), steps)
    case .linear:
      let middle = Double(values.count - 1) / 2
      let center = Quantiles.mean(values)
      var top = 0.0
      var bottom = 0.0
      for (index, value) in values.enumerated() {
        let x = Double(index) - middle
        top += x * (value - center)
        bottom += x * x
      }
      let slope = bottom > 0 ? top / bottom : 0
      return (0..<steps).map { center + slope * (middle + 1 + Double($0)) }
    case .holtWinters(let parameters):
      return parameters.forecast(values, steps: steps)
    }
  }

  /// The better of last value, line and median over the last quarters of a history; the line must
  /// win by a tenth.
  static func fallback(for values: [Double]) -> Baseline {
    guard values.count >= 8 else { return .lastValue }
    let candidates: [(Baseline, price: Double)] = [
      (.lastValue, 1), (.median, 1), (.drift, 1.1),
    ]
    var best = (baseline: Baseline.lastValue, error: Double.infinity)
    for (baseline, price) in candidates {
      var error = 0.0
      for share in [0.5, 0.625, 0.75, 0.875] {
        let end = max(1, Int(Double(values.count) * share))
        let horizon = min(values.count - end, max(1, values.count / 4))
        let forecast = baseline.forecast(Array(values[..<end]), steps: horizon)
        for index in 0..<horizon { error += abs(values[end + index] - forecast[index]) }
      }
      if error * price < best.error { best = (baseline, error * price) }
    }
    return best.baseline
  }
}

/// Additive exponential smoothing of level, trend and season (Winters 1960).
struct HoltWinters: Equatable, Sendable {
  /// Steps in a season.
  var period: Int
  /// Share of each new value in the level, of each new slope in the trend, of each new deviation
  /// in the season.
  var alpha: Double
  var beta: Double
  var gamma: Double

  /// What it says after having seen `values`, which hold at least one period.
  func forecast(_ values: [Double], steps: Int) -> [Double] {
    var level = Quantiles.mean(values[..<period])
    var trend = 0.0
    var season = values[..<period].map { $0 - level }
    var position = 0
    for index in period..<max(values.count, period) {
      let value = values[index]
      let before = level
      level = alpha * (value - season[position]) + (1 - alpha) * (level + trend)
      trend = beta * (level - before) + (1 - beta) * trend
      season[position] = gamma * (value - level) + (1 - gamma) * season[position]
      position = position + 1 == period ? 0 : position + 1
    }
    return (0..<steps).map { step in
      level + Double(step + 1) * trend + season[(position + step) % period]
    }
  }

  /// The parameters of least absolute error on what follows each of `origins`, from a small grid;
  /// the level's memory is measured in periods.
  static func fit(_ values: [Double], period: Int, origins: [Int]) -> HoltWinters {
    let rates = [0.5, 2, 10, 50].map { min(0.9, $0 / Double(period)) } + [0.3]
    var best = HoltWinters(period: period, alpha: rates[1], beta: 0, gamma: 0.3)
    var least = Double.infinity
    for alpha in rates {
      for beta in [0, alpha * 0.01, alpha * 0.1] {
        for gamma in [0.1, 0.3, 0.6] {
          let trial = HoltWinters(period: period, alpha: alpha, beta: beta, gamma: gamma)
          var error = 0.0
          for origin in origins where origin >= period {
            let horizon = min(7 * period, values.count - origin)
            let forecast = trial.forecast(Array(values[..<origin]), steps: horizon)
            for index in 0..<horizon { error += abs(values[origin + index] - forecast[index]) }
          }
          if error < least {
            least = error
            best = trial
          }
        }
      }
    }
    return best
  }
}
