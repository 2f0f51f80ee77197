internal import AlmanacCore
internal import AlmanacForecast

/// When series change.
extension Evaluator {
  /// How much past is looked at where neither window nor range nor argument says it.
  private static let history = Interval.days(30)

  /// The moments at which each series changes.
  func changes(_ plan: ChangesPlan, _ context: Context) async throws -> Report {
    var inner = context
    inner.step = nil
    if plan.input.windowLength == nil {
      if context.range == nil || plan.history != nil {
        inner.range = TimeRange(last: plan.history ?? Self.history, until: context.time)
      }
    }
    if plan.input.needsSteps, let range = inner.range {
      let step = context.step ?? Self.usualStep
      inner.step = step
      // The steps of the request begin where it does.
      if range.start != context.range?.start {
        inner.range?.start = min(range.end, range.start.aligned(upTo: step))
      }
    }
    let all = try await settledSeries(plan.input, inner)
    let series = try await pool.map(all, weight: .max) { one -> Table.Series? in
      try budget.check()
      guard let grid = try regular(one) else { return nil }
      let found = ChangePoint.find(in: grid).filter { plan.kind == nil || $0.kind == plan.kind }
      guard !found.isEmpty else { return nil }
      let times = one.samples.times(in: grid)
      return Table.Series(
        key: one.key, model: nil,
        times: found.map { times[$0.index] ?? grid.time(at: $0.index) },
        columns: [
          .texts(found.map(\.kind.rawValue)), .numbers(found.map(\.before)),
          .numbers(found.map(\.after)), .numbers(found.map { $0.after - $0.before }),
          .numbers(found.map(\.score)),
        ])
    }
    return Report(columns: ChangesPlan.columns, series: series)
  }
}
