public import AlmanacCore

/// Stages fitted on one history: applied to it or to newer values, and undone on forecasts.
public struct FittedPreparation: Sendable {
  private enum Stage: Sendable {
    /// The seasons are empty but for the seasonal method.
    case interpolate(InterpolationMethod, maxGap: Interval?, [FittedSeason])
    case deseason([FittedSeason])
    case scale(Scaler)
    case detrend(TrendLine)
    case clean(deviations: Double)
    case clip(minimum: Double, maximum: Double)
  }

  private var stages: [Stage] = []
  private let step: Interval

  /// What the stages changed in the history that they were fitted on.
  public private(set) var provenance = Provenance()

  /// Fits `steps` in order, each on what the ones before it made of `series`.
  ///
  /// - Throws: `empty` without a known value; `badArgument` for a period that is not a multiple of
  ///   the step of at least two steps, and for limits that are none; `tooShort` for less than two
  ///   periods of history; `negativeValue` for the logarithm of one.
  public static func fit(
    _ steps: [PreparationStep], on series: RegularSeries
  ) throws(ForecastError) -> FittedPreparation {
    try fit(steps, on: series, skipping: false)
  }

  /// As `fit`; with `skipping`, periods that do not fit step or history are left out, and negative
  /// values have logarithms, as in the pasts of backtests.
  static func fit(
    _ steps: [PreparationStep], on series: RegularSeries, skipping: Bool
  ) throws(ForecastError) -> FittedPreparation {
    var result = FittedPreparation(step: series.step)
    result.provenance.count = series.count
    result.provenance.missing = series.values.count { $0.isNaN }
    guard !steps.isEmpty else { return result }
    guard series.values.contains(where: \.isFinite) else {
      throw ForecastError(.empty, "cannot prepare the series: it has no known value")
    }
    var current = series
    for step in steps {
      let stage = try Self.stage(step, fittedOn: current, skipping: skipping)
      let next = apply(stage, to: current, filling: true)
      result.note(stage, from: current.values, to: next.values)
      result.stages.append(stage)
      current = next
    }
    return result
  }

  private static func stage(
    _ step: PreparationStep, fittedOn series: RegularSeries, skipping: Bool
  ) throws(ForecastError) -> Stage {
    switch step {
    case .interpolate(let method, let maxGap):
      let seasons =
        method == .seasonal ? try FittedSeason.medians(of: series, periods: nil) : []
      return .interpolate(method, maxGap: maxGap, seasons)
    case .deseason(let periods, .median):
      return .deseason(
        try FittedSeason.medians(of: series, periods: periods, skipping: skipping))
    case .deseason(let periods, .stl):
      return .deseason(
        try FittedSeason.components(of: series, periods: periods, skipping: skipping))
    case .scale(let kind):
      if kind == .log1p, !skipping, let value = series.values.first(where: { $0 < 0 }) {
        throw ForecastError(
          .negativeValue, "cannot scale by log: \(value) is negative, and log is ln(1 + x)")
      }
      return .scale(Scaler(kind, fitting: series.values))
    case .detrend:
      return .detrend(TrendLine(fitting: series))
    case .clean(let deviations):
      guard deviations > 0 else {
        throw ForecastError(.badArgument, "cannot clean: k must be positive")
      }
      return .clean(deviations: deviations)
    case .clip(let minimum, let maximum):
      let low = minimum ?? -.infinity
      let high = maximum ?? .infinity
      guard low <= high else {
        throw ForecastError(.badArgument, "cannot clip: min is above max")
      }
      return .clip(minimum: low, maximum: high)
    }
  }

  private init(step: Interval) {
    self.step = step
  }

  private mutating func note(_ stage: Stage, from old: [Double], to new: [Double]) {
    let missing = new.count { $0.isNaN }
    switch stage {
    case .interpolate: provenance.filled += provenance.missing - missing
    case .clean: provenance.removed += missing - provenance.missing
    case .clip: provenance.clipped += zip(old, new).count { !$0.isNaN && $0 != $1 }
    case .deseason, .scale, .detrend: break
    }
    provenance.missing = missing
  }

  /// The stages applied to a series of the step that they were fitted on.
  ///
  /// - Precondition: the step is the same.
  public func apply(_ series: RegularSeries) -> RegularSeries {
    precondition(series.step == step, "BUG: fitted on another step")
    return stages.reduce(series) { Self.apply($1, to: $0, filling: true) }
  }

  /// The stages without filling and cleaning: what a missing value was stays unknown, what is an
  /// outlier stays known.
  func applyUnfilled(_ series: RegularSeries) -> RegularSeries {
    stages.reduce(series) { Self.apply($1, to: $0, filling: false) }
  }

  /// Undoes the reversible stages, last first: values from `start` on in the series' own unit.
  /// Trends and seasons go on before and after the history that they were fitted on.
  ///
  /// - Precondition: `step` is the step that the stages were fitted on.
  public func inverse(_ values: [Double], start: Timestamp, step: Interval) -> [Double] {
    precondition(step == self.step, "BUG: fitted on another step")
    var result = values
    for stage in stages.reversed() {
      switch stage {
      case .interpolate, .clean, .clip:
        continue
      case .scale(let scaler):
        for index in result.indices { result[index] = scaler.inverse(result[index]) }
      case .detrend(let line):
        line.add(times: 1, to: &result, start: start, step: step)
      case .deseason(let seasons):
        for season in seasons.reversed() {
          season.add(times: 1, to: &result, start: start, step: step)
        }
      }
    }
    return result
  }

  private static func apply(
    _ stage: Stage, to series: RegularSeries, filling: Bool
  ) -> RegularSeries {
    var result = series
    let (start, step) = (series.start, series.step)
    switch stage {
    case .interpolate(let method, let maxGap, let seasons):
      if filling { result.interpolate(method, maxGap: maxGap, seasons: seasons) }
    case .clean(let deviations):
      if filling { result.values = HampelFilter(deviations: deviations).clean(series.values) }
    case .clip(let minimum, let maximum):
      for index in result.values.indices where !result.values[index].isNaN {
        result.values[index] = min(max(result.values[index], minimum), maximum)
      }
    case .scale(let scaler):
      for index in result.values.indices {
        result.values[index] = scaler.apply(result.values[index])
      }
    case .detrend(let line):
      line.add(times: -1, to: &result.values, start: start, step: step)
    case .deseason(let seasons):
      for season in seasons { season.add(times: -1, to: &result.values, start: start, step: step) }
    }
    return result
  }
}
