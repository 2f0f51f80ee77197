internal import AlmanacCore

/// A query, or a script of statements, that was read and checked and can be evaluated.
public struct Query: Sendable {
  /// Limits of one evaluation.
  public struct Limits: Sendable {
    /// Samples that may be read.
    public var samples = 50_000_000
    /// About how many bytes samples and results may take at once.
    public var bytes = 1 << 30
    /// How long it may take; nil for as long as it takes.
    public var timeout: Duration?

    /// The defaults.
    public init() {}
  }

  /// What its statements ask for, in order; most queries are one `answer`.
  public let steps: [Step]
  let plan: Plan?
  private let explanation: Explanation?
  /// What is planned again with the times of each evaluation, where durations depend on them.
  private let script: (text: Script, lets: [StoredLet])?

  /// Reads `text` and checks everything that can be checked without data.
  ///
  /// - Parameter lets: the definitions that are stored.
  public init(_ text: String, lets: [StoredLet] = []) throws(QueryError) {
    let script = try Parser.parse(text)
    self.init(
      try PlannedScript(script, lets: lets), script.hasQueryDurations ? (script, lets) : nil)
  }

  private init(_ planned: PlannedScript, _ script: (text: Script, lets: [StoredLet])?) {
    steps = planned.steps
    plan = planned.plan
    explanation = planned.explanation
    self.script = script
  }

  /// Which form the result has, known before any data is read.
  public var shape: QueryResult.Shape {
    guard let plan, explanation == nil else { return .report }
    switch plan.type {
    case .number: return .scalar
    case .string: return .string
    case .report, .decomposition: return .report
    case .series, .grid, .forecast, .outliers:
      return plan.isWindow ? .window : plan.isInstant ? .vector : .curves
    }
  }

  /// The result of the last statement, which must be a query or explain one: the others are up to a
  /// database.
  ///
  /// - Parameters:
  ///   - budget: what it may cost; its time has begun.
  ///   - sink: where forecasts are stored that ask for it; nil refuses that.
  ///   - stages: where results of stages are kept for other queries.
  ///   - curves: where forecasts are kept for other queries.
  ///   - outliers: what is remembered of series whose outliers were asked for.
  ///   - feedback: what is known of outliers; nil refuses to take in more.
  /// - Throws: `QueryError`, or what the sources throw.
  public func evaluate(
    at time: QueryTime, series: any SeriesSource, models: any ModelSource,
    pool: any ComputePool, budget: QueryBudget = QueryBudget(Limits()),
    sink: (any SeriesSink)? = nil, stages: StageCache? = nil, curves: CurveCache? = nil,
    outliers: OutlierStates? = nil, feedback: (any JudgementStore)? = nil
  ) async throws -> QueryResult {
    if let script {
      let planned = try PlannedScript(
        script.text, lets: script.lets, durations: QueryDurations(time))
      return try await Query(planned, nil).evaluate(
        at: time, series: series, models: models, pool: pool, budget: budget, sink: sink,
        stages: stages, curves: curves, outliers: outliers, feedback: feedback)
    }
    guard let plan else {
      throw QueryError(
        code: .evaluation, message: "cannot carry this statement out: it needs a database",
        stage: "evaluate", hint: "ask a server")
    }
    let warnings = Warnings()
    skipWarnings.forEach(warnings.add)
    let held = HeldBytes(budget)
    var evaluator = Evaluator(
      series: series, models: models, sink: sink, pool: BudgetedPool(pool: pool, budget: budget),
      budget: budget, warnings: warnings)
    evaluator.stages.cache = stages
    evaluator.stages.curves = curves
    evaluator.stages.outliers = outliers
    evaluator.held = held
    evaluator.feedback = feedback
    evaluator.judgements = feedback?.judgements ?? .none
    var context = Evaluator.Context(
      time: time.time, range: time.range, step: time.step,
      whole: time.range ?? TimeRange(start: time.time, end: time.time))
    context.lookback = time.lookback ?? Evaluator.lookback
    context.resolution = time.resolution
    context.judgements = evaluator.judgements.version
    let (moment, worker) = (context, evaluator)
    let isOrdered = time.range == nil && plan.isOrdered
    let value = try await budget.run { () async throws -> Value in
      if let explanation { return .report(try await explanation.report(worker, moment)) }
      return try await worker.answer(plan, moment, isOrdered: isOrdered)
    }
    return QueryResult(
      value: value, shape: shape, time: time, warnings: warnings.all.warnings,
      infos: warnings.all.infos, isOrdered: isOrdered,
      cost: budget.cost, held: held)
  }

  /// The answer where a database has carried the last statement out, which came to `report`.
  public func result(
    _ report: Report, at time: QueryTime, _ budget: QueryBudget
  ) -> QueryResult {
    QueryResult(
      value: .report(report), shape: shape, time: time, warnings: skipWarnings,
      cost: budget.cost, held: HeldBytes(budget))
  }

  private var skipWarnings: [String] {
    steps.compactMap { step in
      guard case .skip(let range) = step else { return nil }
      return "line \(range.start.line): only the last query of a script is worked out"
    }
  }
}

/// What a query came to.
public struct QueryResult: Sendable {
  /// The forms of results.
  public enum Shape: Sendable {
    /// A number without a series.
    case scalar
    /// A text.
    case string
    /// One value of each series at one moment, or one a step in a range.
    case vector
    /// The samples of a window, at their own times.
    case window
    /// Other samples at their own times: grids, forecasts, outliers and what is made of them.
    case curves
    /// A small table.
    case report
  }

  /// The values.
  public var value: Value
  /// Their form.
  public var shape: Shape
  /// When the query was evaluated.
  public var time: QueryTime
  /// What the user should know about the answer.
  public var warnings: [String]
  /// How the answer came about, where there is something to say.
  public var infos: [String] = []
  /// Whether the order of the series means something, as after `sort`; else it is that of their keys.
  public var isOrdered = false
  /// What it cost.
  public var cost: QueryCost
  /// The value's bytes, which count in the budget as long as this lives.
  let held: HeldBytes

  /// The result as rows.
  public func table() throws(QueryError) -> Table {
    try Table(value, now: time.time, warnings: warnings, infos: infos, keepsOrder: isOrdered)
  }
}
