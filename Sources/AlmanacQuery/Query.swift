internal import AlmanacCore

/// A query that was read and checked and can be evaluated.
public struct Query: Sendable {
  /// Limits of one evaluation.
  public struct Limits: Sendable {
    /// Samples that may be read.
    public var samples = 50_000_000

    /// The defaults.
    public init() {}
  }

  private let plan: Plan

  /// Reads `text` and checks everything that can be checked without data.
  public init(_ text: String) throws(QueryError) {
    plan = try Planner.plan(try Parser.parse(text))
  }

  /// Which form the result has, known before any data is read.
  public var shape: QueryResult.Shape {
    switch plan.type {
    case .number: .scalar
    case .string: .string
    case .report: .report
    case .series, .grid, .forecast, .outliers:
      plan.isWindow ? .window : plan.isInstant ? .vector : .curves
    }
  }

  /// The query's result.
  ///
  /// - Throws: `QueryError`, `CancellationError`, or what the sources throw.
  public func evaluate(
    at time: QueryTime, series: any SeriesSource, models: any ModelSource,
    pool: any ComputePool, limits: Limits = Limits()
  ) async throws -> QueryResult {
    let warnings = Warnings()
    let evaluator = Evaluator(
      series: series, models: models, pool: pool, budget: SampleBudget(limit: limits.samples),
      warnings: warnings)
    var context = Evaluator.Context(
      time: time.time, range: time.range, step: time.step,
      whole: time.range ?? TimeRange(start: time.time, end: time.time))
    context.lookback = time.lookback ?? Evaluator.lookback
    context.resolution = time.resolution
    let value = try await evaluator.evaluate(plan, context)
    return QueryResult(value: value, shape: shape, time: time, warnings: warnings.all)
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

  /// The result as rows.
  public func table() throws(QueryError) -> Table {
    try Table(value, now: time.time, warnings: warnings)
  }
}
