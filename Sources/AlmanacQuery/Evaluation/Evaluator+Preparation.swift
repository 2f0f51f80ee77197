internal import AlmanacCore
internal import AlmanacForecast

/// Stages that put series on a step, cut them and take them apart.
extension Evaluator {
  // MARK: - Buckets and parts

  /// Buckets of each series. What a window or range cuts off is left out.
  func resample(_ node: ResamplePlan, _ context: Context) async throws -> [GridSeries] {
    let context = preparing(node.input, context)
    let series = try await seriesValue(node.input, context)
    let range = extent(of: node.input, context)
    return try await pool.map(series, weight: series.sampleCount) { one in
      try StepLimit.check(one.samples, node.step)
      let base = RegularSeries(
        buckets: one.samples, step: node.step, function: node.function, inside: range)
      return base.count == 0
        ? nil : GridSeries(key: one.key, base: base, stages: [], origin: node.range)
    }
  }

  /// One part of each series.
  func split(_ node: SplitPlan, _ context: Context) async throws -> [LabelledSamples] {
    var inner = preparing(node.input, context)
    // A share is one of what was asked for, not of what a model's bucket adds.
    if let range = inner.range, range.start + inner.lead < range.end {
      inner.range?.start = range.start + inner.lead
    }
    inner.lead = .zero
    return try await seriesValue(node.input, inner).compactMap { one in
      let samples = one.samples
      let first: Int
      switch node.cut {
      case .at(let time): first = samples.countUntil(time)
      case .relative(let interval): first = samples.countUntil(context.time + interval)
      case .share(let share): first = Int(share * Double(samples.count))
      }
      let part = samples.slice(node.isTest ? first..<samples.count : 0..<first)
      return part.isEmpty ? nil : LabelledSamples(key: one.key, samples: part)
    }
  }

  /// A single sample cannot be prepared; a day of them can.
  func preparing(_ input: Plan, _ context: Context) -> Context {
    var context = context
    if context.range == nil, input.windowLength == nil {
      context.range = TimeRange(last: .days(1), until: context.time)
    }
    context.step = nil
    return context
  }

  /// The moments that `plan` was read over.
  private func extent(of plan: Plan, _ context: Context) -> TimeRange {
    switch plan {
    case .window(let node):
      return self.context(context, of: node, endingAt: Moments(context.time)).range
        ?? TimeRange(last: node.length, until: context.time)
    case .moved(let inner, let move):
      // What `offset` brings without a window is moved to now.
      if inner.windowLength == nil, move.isOffset { return extent(of: inner, context) }
      return extent(of: inner, self.context(context, moved: move))
    default:
      if let input = plan.preparationInput { return extent(of: input, context) }
      // Of an expression with windows in several places the end is known.
      return context.range ?? TimeRange(start: TimeRange.all.start, end: context.time)
    }
  }

  // MARK: - Decomposition

  /// A series with its parts.
  private struct Decomposed: Sendable {
    var key: SeriesKey
    var series: RegularSeries
    var parts: Decomposition

    /// The season of `period`.
    func index(of period: Interval) -> Int? {
      parts.periods.firstIndex {
        period.nanoseconds % series.step.nanoseconds == 0 && $0 == period.count(of: series.step)
      }
    }

    /// What the period at `index` is called.
    func name(at index: Int) -> String {
      Interval(nanoseconds: Int64(parts.periods[index]) * series.step.nanoseconds).description
    }

    /// All seasons together.
    var seasonal: [Double] {
      series.values.indices.map { index in parts.seasonal.reduce(0) { $0 + $1[index] } }
    }
  }

  private func decomposed(
    _ node: DecomposePlan, _ context: Context
  ) async throws -> [Decomposed] {
    let grids = try await grids(node.input, context, origin: node.range)
    // Decomposing is a few hundred times the work of a sum.
    return try await pool.map(grids, weight: .max) { grid in
      let series = try grid.preparedSeries().series
      let fail = { (cause: String) in
        QueryError(
          code: .evaluation, message: "\(grid.key): \(cause)",
          range: node.range, stage: "prepare",
          hint: "give it a longer history, as memory<host=x>[30d], or another period=")
      }
      let periods: [Int]
      do throws(ForecastError) {
        periods = try series.wholePeriods(of: node.periods)
      } catch {
        throw fail(error.message)
      }
      guard !periods.isEmpty else {
        throw fail(
          "cannot decompose by day or week: the history holds less than two days, or the step "
            + "does not divide a day")
      }
      guard
        let parts = Decomposition(series.values, periods: periods, isRobust: node.isRobust)
      else { throw fail("cannot decompose it: its values are missing or too large") }
      return Decomposed(key: grid.key, series: series, parts: parts)
    }
  }

  /// All parts of each series, as a table.
  func decompose(_ node: DecomposePlan, _ context: Context) async throws -> Report {
    let all = try await decomposed(node, context)
    var names: [String] = []
    for one in all {
      for index in one.parts.periods.indices where !names.contains(one.name(at: index)) {
        names.append(one.name(at: index))
      }
    }
    let columns = names.count > 1 ? names.map { "seasonal_\($0)" } : ["seasonal"]
    let series = all.map { one in
      let count = one.series.count
      let seasons = names.map { name -> [Double?] in
        let index = one.parts.periods.indices.first { one.name(at: $0) == name }
        return index.map { one.parts.seasonal[$0] } ?? [Double?](repeating: nil, count: count)
      }
      let known = { (values: [Double]) in
        Table.Column.numbers(values.map(\.known))
      }
      return Table.Series(
        key: one.key, model: nil, times: (0..<count).map(one.series.time(at:)),
        columns: [known(one.series.values), .full(one.parts.trend)]
          + seasons.map(Table.Column.numbers) + [known(one.parts.residual)])
    }
    return Report(columns: ["value", "trend"] + columns + ["residual"], series: series)
  }

  /// One part of each series.
  func component(_ node: ComponentPlan, _ context: Context) async throws -> [GridSeries] {
    try await decomposed(node.decomposition, context).map { one in
      let season = { (period: Interval) throws(QueryError) -> Int in
        guard let index = one.index(of: period) else {
          throw QueryError(
            code: .evaluation, message: "\(one.key): there is no season of \(period)",
            range: node.range, stage: "evaluate",
            hint: "there are "
              + one.parts.periods.indices.map(one.name(at:)).joined(separator: ", "))
        }
        return index
      }
      var base = one.series
      switch node.part {
      case .trend: base.values = one.parts.trend
      case .residual: base.values = one.parts.residual
      case .seasonal(nil): base.values = one.seasonal
      case .seasonal(let period?): base.values = one.parts.seasonal[try season(period)]
      case .strength(let period):
        base = base.last(one.parts.strength(ofSeason: try period.map(season)))
      case .trendStrength:
        base = base.last(one.parts.trendStrength)
      }
      return GridSeries(key: one.key, base: base, stages: [], origin: node.range)
    }
  }

  // MARK: - Periods

  /// The periods of each series, strongest first.
  func periods(_ node: PeriodsPlan, _ context: Context) async throws -> Report {
    let grids = try await grids(node.input, context, origin: node.range)
    let series = try await pool.map(grids, weight: .max) { grid -> Table.Series? in
      let series = try grid.preparedSeries().series
      let found = Periodicity.find(in: series, limit: node.limit)
      guard !found.isEmpty else { return nil }
      let end = series.time(at: series.count - 1)
      return Table.Series(
        key: grid.key, model: nil, times: found.map { _ in end },
        columns: [
          .texts(found.map(\.period.description)), .numbers(found.map(\.period.seconds)),
          .numbers(found.map(\.strength)), .numbers(found.map(\.cycles)),
        ])
    }
    return Report(columns: PeriodsPlan.columns, series: series)
  }

  /// The series of `plan` on their steps.
  private func grids(
    _ plan: Plan, _ context: Context, origin: SourceRange
  ) async throws -> [GridSeries] {
    let context = preparing(plan, context)
    if plan.type == .grid, case .grid(let grids) = try await evaluate(plan, context) {
      return grids
    }
    return try await seriesValue(plan, context).compactMap { one in
      try regular(one).map { GridSeries(key: one.key, base: $0, stages: [], origin: origin) }
    }
  }
}

extension Samples {
  /// How many there are at or before `time`.
  fileprivate func countUntil(_ time: Timestamp) -> Int {
    time.nanoseconds == .max ? count : lowerBound(of: time.nanoseconds + 1)
  }
}

extension RegularSeries {
  /// One bin, the last, with the value `value`.
  fileprivate func last(_ value: Double) -> RegularSeries {
    RegularSeries(start: time(at: max(0, count - 1)), step: step, values: [value])
  }
}
