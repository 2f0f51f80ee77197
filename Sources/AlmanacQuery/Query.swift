internal import AlmanacCore

/// A query that was read and checked and can be evaluated.
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

  private let plan: Plan
  /// What is planned again with the times of each evaluation, where durations depend on them.
  private let script: Script?

  /// Reads `text` and checks everything that can be checked without data.
  public init(_ text: String) throws(QueryError) {
    let script = try Parser.parse(text)
    plan = try Planner.plan(script)
    self.script = script.hasQueryDurations ? script : nil
  }

  /// Which form the result has, known before any data is read.
  public var shape: QueryResult.Shape {
    switch plan.type {
    case .number: .scalar
    case .string: .string
    case .report, .decomposition: .report
    case .series, .grid, .forecast, .outliers:
      plan.isWindow ? .window : plan.isInstant ? .vector : .curves
    }
  }

  /// The query's result.
  ///
  /// - Parameter budget: what it may cost; its time has begun.
  /// - Throws: `QueryError`, or what the sources throw.
  public func evaluate(
    at time: QueryTime, series: any SeriesSource, models: any ModelSource,
    pool: any ComputePool, budget: QueryBudget = QueryBudget(Limits())
  ) async throws -> QueryResult {
    let plan =
      try script.map { script throws(QueryError) in
        try Planner.plan(script, durations: QueryDurations(time))
      } ?? plan
    let warnings = Warnings()
    let evaluator = Evaluator(
      series: series, models: models, pool: BudgetedPool(pool: pool, budget: budget),
      budget: budget, warnings: warnings)
    var context = Evaluator.Context(
      time: time.time, range: time.range, step: time.step,
      whole: time.range ?? TimeRange(start: time.time, end: time.time))
    context.lookback = time.lookback ?? Evaluator.lookback
    context.resolution = time.resolution
    let held = HeldBytes(budget)
    context.held = held
    let moment = context
    let isOrdered = time.range == nil && plan.isOrdered
    let value = try await budget.run {
      try await evaluator.answer(plan, moment, isOrdered: isOrdered)
    }
    return QueryResult(
      value: value, shape: shape, time: time, warnings: warnings.all, isOrdered: isOrdered,
      cost: budget.cost, held: held)
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
  /// Whether the order of the series means something, as after `sort`; else it is that of their keys.
  public var isOrdered = false
  /// What it cost.
  public var cost: QueryCost
  /// The value's bytes, which count in the budget as long as this lives.
  let held: HeldBytes

  /// The result as rows.
  public func table() throws(QueryError) -> Table {
    try Table(value, now: time.time, warnings: warnings, keepsOrder: isOrdered)
  }
}
