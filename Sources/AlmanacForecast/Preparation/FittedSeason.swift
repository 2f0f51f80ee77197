public import AlmanacCore

/// What repeats in a series, fitted on one history, known at any moment.
enum FittedSeason: Sendable {
  /// The same in every period; by position since the epoch.
  case profile([Double])
  /// A season that changes, at each step of the history from `start` on; before and after it the
  /// first and the last period go on.
  case component([Double], start: Timestamp, period: Int)

  /// Adds `factor` times the season to values from `start` on.
  func add(times factor: Double, to values: inout [Double], start: Timestamp, step: Interval) {
    switch self {
    case .profile(let profile):
      guard !profile.isEmpty else { return }
      var position = start.position(in: profile.count, step: step)
      for index in values.indices {
        values[index] += factor * profile[position]
        position = position + 1 == profile.count ? 0 : position + 1
      }
    case .component(let season, let origin, let period):
      let first = start.steps(since: origin, step: step)
      for index in values.indices {
        values[index] += factor * Self.value(of: season, at: first + index, period: period)
      }
    }
  }

  private static func value(of season: [Double], at index: Int, period: Int) -> Double {
    if season.indices.contains(index) { return season[index] }
    if index < 0 {
      let rest = index % period
      return season[rest < 0 ? rest + period : rest]
    }
    return season[season.count - period + (index - season.count) % period]
  }

  // MARK: - Fitting

  /// The periods in steps that `series` can be taken apart by.
  ///
  /// - Parameters:
  ///   - periods: nil is day and week as far as they fit.
  ///   - skipping: whether others that do not fit are left out, rather than refused.
  static func counts(
    of periods: [Interval]?, on series: RegularSeries, skipping: Bool,
    doing verb: String = "deseason"
  ) throws(ForecastError) -> [Int] {
    let step = series.step
    var result: [Int] = []
    let first = series.values.firstIndex(where: \.isFinite) ?? 0
    let span = (series.values.lastIndex(where: \.isFinite) ?? 0) - first + 1
    for period in periods ?? [.days(1), .days(7)] {
      let count = period.count(of: step)
      let fits = period.nanoseconds > 0 && period.nanoseconds % step.nanoseconds == 0 && count >= 2
      guard fits else {
        if skipping || periods == nil { continue }
        throw ForecastError(
          .badArgument,
          "cannot \(verb) by \(period): the period must be two or more whole steps of \(step)")
      }
      guard span / 2 >= count else {
        if skipping || periods == nil { continue }
        throw ForecastError(
          .tooShort, "cannot \(verb) by \(period): the history holds less than two periods")
      }
      result.append(count)
    }
    return result
  }

  /// Seasons by STL, or by MSTL where there are several periods.
  static func components(
    of series: RegularSeries, periods: [Interval]?, skipping: Bool = true
  ) throws(ForecastError) -> [FittedSeason] {
    let counts = Set(try counts(of: periods, on: series, skipping: skipping)).sorted()
    guard !counts.isEmpty, let parts = Decomposition(series.values, periods: counts) else {
      return []
    }
    return zip(parts.periods, parts.seasonal).map { period, season in
      .component(season, start: series.start, period: period)
    }
  }

  /// The typical deviation at each time of each period.
  static func medians(
    of series: RegularSeries, periods: [Interval]?, skipping: Bool = true
  ) throws(ForecastError) -> [FittedSeason] {
    var current = series.values
    var result: [FittedSeason] = []
    for count in try counts(of: periods, on: series, skipping: skipping) {
      let season = FittedSeason.profile(
        profile(
          of: current, period: count, phase: series.start.position(in: count, step: series.step),
          isFirst: result.isEmpty))
      season.add(times: -1, to: &current, start: series.start, step: series.step)
      result.append(season)
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

extension RegularSeries {
  /// The periods in steps that the series can be decomposed by; nil is day and week as far as they
  /// fit, which may be none.
  ///
  /// - Throws: `badArgument` for a period that is not a multiple of the step of at least two steps;
  ///   `tooShort` for less than two periods of history.
  public func wholePeriods(of periods: [Interval]?) throws(ForecastError) -> [Int] {
    try FittedSeason.counts(of: periods, on: self, skipping: false, doing: "decompose")
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
