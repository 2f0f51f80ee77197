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

  /// The query's result as rows.
  ///
  /// - Throws: `QueryError`, `CancellationError`, or what the sources throw.
  public func evaluate(
    at time: QueryTime, series: any SeriesSource, models: any ModelSource,
    pool: any ComputePool, limits: Limits = Limits()
  ) async throws -> Table {
    let warnings = Warnings()
    let evaluator = Evaluator(
      series: series, models: models, pool: pool, budget: SampleBudget(limit: limits.samples),
      warnings: warnings)
    let context = Evaluator.Context(
      time: time.time, range: time.range, step: time.step, whole: time.range)
    let value = try await evaluator.evaluate(plan, context)
    return try await pool.compute {
      try Table(value, now: time.time, warnings: warnings.all)
    }
  }
}
