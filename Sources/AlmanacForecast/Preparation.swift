public import AlmanacCore

/// One stage that a series goes through before it is modelled.
public enum PreparationStep: Sendable, Equatable {
  /// Fills gaps of at most `maxGap`; nil fills all.
  case interpolate(InterpolationMethod, maxGap: Interval?)
  /// Takes away what repeats with these periods, the level stays; nil is day and week as far as
  /// data and step allow.
  case deseason(periods: [Interval]?)
  /// Brings the values to a common size.
  case scale(ScaleKind)
}

/// Stages fitted on one history: applied to it or to newer values, and undone on forecasts.
public struct FittedPreparation: Sendable {
  private enum Stage: Sendable {
    case interpolate(InterpolationMethod, maxGap: Interval?)
    /// Profiles by position since the epoch, each to be taken away.
    case deseason([[Double]])
    case scale(Scaler)
  }

  private var stages: [Stage] = []
  private let step: Interval

  /// Fits `steps` in order, each on what the ones before it made of `series`.
  ///
  /// - Throws: `empty` without a known value; `badArgument` for a period that is not a multiple of
  ///   the step of at least two steps; `tooShort` for less than two periods of history.
  public static func fit(
    _ steps: [PreparationStep], on series: RegularSeries
  ) throws(ForecastError) -> FittedPreparation {
    try fit(steps, on: series, skipping: false)
  }

  /// As `fit`; with `skipping`, periods that do not fit step or history are left out, as in the
  /// pasts of backtests.
  static func fit(
    _ steps: [PreparationStep], on series: RegularSeries, skipping: Bool
  ) throws(ForecastError) -> FittedPreparation {
    var result = FittedPreparation(step: series.step)
    guard !steps.isEmpty else { return result }
    guard series.values.contains(where: \.isFinite) else {
      throw ForecastError(.empty, "cannot prepare the series: it has no known value")
    }
    var current = series
    for step in steps {
      let stage: Stage
      switch step {
      case .interpolate(let method, let maxGap):
        stage = .interpolate(method, maxGap: maxGap)
      case .deseason(let periods):
        stage = .deseason(try Self.profiles(of: current, periods: periods, skipping: skipping))
      case .scale(let kind):
        stage = .scale(Scaler(kind, fitting: current.values))
      }
      current = apply(stage, to: current, filling: true)
      result.stages.append(stage)
    }
    return result
  }

  private init(step: Interval) {
    self.step = step
  }

  /// The stages applied to a series of the step that they were fitted on.
  ///
  /// - Precondition: the step is the same.
  public func apply(_ series: RegularSeries) -> RegularSeries {
    precondition(series.step == step, "BUG: fitted on another step")
    return stages.reduce(series) { Self.apply($1, to: $0, filling: true) }
  }

  /// The stages without interpolation: what a missing value was stays unknown.
  func applyUnfilled(_ series: RegularSeries) -> RegularSeries {
    stages.reduce(series) { Self.apply($1, to: $0, filling: false) }
  }

  /// Undoes the reversible stages, last first: values from `start` on in the series' own unit.
  ///
  /// - Precondition: `step` is the step that the stages were fitted on.
  public func inverse(_ values: [Double], start: Timestamp, step: Interval) -> [Double] {
    precondition(step == self.step, "BUG: fitted on another step")
    var result = values
    for stage in stages.reversed() {
      switch stage {
      case .interpolate:
        continue
      case .scale(let scaler):
        for index in result.indices { result[index] = scaler.inverse(result[index]) }
      case .deseason(let profiles):
        for profile in profiles.reversed() {
          Self.add(profile, times: 1, to: &result, start: start, step: step)
        }
      }
    }
    return result
  }

  private static func apply(
    _ stage: Stage, to series: RegularSeries, filling: Bool
  ) -> RegularSeries {
    var result = series
    switch stage {
    case .interpolate(let method, let maxGap):
      if filling { result = series.interpolated(method, maxGap: maxGap).series }
    case .scale(let scaler):
      for index in result.values.indices {
        result.values[index] = scaler.apply(result.values[index])
      }
    case .deseason(let profiles):
      for profile in profiles {
        add(profile, times: -1, to: &result.values, start: series.start, step: series.step)
      }
    }
    return result
  }

  private static func add(
    _ profile: [Double], times factor: Double, to values: inout [Double], start: Timestamp,
    step: Interval
  ) {
    guard !profile.isEmpty else { return }
    var position = start.position(in: profile.count, step: step)
    for index in values.indices {
      values[index] += factor * profile[position]
      position = position + 1 == profile.count ? 0 : position + 1
    }
  }

  // MARK: - Profiles

  private static func profiles(
    of series: RegularSeries, periods: [Interval]?, skipping: Bool
  ) throws(ForecastError) -> [[Double]] {
    let step = series.step
    var current = series.values
    var result: [[Double]] = []
    let known = current.indices.filter { current[$0].isFinite }
    let span = (known.last ?? 0) - (known.first ?? 0) + 1
    for period in periods ?? [.days(1), .days(7)] {
      let count = period.count(of: step)
      let fits = period.nanoseconds > 0 && period.nanoseconds % step.nanoseconds == 0 && count >= 2
      guard fits else {
        if skipping || periods == nil { continue }
        throw ForecastError(
          .badArgument,
          "cannot deseason by \(period): the period must be two or more whole steps of \(step)")
      }
      guard span / 2 >= count else {
        if skipping || periods == nil { continue }
        throw ForecastError(
          .tooShort, "cannot deseason by \(period): the history holds less than two periods")
      }
      let profile = Self.profile(
        of: current, period: count, phase: series.start.position(in: count, step: step),
        isFirst: result.isEmpty)
      add(profile, times: -1, to: &current, start: series.start, step: step)
      result.append(profile)
    }
    return result
  }

  /// The typical deviation at each position, median over at most 28 periods, smoothed; (period).
  private static func profile(
    of values: [Double], period: Int, phase: Int, isFirst: Bool
  ) -> [Double] {
    var profile = [Double](repeating: .nan, count: period)
    let rows = min(28, (values.count + period - 1) / period)
    var column = [Double](repeating: 0, count: rows)
    for position in 0..<period {
      var count = 0
      // From the newest row back, so that gaps do not cost recent rows.
      let first = (position - phase + period) % period
      guard first < values.count else { continue }
      var index = first + (values.count - 1 - first) / period * period
      while index >= 0, count < rows {
        if values[index].isFinite {
          column[count] = values[index]
          count += 1
        }
        index -= period
      }
      if count > 0 { profile[position] = Quantiles.median(reordering: &column, count: count) }
    }
    _ = profile.fillGaps(.linear, limit: Int.max)
    profile.fillEnds()
    let width = max(1, period / (isFirst ? 96 : 325))
    var result = SeasonalProfile.smoothed(profile, width: width % 2 == 1 ? width : width + 1)
    let level = Quantiles.median(result)
    // Few rows of a longer period say little yet: shrink towards none.
    let whole = Double(values.count / period)
    let share = isFirst ? 1 : whole / (whole + 1)
    for position in result.indices { result[position] = share * (result[position] - level) }
    return result
  }
}

extension Timestamp {
  /// The position of this moment in a period of `count` steps that began at the epoch.
  func position(in count: Int, step: Interval) -> Int {
    let quotient = nanoseconds / step.nanoseconds
    let index = nanoseconds % step.nanoseconds < 0 ? quotient - 1 : quotient
    let rest = Int(index % Int64(count))
    return rest < 0 ? rest + count : rest
  }
}
