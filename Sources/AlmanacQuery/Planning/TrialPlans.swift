internal import AlmanacCore
internal import AlmanacForecast

/// When every forecast reaches a threshold.
struct CrossesPlan: Sendable {
  /// A forecast, or series.
  var input: Plan
  var threshold: Double
  /// Whether it is reached from below.
  var isAbove: Bool

  /// The report's columns.
  static let columns = ["at", "in", "earliest", "latest"]
}

/// A forecast that is made at several past moments and compared with what came.
struct Trial: Sendable {
  /// Which history a later fold has.
  enum Strategy: String, Sendable, CaseIterable {
    /// As long as that of the first fold.
    case rolling
    /// From where that of the first fold begins.
    case expanding
  }

  var folds: Int
  /// From one fold to the next; nil is the horizon.
  var step: Interval?
  var strategy: Strategy
  /// How long trainings may take together.
  var budget: Duration
  /// The canonical text of it all.
  var text: String
  /// Where errors point to.
  var range: SourceRange

  /// How long before the newest moment fold `index` of a forecast by `horizon` is made; the last
  /// fold ends with the data.
  func age(of index: Int, horizon: Interval) -> Interval {
    let (distance, overflow) = (step ?? horizon).nanoseconds
      .multipliedReportingOverflow(by: Int64(folds - 1 - index))
    return horizon + Interval(nanoseconds: overflow ? .max : distance)
  }
}

/// `backtest(plan, ...)`.
struct BacktestPlan: Sendable {
  var forecast: ForecastPlan
  var trial: Trial
  var metrics: [ForecastMetric]

  /// Names of the report's columns after fold and cut.
  var columns: [String] {
    ["", "naive_"].flatMap { prefix in
      metrics.flatMap { metric in metric.columns(forecast.levels).map { prefix + $0 } }
    }
  }
}

/// What was said beside what came.
struct AccuracyPlan: Sendable {
  /// Series: what came.
  var input: Plan
  /// A forecast, or series that one was stored as.
  var said: Plan

  /// The report's columns.
  static let columns = ["count"] + ForecastMetric.allCases.map(\.rawValue)
}

/// `tune(plan, grid=(...), ...)`.
struct TunePlan: Sendable {
  /// One way to forecast.
  struct Candidate: Sendable {
    /// The values of the grid's arguments, as text.
    var values: [String]
    /// The query in canonical form, ready to use.
    var query: String
    var forecast: ForecastPlan
  }

  /// The names of the grid's arguments.
  var names: [String]
  var candidates: [Candidate]
  var metric: ForecastMetric
  var trial: Trial
}

extension ForecastMetric {
  /// The columns that it takes in a report: one, or for coverage one a level.
  func columns(_ levels: [Double]) -> [String] {
    guard self == .coverage, levels.count > 1 else { return [rawValue] }
    return levels.map { "\(rawValue)_\($0.percentText)" }
  }

  /// Its values, one for each of `columns`.
  func values(_ scores: ForecastScores) -> [Double] {
    self == .coverage ? scores.coverage : [scores.value(self)]
  }
}
