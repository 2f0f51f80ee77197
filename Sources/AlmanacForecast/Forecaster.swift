internal import AlmanacCore
internal import AlmanacNeural

/// Trains one model: method, intervals and hold-out, from one history.
struct Forecaster {
  /// What a training leaves.
  struct Result {
    var kind: ModelKind
    var method: Method
    var intervals: Intervals
    var holdout: HoldOut?
    var fallbackReason: String?
  }

  private let grid: WorkGrid
  private let options: ForecastOptions
  private let shared: GroupNetwork?
  private let count: Int

  init(_ history: RegularSeries, options: ForecastOptions, shared: GroupNetwork?) {
    grid = WorkGrid(history)
    self.options = options
    self.shared = shared
    count = grid.series.count
  }

  /// The past until position `end`, with stages fitted on nothing after it.
  private func past(until end: Int) throws(ForecastError) -> Past {
    try Past(
      grid.series, until: end, steps: options.stages, method: options.interpolate,
      rhythm: grid.rhythm)
  }

  func train(progress: (TrainingProgress) -> Bool) throws(ForecastError) -> Result {
    let full = try past(until: count)
    if let (baseline, reason) = fallback(full) {
      return try plain(baseline, full, reason: reason)
    }
    guard let rhythm = grid.rhythm else { return try plain(.linear, full) }
    switch options.model {
    case .linear:
      return try plain(.linear, full)
    case .seasonalNaive:
      return try plain(naive(full, rhythm), full)
    case .holtWinters:
      let origins = Backtests.origins(until: count, rhythm: rhythm)
      return try plain(
        .holtWinters(HoltWinters.fit(full.values, period: rhythm.day, origins: origins)), full)
    default:
      let past = { (end: Int) throws(ForecastError) in
        try self.past(until: end).atNewestLevel(rhythm)
      }
      return try MixTraining(
        series: grid.series, options: options, rhythm: rhythm, past: past, shared: shared
      ).train(full.atNewestLevel(rhythm), progress: progress)
    }
  }

  // MARK: - Fallbacks

  /// What is left where a history carries no rhythm, and why; nil where it does.
  private func fallback(_ full: Past) -> (Baseline, reason: String)? {
    let known = grid.series.values.filter(\.isFinite)
    guard known.count >= 2, let low = known.min(), let high = known.max() else {
      return (.lastValue, "the history holds a single value")
    }
    if high - low <= 1e-12 * max(abs(low), abs(high)) {
      return (.lastValue, "the series is constant")
    }
    if options.model == .linear { return nil }
    let baseline = { Baseline.fallback(for: full.values) }
    guard let rhythm = grid.rhythm else {
      return (baseline(), "a step of \(grid.target.step) has no daily or weekly rhythm")
    }
    if count < 2 * rhythm.day {
      let period = Interval(nanoseconds: grid.series.step.nanoseconds * Int64(rhythm.day))
      return (baseline(), "the history is shorter than two periods of \(period)")
    }
    if Double(known.count) < 0.3 * Double(count) {
      return (baseline(), "more than 70 % of the history is missing")
    }
    let wanted = options.model == .auto || options.model == .seq2seq
    if wanted, Self.isNoise(full.values, rhythm: rhythm) {
      return (.median, "the series looks like noise without memory or rhythm")
    }
    return nil
  }

  /// Whether neighbours, days and weeks are as unlike as chance makes them.
  private static func isNoise(_ values: [Double], rhythm: Rhythm) -> Bool {
    guard values.count >= 100 else { return false }
    let sorted = values.sorted()
    let low = Quantiles.quantile(ofSorted: sorted, 0.01)
    let high = Quantiles.quantile(ofSorted: sorted, 0.99)
    let center = Quantiles.mean(values.map { min(max($0, low), high) })
    let centered = values.map { min(max($0, low), high) - center }
    let variance = centered.reduce(0) { $0 + $1 * $1 } / Double(centered.count)
    guard variance > 0 else { return false }
    for lag in [1, 2, 3, rhythm.day, rhythm.week] where lag < values.count {
      var sum = 0.0
      for index in lag..<centered.count { sum += centered[index] * centered[index - lag] }
      let pairs = Double(centered.count - lag)
      if abs(sum / pairs / variance) > 3 / pairs.squareRoot() { return false }
    }
    return true
  }

  // MARK: - Plain methods

  /// Yesterday or last week, whichever had the smaller error on the last week.
  private func naive(_ full: Past, _ rhythm: Rhythm) -> Baseline {
    let values = full.values
    guard rhythm.factor > 1, values.count >= 2 * rhythm.week else {
      return .seasonalNaive(period: rhythm.day)
    }
    let error = { (period: Int) -> Double in
      let end = values.count - rhythm.week
      let forecast = Baseline.seasonalNaive(period: period).forecast(
        Array(values[..<end]), steps: rhythm.week)
      return HoldOut.error(Array(values[end...]), forecast, in: 0..<rhythm.week).sum
    }
    let period = error(rhythm.day) <= error(rhythm.week) ? rhythm.day : rhythm.week
    return .seasonalNaive(period: period)
  }

  private func plain(
    _ baseline: Baseline, _ full: Past, reason: String? = nil
  ) throws(ForecastError) -> Result {
    let kind: ModelKind =
      switch baseline {
      case .lastValue: .lastValue
      case .drift: .drift
      case .median: .median
      case .seasonalNaive: .seasonalNaive
      case .linear: .linear
      case .holtWinters: .holtWinters
      }
    let method = Method.plain(baseline)
    var result = Result(
      kind: kind, method: method, intervals: try intervals(baseline, full, end: count),
      fallbackReason: reason)
    let days = grid.rhythm.map { count / $0.day } ?? 0
    let length = grid.rhythm.map { days >= 3 ? HoldOut.days(days) * $0.day : 0 } ?? count / 5
    let end = count - length
    if length > 0, end >= max(2, method.needed(grid.rhythm) ?? 2),
      let old = try? past(until: end)
    {
      var earlier = method
      if case .holtWinters(let parameters) = baseline, let rhythm = grid.rhythm {
        let origins = Backtests.origins(until: end, rhythm: rhythm)
        earlier = .plain(
          .holtWinters(HoltWinters.fit(old.values, period: parameters.period, origins: origins)))
      }
      let outlook = earlier.outlook(old, rhythm: grid.rhythm, steps: length)
      let band = try intervals(baseline, old, end: end)
      result.holdout = HoldOut.scored(
        outlook, band, old, truth: old.truth(length), series: grid.series, end: end,
        rhythm: grid.rhythm)
    }
    return result
  }

  /// Errors of a plain method before `end`: from backtests where there is a rhythm to wait for,
  /// from steps for a random walk, else about its own curve.
  private func intervals(
    _ baseline: Baseline, _ past: Past, end: Int
  ) throws(ForecastError) -> Intervals {
    let values = past.values
    switch baseline {
    case .lastValue, .drift:
      let changes = zip(values.dropFirst(), values).map { $0 - $1 }
      return Intervals(errors: changes, positions: [], day: 1, shape: .plain, growth: 0.5)
    case .median:
      let center = Quantiles.median(values)
      return Intervals(
        errors: values.map { $0 - center }, positions: [], day: 1, shape: .plain)
    default:
      break
    }
    var errors: [Double] = []
    var positions: [Int] = []
    let day = grid.rhythm?.day ?? 1
    let origins =
      grid.rhythm.map { Backtests.origins(until: end, rhythm: $0) }
      ?? [end / 2, end * 5 / 8, end * 3 / 4]
    for origin in origins where origin >= max(2, Method.plain(baseline).needed(grid.rhythm) ?? 2) {
      let earlier = try self.past(until: origin)
      let truth = earlier.truth(min(7 * max(day, 1000), end - origin))
      let forecast = baseline.forecast(earlier.values, steps: truth.count)
      let first = earlier.next.position(in: day, step: earlier.step)
      for index in truth.indices where truth[index].isFinite {
        errors.append(truth[index] - forecast[index])
        positions.append((first + index) % day)
      }
    }
    return Intervals(errors: errors, positions: positions, day: day, shape: .single)
  }
}

extension HoldOut {
  /// How many of `days` are held out: a week, or a third of two weeks or less.
  static func days(_ days: Int) -> Int { days >= 14 ? 7 : max(1, days / 3) }

  /// Where the held out end of `count` steps begins.
  static func start(_ count: Int, _ rhythm: Rhythm) -> Int {
    count - days(count / rhythm.day) * rhythm.day
  }

  /// Scores of an outlook in the series' own unit.
  static func scored(
    _ outlook: Outlook, _ intervals: Intervals, _ past: Past, truth: [Double],
    series: RegularSeries, end: Int, rhythm: Rhythm?
  ) -> HoldOut? {
    let band = { (level: Double) -> (lower: [Double], upper: [Double]) in
      let bounds = outlook.bounds(intervals, level: level, past: past, rhythm: rhythm)
      return (past.inverse(bounds.lower), past.inverse(bounds.upper))
    }
    let known = Array(series.values[..<end])
    return HoldOut(
      truth: past.inverse(truth), forecast: past.inverse(outlook.point),
      unit: rhythm.map { unit(known, period: $0.day) } ?? 0, band95: band(0.95),
      band80: band(0.8))
  }
}
