internal import AlmanacCore
internal import AlmanacForecast
internal import Synchronization

/// Carries out a plan over the sources that it is given.
struct Evaluator: Sendable {
  /// When an expression is evaluated.
  struct Context: Sendable {
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

    /// This context with its times moved by `shift`.
    func moved(by shift: Interval) -> Context {
      var moved = self
      moved.time = time + shift
      moved.range = range.map { TimeRange(start: $0.start + shift, end: $0.end + shift) }
      return moved
    }
  }

  /// How far back the newest sample of a series may lie to count as its value now.
  static let lookback = Interval.minutes(5)

  let series: any SeriesSource
  let models: any ModelSource
  let pool: any ComputePool
  let budget: SampleBudget
  let warnings: Warnings

  func evaluate(_ plan: Plan, _ context: Context) async throws -> Value {
    try Task.checkCancellation()
    switch plan {
    case .number(let number): return .number(number)
    case .string(let text): return .string(text)
    case .select(let selection): return .series(try await select(selection, context))
    case .window(let node): return .series(try await window(node, context))
    case .moved(let plan, let move): return try await moved(plan, move, context)
    case .negated(let plan): return try await negated(plan, context)
    case .arithmetic(let node): return try await arithmetic(node, context)
    case .aggregate(let node):
      let input = stamped(try await seriesValue(node.input, context), of: node.input, context)
      return .series(try await pool.compute { try node.apply(input) })
    case .prepare(let node): return .grid(try await prepare(node, context))
    case .forecast(let plan): return .forecast(try await forecast(plan, context))
    case .outliers(let plan): return .outliers(try await outliers(plan, context))
    case .project(let plan, let column): return try await project(plan, column, context)
    }
  }

  // MARK: - Reading

  private func select(_ selection: Selection, _ context: Context) async throws -> [LabelledSamples]
  {
    guard let range = context.range else {
      return try budget.count(
        await series.lastSamples(
          passing: selection.matchers, in: TimeRange(last: Self.lookback, until: context.time)))
    }
    guard let step = context.step else {
      return try budget.count(await series.samples(passing: selection.matchers, in: range))
    }
    let reach = TimeRange(
      start: range.start - Self.lookback + Interval(nanoseconds: 1), end: range.end)
    try StepLimit.check(range, step)
    let all = try budget.count(await series.samples(passing: selection.matchers, in: reach))
    let sampled = try await pool.compute { all.compactMap { Self.sample($0, range, step) } }
    return try budget.count(sampled)
  }

  /// The newest value at most `lookback` old at each step of `range`.
  private static func sample(
    _ series: LabelledSamples, _ range: TimeRange, _ step: Interval
  ) -> LabelledSamples? {
    let times = series.samples.timestamps
    var sampled = Samples()
    var next = 0
    var time = range.start
    while time <= range.end {
      while next < times.count, times[next] <= time.nanoseconds { next += 1 }
      if next > 0, times[next - 1] > (time - lookback).nanoseconds {
        sampled.insert(time: time.nanoseconds, value: series.samples.values[next - 1])
      }
      let following = time + step
      if following == time { break }
      time = following
    }
    return sampled.isEmpty ? nil : LabelledSamples(key: series.key, samples: sampled)
  }

  private func window(_ node: WindowPlan, _ context: Context) async throws -> [LabelledSamples] {
    var inner = context
    inner.range = TimeRange(last: node.length + context.lead, until: context.time)
    inner.step = node.step
    if let step = node.step, let range = inner.range {
      // Steps of a subquery are multiples of the step, as in Prometheus.
      let first = range.start.aligned(downTo: step)
      inner.range?.start = first < range.start ? first + step : first
    }
    let all = try await seriesValue(node.base, inner)
    guard let range = inner.range, node.step == nil else { return all }
    // A stage inside may have brought more than was asked for.
    return try await pool.compute {
      all.compactMap { one in
        let samples = one.samples.inside(range)
        return samples.isEmpty ? nil : LabelledSamples(key: one.key, samples: samples)
      }
    }
  }

  private func moved(_ plan: Plan, _ move: Move, _ context: Context) async throws -> Value {
    let shifted = self.context(context, moved: move)
    let value = try await evaluate(plan, shifted)
    // What `offset` brings is compared with now; samples of a window keep their own times.
    guard case .offset(let interval) = move, plan.windowLength == nil,
      case .series(let series) = value
    else { return value }
    return .series(
      series.map { one in
        var samples = Samples(capacity: one.samples.count)
        for (time, value) in zip(one.samples.timestamps, one.samples.values) {
          let shifted = Timestamp(nanoseconds: time) + interval
          samples.insert(time: shifted.nanoseconds, value: value)
        }
        return LabelledSamples(key: one.key, samples: samples)
      })
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

  // MARK: - Calculating

  /// The value as series: a grid after its stages, the main column of forecasts and outliers.
  func seriesValue(_ plan: Plan, _ context: Context) async throws -> [LabelledSamples] {
    switch try await evaluate(plan, context) {
    case .series(let series): return series
    case .grid(let grids):
      return try await pool.compute { try grids.map { try $0.prepared() } }
    case .forecast(let all): return try await pool.compute { all.compactMap { $0.samples(.yhat) } }
    case .outliers(let all): return try await pool.compute { all.map { $0.samples(.score) } }
    case .number, .string: preconditionFailure("BUG: the planner lets no scalar pass here")
    }
  }

  /// At one moment every newest sample counts as of that moment, whenever it was taken. Samples of
  /// windows and forecasts keep their times.
  private func stamped(
    _ series: [LabelledSamples], of plan: Plan, _ context: Context
  ) -> [LabelledSamples] {
    guard context.range == nil, plan.isNewestSample else { return series }
    return series.map { one in
      LabelledSamples(
        key: one.key,
        samples: Samples(timestamps: [context.time.nanoseconds], values: one.samples.values))
    }
  }

  private func negated(_ plan: Plan, _ context: Context) async throws -> Value {
    let minus = Arithmetic(
      operation: .multiply, left: plan, right: .number(-1), returnsBool: false, matching: nil)
    return try await arithmetic(minus, context)
  }

  private func arithmetic(_ node: Arithmetic, _ context: Context) async throws -> Value {
    switch (try await operand(node.left, context), try await operand(node.right, context)) {
    case (.number(let left), .number(let right)):
      return .number(node.apply(left, right))
    case (.series(let left), .number(let right)):
      let left = stamped(left, of: node.left, context)
      return .series(try await pool.compute { node.apply(left, right, numberIsLeft: false) })
    case (.number(let left), .series(let right)):
      let right = stamped(right, of: node.right, context)
      return .series(try await pool.compute { node.apply(right, left, numberIsLeft: true) })
    case (.series(let left), .series(let right)):
      let left = stamped(left, of: node.left, context)
      let right = stamped(right, of: node.right, context)
      return .series(
        try await pool.compute {
          do {
            return try node.apply(left, right)
          } catch let error as MatchingError {
            let labels = error.labels.all.map { "\($0.name)=\($0.value)" }
            throw QueryError(
              code: .evaluation,
              message: "cannot match series: several on the \(error.side) side have the labels "
                + "<\(labels.joined(separator: ","))>",
              stage: "evaluate", hint: "name labels that tell them apart with on(...)")
          }
        })
    }
  }

  private enum Operand {
    case number(Double)
    case series([LabelledSamples])
  }

  private func operand(_ plan: Plan, _ context: Context) async throws -> Operand {
    guard plan.type.isSeries else {
      if case .number(let number) = try await evaluate(plan, context) { return .number(number) }
      preconditionFailure("BUG: the planner lets no string pass here")
    }
    return .series(try await seriesValue(plan, context))
  }

  private func project(_ plan: Plan, _ column: Column, _ context: Context) async throws -> Value {
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
    case .series, .grid, .number, .string:
      preconditionFailure("BUG: the planner projects forecasts and outliers only")
    }
  }

  // MARK: - Preparation

  /// Series on their steps, with `stage` appended to what they go through.
  private func prepare(_ node: PreparePlan, _ context: Context) async throws -> [GridSeries] {
    var context = context
    if context.range == nil, node.input.windowLength == nil {
      // A single sample cannot be prepared; a day of them can.
      context.range = TimeRange(last: .days(1), until: context.time)
    }
    context.step = nil
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
        try series.compactMap { one in
          try regular(one, step: node.step).map {
            GridSeries(key: one.key, base: $0, stages: [node.stage], origin: node.range)
          }
        }
      }
    case .forecast, .outliers, .number, .string:
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

/// How many samples one query may read.
final class SampleBudget: Sendable {
  private let limit: Int
  private let used = Mutex(0)

  init(limit: Int) {
    self.limit = limit
  }

  /// Counts what was read and hands it on.
  func count(_ series: [LabelledSamples]) throws -> [LabelledSamples] {
    let samples = series.reduce(0) { $0 + $1.samples.count }
    let total = used.withLock { used in
      used += samples
      return used
    }
    guard total <= limit else {
      throw QueryError(
        code: .budget, message: "the query reads over \(limit) samples", stage: "evaluate",
        hint: "select fewer series or a shorter time")
    }
    return series
  }
}

/// What the user should know, gathered while a query runs; each text once, in order of arrival.
final class Warnings: Sendable {
  private let texts = Mutex<[String]>([])

  func add(_ text: String) {
    texts.withLock { if !$0.contains(text) { $0.append(text) } }
  }

  var all: [String] { texts.withLock { $0 } }
}
