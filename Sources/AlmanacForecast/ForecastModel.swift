public import AlmanacCore
public import AlmanacNeural

/// A trained forecast of one series: weights, intervals and what a hold-out said of them.
///
/// It holds everything but the history. Forecasting from the history that it was trained on gives
/// the same bits before and after a trip through `encoded()`; a newer history gives the level and
/// the profiles, the weights stay.
public struct ForecastModel: Sendable {
  /// What was trained: never `auto`.
  public let kind: ModelKind
  /// The beginning of the first step trained on.
  public let trainedFrom: Timestamp
  /// The beginning of the last step trained on.
  public let trainedUntil: Timestamp
  /// The step of the series.
  public let step: Interval
  /// Scores on the end of the training history, forecast from what came before; nil where the
  /// history is too short for one.
  public let holdout: HoldOut?
  /// Why a simpler method than the one asked for was taken; nil where it was not.
  public let fallbackReason: String?
  /// The seed of the training.
  public let seed: UInt64

  let method: Method
  let intervals: Intervals
  let stages: [PreparationStep]
  let interpolate: InterpolationMethod
  let minimum: Double?
  let maximum: Double?

  /// The most steps that one forecast may have.
  public static let maximumSteps = 5_000_000

  /// Trains the model that `options` ask for on all of `history`.
  ///
  /// The same history and options give the same bits, on one thread or more. The last week or
  /// third of the history is first held out and forecast; see `holdout`.
  ///
  /// - Parameters:
  ///   - shared: the network of the group that the series belongs to, which takes the place of one
  ///     of its own.
  ///   - progress: called on this thread after every step of a network's training; returning false
  ///     stops it. Not called where no network is trained.
  /// - Throws: `empty`, `badArgument`, `tooShort` for explicit stages, `training`, `cancelled`.
  public static func train(
    on history: RegularSeries, options: ForecastOptions, shared: GroupNetwork? = nil,
    progress: (TrainingProgress) -> Bool = { _ in true }
  ) throws(ForecastError) -> ForecastModel {
    try options.check()
    let known = history.trimmed
    guard known.count > 0 else {
      throw ForecastError(.empty, "cannot train a forecast: the history has no known value")
    }
    // What the query's stages cannot do on the whole history is an error; backtests are lenient.
    _ = try FittedPreparation.fit(options.preparation, on: known)
    let result = try Forecaster(known, options: options, shared: shared).train(progress: progress)
    return ForecastModel(
      kind: result.kind, trainedFrom: known.start, trainedUntil: known.time(at: known.count - 1),
      step: known.step, holdout: result.holdout, fallbackReason: result.fallbackReason,
      seed: options.seed, method: result.method, intervals: result.intervals,
      stages: options.stages, interpolate: options.interpolate, minimum: options.minimum,
      maximum: options.maximum)
  }

  /// The forecast of the `steps` that follow `history`, with a band for each level.
  ///
  /// - Parameters:
  ///   - history: of the model's step; may reach past `trainedUntil`, its newer values give level
  ///     and profiles. Best as long as the one trained on; two days at least where there is a
  ///     daily rhythm.
  ///   - levels: of the central intervals, such as 0.95; each above 0 and below 1.
  /// - Throws: `wrongStep`, `badArgument`, `empty`, `tooShort`.
  public func predict(
    from history: RegularSeries, steps: Int, levels: [Double]
  ) throws(ForecastError) -> ForecastCurve {
    guard history.step == step else {
      throw ForecastError(
        .wrongStep, "cannot forecast from steps of \(history.step): the model's are \(step)")
    }
    guard (1...Self.maximumSteps).contains(steps) else {
      throw ForecastError(
        .badArgument, "cannot forecast \(steps) steps: 1 to \(Self.maximumSteps) are possible")
    }
    if let level = levels.first(where: { !($0 > 0 && $0 < 1) }) {
      throw ForecastError(
        .badArgument, "cannot forecast at level \(level): it must be above 0 and below 1")
    }
    let known = history.trimmed
    guard known.count > 0 else {
      throw ForecastError(.empty, "cannot forecast: the history has no known value")
    }
    let grid = WorkGrid(known)
    guard let needed = method.needed(grid.rhythm), grid.series.count >= max(1, needed) else {
      throw ForecastError(
        .tooShort, "cannot forecast from \(known.count) steps of history: too few")
    }
    var past = try Past(
      grid.series, until: grid.series.count, steps: stages, method: interpolate,
      rhythm: grid.rhythm)
    if method.followsLevel, let rhythm = grid.rhythm { past = past.atNewestLevel(rhythm) }
    // The rules compare the last hour with the first one ahead, however few steps are asked for:
    // the same step gets the same value at any horizon.
    let hour = grid.rhythm.map { $0.day / 24 } ?? 1
    let outlook = method.outlook(
      past, rhythm: grid.rhythm, steps: max(grid.horizon(steps: steps), hour))
    let last = past.last
    let middle = past.inverse(outlook.point)
    let limited = { (value: Double) -> Double in
      let finite = value.isNaN ? last : value
      let above = max(finite, minimum ?? -.greatestFiniteMagnitude)
      return min(above, maximum ?? .greatestFiniteMagnitude)
    }
    let onTarget = { (values: [Double], before: Double) in
      grid.onTarget(values, before: before, steps: steps).map(limited)
    }
    let bands = levels.map { level -> ForecastCurve.Band in
      let bounds = outlook.bounds(intervals, level: level, past: past, rhythm: grid.rhythm)
      let lower = past.inverse(bounds.lower)
      let upper = past.inverse(bounds.upper)
      return ForecastCurve.Band(
        level: level, lower: onTarget(lower, last - (middle[0] - lower[0])),
        upper: onTarget(upper, last + (upper[0] - middle[0])))
    }
    let shift = past.shift.map { shift in
      ForecastCurve.Shift(
        time: grid.series.time(at: shift.index), isRise: shift.size > 0,
        isSettled: shift.isSettled)
    }
    return ForecastCurve(
      start: known.nextTime, step: step, yhat: onTarget(middle, last), bands: bands, shift: shift)
  }
}

/// A forecast with its bands: value i belongs to the moment start + i step.
public struct ForecastCurve: Sendable, Equatable {
  /// A central interval around the forecast.
  public struct Band: Sendable, Equatable {
    /// The share of values meant to lie inside, such as 0.95.
    public var level: Double
    /// Never above the forecast; (steps).
    public var lower: [Double]
    /// Never below the forecast; (steps).
    public var upper: [Double]

    /// A band of `level`.
    public init(level: Double, lower: [Double], upper: [Double]) {
      self.level = level
      self.lower = lower
      self.upper = upper
    }
  }

  /// A change of level in the history that has no example in it.
  public struct Shift: Sendable, Equatable {
    /// When the new level began, on the grid that the model works on.
    public var time: Timestamp
    /// Whether the new level is above the old one.
    public var isRise: Bool
    /// Whether it has lasted for a day, so that the forecast stays there; else it goes back.
    public var isSettled: Bool
  }

  /// The first step forecast: one after the last of the history.
  public var start: Timestamp
  /// The step.
  public var step: Interval
  /// The forecast; (steps).
  public var yhat: [Double]
  /// In the order of the levels asked for; a higher level encloses a lower one.
  public var bands: [Band]
  /// The newest change of level that it follows; nil where there is none.
  public var shift: Shift?

  /// A curve from its parts.
  public init(
    start: Timestamp, step: Interval, yhat: [Double], bands: [Band], shift: Shift? = nil
  ) {
    self.start = start
    self.step = step
    self.yhat = yhat
    self.bands = bands
    self.shift = shift
  }
}

extension RegularSeries {
  /// Without missing values at the beginning; infinite ones are missing.
  var trimmed: RegularSeries {
    guard let first = values.firstIndex(where: \.isFinite) else {
      return RegularSeries(start: start, step: step, values: [])
    }
    return RegularSeries(
      start: time(at: first), step: step,
      values: values[first...].map { $0.isFinite ? $0 : .nan })
  }
}
