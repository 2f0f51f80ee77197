internal import AlmanacCore
internal import AlmanacForecast
internal import Synchronization

/// Carries out a plan over the sources that it is given.
struct Evaluator: Sendable {
  /// When an expression is evaluated.
  struct Context: Sendable, Hashable {
    /// The moment, or the end of the range.
    var time: Timestamp
    /// Samples as they are inside this range; nil evaluates at `time` only.
    var range: TimeRange?
    /// One value a step inside the range.
    var step: Interval?
    /// The query's own range, which `@ start` and `@ end` mean at any depth.
    var whole: TimeRange?
    /// Windows begin so much earlier: what a model's training bucket needs.
    var lead = Interval.zero
    /// How far back the newest sample of a series may lie to count as its value now.
    var lookback = Evaluator.lookback
    /// The longest buckets whose rollups may stand for samples.
    var resolution = Interval.zero
    /// Which judgements move thresholds.
    var judgements: UInt64 = 0

    /// The moments that instant values are due at: each step, or else the time alone.
    var moments: Moments {
      get throws(QueryError) {
        guard let range, let step else { return Moments(time) }
        return try Moments(range, step: step)
      }
    }

    /// This context with its times moved by `shift`.
    func moved(by shift: Interval) -> Context {
      var moved = self
      moved.time = time + shift
      moved.range = range.map { TimeRange(start: $0.start + shift, end: $0.end + shift) }
      return moved
    }
  }

  /// The lookback of queries that name none, as in Prometheus.
  static let lookback = Interval.minutes(5)

  var series: any SeriesSource
  var models: any ModelSource
  /// nil where nothing can be written.
  var sink: (any SeriesSink)?
  /// What is known of outliers.
  var judgements = Judgements.none
  /// nil where nothing can be said of outliers.
  var feedback: (any JudgementStore)?
  let pool: any ComputePool
  let budget: QueryBudget
  var warnings: Warnings
  /// Where results of stages are kept, and what is watched.
  var stages = StageScope()
  /// What counts the values that this evaluation's step is handed.
  var held: HeldBytes?

  /// What `evaluate` answers, whatever it costs.
  func result(of plan: Plan, _ context: Context) async throws -> Value {
    if plan.type == .number { return try await number(plan, context) }
    switch plan {
    case .number, .scalar: preconditionFailure("BUG: a number that is not one by type")
    case .string(let text): return .string(text)
    case .select(let selection): return .series(try await select(selection, context))
    case .window(let node): return .series(try await settled(try await window(node, context)))
    case .moved(let plan, let move): return try await moved(plan, move, context)
    case .negated(let plan): return try await negated(plan, context)
    case .arithmetic(let node): return try await arithmetic(node, context)
    case .aggregate(let node): return .series(try await aggregate(node, context))
    case .rank(let node): return .series(try await rank(node, context))
    case .countValues(let node):
      return .series(try await across(node.input, context) { try node.apply($0, at: $1) })
    case .vector(let number): return .series(try await vector(number, context))
    case .sampleTimes(let selection):
      return .series(try await sampleTimes(selection, context))
    case .function(let node): return .series(try await function(node, context))
    case .setOperation(let node): return .series(try await setOperation(node, context))
    case .windowFunction(let node): return .series(try await windowFunction(node, context))
    case .info(let node): return .series(try await info(node, context))
    case .prepare(let node): return .grid(try await prepare(node, context))
    case .forecast(let plan):
      return try await watched(plan.range) { .forecast(try await $0.forecast(plan, context)) }
    case .outliers(let plan): return .outliers(try await outliers(plan, context))
    case .project(let plan, let column): return try await project(plan, column, context)
    case .resample(let node): return .grid(try await resample(node, context))
    case .split(let node): return .series(try await split(node, context))
    case .decompose(let node): return .report(try await decompose(node, context))
    case .component(let node): return .grid(try await component(node, context))
    case .periods(let node): return .report(try await periods(node, context))
    case .crosses(let node): return .report(try await crosses(node, context))
    case .backtest(let node): return .report(try await backtest(node, context))
    case .accuracy(let node): return .report(try await accuracy(node, context))
    case .tune(let node): return .report(try await tune(node, context))
    case .peers(let node): return .outliers(try await peers(node, context))
    case .why(let node): return .report(try await why(node, context))
    case .incidents(let node): return .report(try await incidents(node, context))
    case .label(let node): return .report(try await label(node, context))
    case .changes(let node): return .report(try await changes(node, context))
    case .stage(let node): return try await stage(node, context)
    }
  }

  // MARK: - Calculating

  /// The value as series: a grid after its stages, the main column of forecasts and outliers.
  func seriesValue(_ plan: Plan, _ context: Context) async throws -> [LabelledSamples] {
    if case .stage(let node) = plan, node.plan.type == .grid {
      return try await prepared(node, context)
    }
    switch try await evaluate(plan, context) {
    case .series(let series): return series
    case .grid(let grids): return try await prepared(grids)
    case .forecast(let all): return try await pool.compute { all.compactMap { $0.samples(.yhat) } }
    case .outliers(let all): return try await pool.compute { all.map { $0.samples(.score) } }
    case .number, .string, .report:
      preconditionFailure("BUG: the planner lets series pass only")
    }
  }

  /// At one moment every newest sample counts as of that moment, whenever it was taken. Samples of
  /// windows and forecasts keep their times.
  func stamped(
    _ series: [LabelledSamples], of plan: Plan, _ context: Context
  ) -> [LabelledSamples] {
    guard context.range == nil, plan.isInstant else { return series }
    let times = [context.time.nanoseconds]
    return series.map { $0.with(Samples(timestamps: times, values: $0.samples.values)) }
  }

  /// Whether the samples of `plan` lie on the moments of `context`, once they are stamped.
  func isOnMoments(_ plan: Plan, _ context: Context) -> Bool {
    plan.isInstant && (context.range == nil || context.step != nil)
  }

  /// What `combine` makes of all series of `plan`, and of the times that they lie on where these
  /// are known.
  func across(
    _ plan: Plan, _ context: Context,
    _ combine: @escaping @Sendable ([LabelledSamples], [Int64]?) throws -> [LabelledSamples]
  ) async throws -> [LabelledSamples] {
    let input = stamped(try await seriesValue(plan, context), of: plan, context)
    let times = isOnMoments(plan, context) ? try context.moments.times : nil
    return try await pool.compute(weight: input.sampleCount) { try combine(input, times) }
  }

  private func negated(_ plan: Plan, _ context: Context) async throws -> Value {
    let minus = Arithmetic(
      operation: .multiply, left: plan, right: .number(-1), returnsBool: false, matching: nil)
    return try await arithmetic(minus, context)
  }

  private func arithmetic(_ node: Arithmetic, _ context: Context) async throws -> Value {
    if node.left.type == .number || node.right.type == .number {
      return .series(try await withNumber(node, context))
    }
    let left = stamped(try await seriesValue(node.left, context), of: node.left, context)
    let right = stamped(try await seriesValue(node.right, context), of: node.right, context)
    let isAligned = isOnMoments(node.left, context) && isOnMoments(node.right, context)
    return .series(
      try await pool.compute(weight: left.sampleCount + right.sampleCount) {
        try node.applyFilling(left, right, isAligned: isAligned, budget: budget)
      })
  }

  private func project(_ plan: Plan, _ column: Column, _ context: Context) async throws -> Value {
    if case .report(let name) = column { return .series(try await values(plan, name, context)) }
    switch try await evaluate(plan, context) {
    case .forecast(let all):
      let series = try await pool.compute { all.compactMap { $0.samples(column) } }
      if series.count < all.count {
        throw QueryError(
          code: .evaluation, message: "the forecast has no band at that level",
          stage: "evaluate", hint: "ask for it with level=")
      }
      return .series(series)
    case .outliers(let all):
      return .series(try await pool.compute { all.map { $0.samples(column) } })
    case .series, .grid, .number, .string, .report:
      preconditionFailure("BUG: the planner projects forecasts and outliers only")
    }
  }

  // MARK: - Preparation

  /// Series on their steps, with `stage` appended to what they go through.
  private func prepare(_ node: PreparePlan, _ context: Context) async throws -> [GridSeries] {
    let context = preparing(node.input, context)
    switch try await evaluate(node.input, context) {
    case .grid(let grids):
      return grids.map { grid in
        var grid = grid
        grid.stages.append(node.stage)
        grid.origin = node.range
        return grid
      }
    case .series(let series):
      return try await pool.compute {
        try series.settled().compactMap { one in
          try regular(one, step: node.step).map {
            GridSeries(key: one.key, base: $0, stages: [node.stage], origin: node.range)
          }
        }
      }
    case .forecast, .outliers, .number, .string, .report:
      preconditionFailure("BUG: the planner prepares series only")
    }
  }
}

extension Evaluator {
  /// The series on its step, or on `step`; nil with a warning where it has none.
  func regular(_ one: LabelledSamples, step: Interval? = nil) throws -> RegularSeries? {
    guard let step = step ?? RegularSeries.detectStep(one.samples) else {
      warnings.add("\(one.key): left out, a single sample has no step")
      return nil
    }
    try StepLimit.check(one.samples, step)
    return RegularSeries(samples: one.samples, step: step)
  }
}

/// The most steps that a series is put on: a guard against steps much finer than the data.
enum StepLimit {
  private static let maximum: Int64 = 10_000_000

  static func check(_ samples: Samples, _ step: Interval) throws(QueryError) {
    guard let first = samples.firstTime, let last = samples.lastTime else { return }
    try check(TimeRange(start: first, end: last), step)
  }

  static func check(_ range: TimeRange, _ step: Interval) throws(QueryError) {
    let (span, overflow) = range.end.nanoseconds.subtractingReportingOverflow(
      range.start.nanoseconds)
    guard overflow || span / step.nanoseconds > maximum else { return }
    throw QueryError(
      code: .budget,
      message: "cannot put \(range.start) to \(range.end) on steps of \(step): "
        + "that is over \(maximum) steps",
      stage: "evaluate", hint: "choose a longer step or a shorter range")
  }
}

extension [LabelledSamples] {
  /// How many samples all series have together.
  var sampleCount: Int { reduce(0) { $0 + $1.samples.count } }
}
