internal import AlmanacCore
public import AlmanacNeural

/// A network that the series of a group share: trained on windows of all of them, each scaled by
/// its own residual. What one series is short of the others have seen.
public struct GroupNetwork: Sendable, Equatable {
  /// The step of the grid that it was trained on.
  let step: Interval
  /// Steps that the encoder reads.
  let window: Int
  /// Hidden units.
  let hidden: Int
  /// The weights as of the beginning of the hold-out: nothing after it was seen.
  let early: [Float]
  /// The weights after the hold-out was seen too.
  let late: [Float]

  /// Trains the network of `members`. Those of another step than most have no part in it, nor those
  /// that are too short.
  ///
  /// The same members in the same order and the same options give the same bits, on one thread or
  /// more.
  ///
  /// - Parameter progress: called on this thread after every step; returning false stops it.
  /// - Returns: nil where no member is long enough.
  /// - Throws: `badArgument`, `training`, `cancelled`.
  public static func train(
    on members: [RegularSeries], options: ForecastOptions,
    progress: (TrainingProgress) -> Bool = { _ in true }
  ) throws(ForecastError) -> GroupNetwork? {
    try options.check()
    let grids = members.map { WorkGrid($0.trimmed) }.filter { $0.series.count > 0 }
    let counts = Dictionary(grouping: grids, by: \.series.step).mapValues(\.count)
    guard
      let step = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key,
      let rhythm = grids.first(where: { $0.series.step == step })?.rhythm
    else { return nil }
    let window = NetworkForecaster.window(options.window, step: step, rhythm: rhythm)
    let usable = grids.map(\.series).filter { series in
      series.step == step
        && NetworkForecaster.isEnough(
          HoldOut.start(series.count, rhythm), window: window, rhythm: rhythm)
    }
    // One moment for all: what one member holds out no other may tell.
    let cuts = usable.map { $0.time(at: HoldOut.start($0.count, rhythm)) }
    guard let cut = cuts.min() else { return nil }
    var (before, whole): ([[Float]], [[Float]]) = ([], [])
    for series in usable {
      let length = { (end: Int) throws(ForecastError) -> [Float] in
        let past = try Past(
          series, until: end, steps: options.stages, method: options.interpolate, rhythm: rhythm
        ).atNewestLevel(rhythm)
        let rules = SeasonalRules(past.values, rhythm: rhythm)
        return NetworkForecaster.residual(past, rules: rules, options: options).series
      }
      let distance = cut.nanoseconds - series.start.nanoseconds
      let end = Int(max(0, distance) / step.nanoseconds)
      if NetworkForecaster.isEnough(end, window: window, rhythm: rhythm) {
        before.append(try length(end))
      }
      whole.append(try length(series.count))
    }
    guard !before.isEmpty else { return nil }
    let course = Course(
      options, count: before.reduce(0) { $0 + $1.count }, window: window, members: before.count)
    let early = try NetworkForecaster.train(
      nil, on: before, day: rhythm.day, options: options, course: course.first,
      progress: progress)
    let late = try NetworkForecaster.train(
      early, on: whole, day: rhythm.day, options: options, course: course.second,
      progress: progress)
    return GroupNetwork(
      step: step, window: window, hidden: options.hidden, early: early, late: late)
  }

  /// The network for one member, with `weights` of its own scale; nil where it does not fit.
  func forecaster(
    _ weights: [Float], _ past: Past, _ rules: SeasonalRules, _ options: ForecastOptions
  ) -> NetworkForecaster? {
    guard past.step == step, past.values.count >= max(window, rules.rhythm.day) else { return nil }
    let scaler = NetworkForecaster.residual(past, rules: rules, options: options).scaler
    return NetworkForecaster(hidden: hidden, window: window, scaler: scaler, weights: weights)
  }
}
