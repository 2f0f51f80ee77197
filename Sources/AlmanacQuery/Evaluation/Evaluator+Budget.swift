internal import AlmanacCore
internal import AlmanacForecast

extension Evaluator {
  /// The value of `plan`, within the budget.
  func evaluate(_ plan: Plan, _ context: Context) async throws -> Value {
    try budget.check()
    let parts = HeldBytes(budget)
    var inner = self
    inner.held = parts
    let value = try await inner.result(of: plan, context)
    // The parts are there until here: value and parts count together.
    try held?.hold(value.byteCount)
    parts.release()
    return value
  }

  /// The value of a whole query: what its stages make of series is worked out here, within the
  /// budget, and not where the answer is written.
  ///
  /// - Parameter isOrdered: whether the order of its series is to be kept.
  func answer(_ plan: Plan, _ context: Context, isOrdered: Bool = false) async throws -> Value {
    if plan.type == .grid {
      let series = Value.series(try await seriesValue(plan, context))
      try held?.hold(series.byteCount)
      return series
    }
    let value = try await evaluate(plan, context)
    guard case .series(let series) = value else { return value }
    return .series(
      try await pool.compute(weight: series.count) {
        let settled = try series.settled()
        return isOrdered ? settled : settled.inOrderOfKey()
      })
  }

  /// The series after their stages; notes what these filled in and took out.
  func prepared(_ grids: [GridSeries]) async throws -> [LabelledSamples] {
    let all = try await pool.map(grids, weight: .max) { grid in
      try budget.check()
      let (series, provenance) = try grid.preparedSeries()
      return (LabelledSamples(key: grid.key, samples: series.known), provenance)
    }
    if let note = Provenance.text(all.map(\.1)) { warnings.note(note) }
    return all.map(\.0)
  }
}

/// A pool whose work ends when the query must.
struct BudgetedPool: ComputePool {
  let pool: any ComputePool
  let budget: QueryBudget

  var width: Int { pool.width }

  func compute<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await pool.compute {
      try budget.check()
      return try body()
    }
  }
}

// MARK: - Sizes

extension LabelledSamples {
  /// About the bytes that a series takes beside its samples: key, two arrays.
  static let overhead = 256

  /// About how many bytes of memory it takes.
  public var byteCount: Int { Self.overhead + samples.count * 16 }
}

extension LabelledSummaries {
  /// About how many bytes of memory it takes.
  public var byteCount: Int {
    LabelledSamples.overhead + summaries.count * MemoryLayout<Summary>.stride
  }
}

extension Value {
  /// About how many bytes of memory it takes.
  var byteCount: Int {
    let overhead = LabelledSamples.overhead
    switch self {
    case .number: return 8
    case .string(let text): return text.utf8.count
    case .series(let all): return all.reduce(0) { $0 + $1.byteCount }
    case .grid(let all): return all.reduce(0) { $0 + overhead + $1.base.count * 8 }
    case .forecast(let all):
      return all.reduce(0) { sum, one in
        sum + overhead + one.curve.yhat.count * 8 * (1 + 2 * one.curve.bands.count)
      }
    case .outliers(let all):
      let size = MemoryLayout<JudgedSample>.stride + 8
      return all.reduce(0) { $0 + overhead + $1.grid.count * 8 + $1.samples.count * size }
    case .report(let report):
      return report.series.reduce(0) { sum, one in
        sum + overhead + one.times.count * 24 * (1 + one.columns.count)
      }
    }
  }
}

extension QueryResult {
  /// About how many bytes its table takes.
  public var tableByteCount: Int {
    switch value {
    // A moment, and a number that may be missing.
    case .series(let all): all.reduce(0) { $0 + LabelledSamples.overhead + $1.samples.count * 24 }
    default: value.byteCount * 2
    }
  }
}
