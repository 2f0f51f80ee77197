internal import AlmanacCore

/// What selectors, windows, `offset` and `@` bring.
extension Evaluator {
  /// The newest samples at one moment, all samples of a range, or one value a step.
  func select(_ selection: Selection, _ context: Context) async throws -> [LabelledSamples] {
    if selection.isSmoothed { return try await smoothed(selection, context) }
    guard let range = context.range else {
      let newest = try await series.lastSamples(
        passing: selection.matchers, in: TimeRange(last: context.lookback, until: context.time))
      try budget.count(newest.count)
      let isAlive = { (one: LabelledSamples) in !(one.samples.values.last?.isStaleMarker ?? true) }
      return newest.allSatisfy(isAlive) ? newest : newest.filter(isAlive)
    }
    guard context.step != nil else {
      return try await read(selection, in: range) { $0 }
    }
    let newest = NewestValues(at: try context.moments, lookback: context.lookback)
    return try await read(selection, in: newest.range, keepsMarkers: true) { one in
      let samples = newest.of(one.samples)
      try budget.count(samples.count)
      return samples.isEmpty ? nil : LabelledSamples(key: one.key, samples: samples)
    }
  }

  /// What `transform` makes of each series with samples in `range`.
  ///
  /// - Parameter keepsMarkers: whether it is told where series end for now.
  func read(
    _ selection: Selection, in range: TimeRange, keepsMarkers: Bool = false,
    _ transform: @escaping @Sendable (LabelledSamples) throws -> LabelledSamples?
  ) async throws -> [LabelledSamples] {
    try await series.map(passing: selection.matchers, in: range) { one in
      try budget.count(one.samples.count)
      if keepsMarkers { return try transform(one) }
      let samples = one.samples.withoutStaleMarkers
      return samples.isEmpty
        ? nil : try transform(LabelledSamples(key: one.key, samples: samples))
    }
  }

  /// The samples of a window or subquery that ends at the context's time.
  func window(_ node: WindowPlan, _ context: Context) async throws -> [LabelledSamples] {
    if node.boundary != .samples { return try await bounded(node, context) }
    let inner = self.context(context, of: node, endingAt: Moments(context.time))
    guard let range = inner.range, !range.isEmpty else { return [] }
    let all = try await seriesValue(node.base, inner)
    if node.step != nil { return all }
    // A stage inside may have brought more than was asked for.
    if case .select = node.base { return all }
    return try await pool.map(all, weight: all.sampleCount) { one in
      let samples = one.samples.inside(range)
      return samples.isEmpty ? nil : one.with(samples)
    }
  }

  /// The context of what stands inside of a window, for all windows that end at `ends`. Its range
  /// is empty where a subquery has no step.
  func context(_ context: Context, of window: WindowPlan, endingAt ends: Moments) -> Context {
    var inner = context
    inner.time = Timestamp(nanoseconds: ends.last)
    var range = ends.covered(by: window.length + context.lead)
    if let step = window.step {
      // Steps of a subquery are multiples of the step, as in Prometheus.
      let first = range.start.aligned(downTo: step)
      range.start = first < range.start ? first + step : first
    }
    inner.range = range
    inner.step = window.step
    return inner
  }

  /// The value of `plan` at another time.
  func moved(_ plan: Plan, _ move: Move, _ context: Context) async throws -> Value {
    var shifted = self.context(context, moved: move)
    let repeats = !move.isOffset && context.step != nil && plan.isInstant
    if repeats {
      // A named moment is one for all steps.
      shifted.range = nil
      shifted.step = nil
    }
    let value = try await evaluate(plan, shifted)
    guard case .series(let series) = value else { return value }
    if repeats {
      let times = try context.moments.times
      try budget.count(times.count * series.count)
      return .series(
        series.map { one in
          let values = [Double](repeating: one.samples.values.last ?? .nan, count: times.count)
          return one.with(Samples(timestamps: times, values: values))
        })
    }
    // What `offset` brings is compared with now; samples of a window keep their own times.
    guard case .offset(let interval) = move, plan.windowLength == nil else { return value }
    return .series(
      series.map { $0.with($0.samples.moved(by: interval)) })
  }

  /// `context` at another time.
  func context(_ context: Context, moved move: Move) -> Context {
    let target: Timestamp
    switch move {
    case .offset(let interval): target = context.time - interval
    case .relative(let interval): target = context.time + interval
    case .at(let time): target = time
    case .start: target = context.whole?.start ?? context.time
    case .end: target = context.whole?.end ?? context.time
    }
    let (shift, overflow) = target.nanoseconds.subtractingReportingOverflow(
      context.time.nanoseconds)
    return overflow ? context : context.moved(by: Interval(nanoseconds: shift))
  }
}

/// The newest value at each of some moments.
struct NewestValues: Sendable {
  private let moments: Moments
  private let lookback: Interval
  /// Shared by all series that have a value at each moment.
  private let times: [Int64]

  init(at moments: Moments, lookback: Interval) {
    self.moments = moments
    self.lookback = lookback
    times = moments.times
  }

  /// The samples that matter.
  var range: TimeRange { moments.covered(by: lookback) }

  /// The values of one series; none where the newest is too old or says that the series has ended.
  ///
  /// - Parameter isTimes: whether the times of the newest values are wanted, in seconds.
  func of(_ samples: Samples, isTimes: Bool = false) -> Samples {
    let (sampleTimes, sampleValues) = (samples.timestamps, samples.values)
    var values = MomentValues(at: times)
    var next = 0
    for (index, time) in times.enumerated() {
      while next < sampleTimes.count, sampleTimes[next] <= time { next += 1 }
      let (oldest, overflow) = time.subtractingReportingOverflow(lookback.nanoseconds)
      guard next > 0, overflow || sampleTimes[next - 1] > oldest,
        !sampleValues[next - 1].isStaleMarker
      else { continue }
      values.append(
        isTimes ? sampleTimes[next - 1].asSeconds : sampleValues[next - 1], at: index)
    }
    return values.samples
  }
}

extension Samples {
  /// The same values `interval` later; what would move beyond the end of time is left out.
  func moved(by interval: Interval) -> Samples {
    var moved = Samples(capacity: count)
    for (time, value) in zip(timestamps, values) {
      let later = Timestamp(nanoseconds: time) + interval
      _ = moved.append(time: later.nanoseconds, value: value)
    }
    return moved
  }
}
