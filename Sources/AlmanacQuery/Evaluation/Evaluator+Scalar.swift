internal import AlmanacCore

/// Numbers that are worked out at each moment, and what takes them.
extension Evaluator {
  /// A number, or in a range with steps a series of numbers without labels.
  func number(_ plan: Plan, _ context: Context) async throws -> Value {
    switch try await scalar(plan, context) {
    case .constant(let value): return .number(value)
    case .varying(let moments, let values):
      guard context.range != nil, context.step != nil else { return .number(values[0]) }
      return .series([
        LabelledSamples(
          key: SeriesKey(metric: "", labels: .none),
          samples: Samples(timestamps: moments.times, values: values))
      ])
    }
  }

  /// The value of a number at each moment of `context`.
  func scalar(_ plan: Plan, _ context: Context) async throws -> Scalar {
    if let constant = plan.constant { return .constant(constant) }
    switch plan {
    case .negated(let plan): return try await scalar(plan, context).map { -$0 }
    case .arithmetic(let node):
      let left = try await scalar(node.left, context)
      return left.combined(with: try await scalar(node.right, context), node.apply)
    case .moved(let plan, let move):
      var inner = self.context(context, moved: move)
      if move.isOffset, context.step != nil {
        let moved = try await scalar(plan, inner)
        return moved.isConstant ? moved : .varying(try context.moments, moved.values)
      }
      inner.range = nil
      inner.step = nil
      return .constant(try await scalar(plan, inner)[0])
    case .scalar(let node): return try await scalar(node, context)
    default: break
    }
    preconditionFailure("BUG: the planner takes this for a number")
  }

  private func scalar(_ plan: ScalarPlan, _ context: Context) async throws -> Scalar {
    let whole = context.whole ?? TimeRange(start: context.time, end: context.time)
    switch plan {
    case .time:
      let moments = try context.moments
      return .varying(moments, moments.times.map(\.asSeconds))
    case .start: return .constant(whole.start.nanoseconds.asSeconds)
    case .end: return .constant(whole.end.nanoseconds.asSeconds)
    case .step: return .constant(context.step?.seconds ?? 0)
    case .range:
      let length = whole.end.nanoseconds.subtractingReportingOverflow(whole.start.nanoseconds)
      return .constant(Interval(nanoseconds: length.partialValue).seconds)
    case .greatest(let a, let b):
      let a = try await scalar(a, context)
      return a.combined(with: try await scalar(b, context), ElementaryFunction.greater)
    case .least(let a, let b):
      let a = try await scalar(a, context)
      return a.combined(with: try await scalar(b, context), ElementaryFunction.lesser)
    case .only(let plan):
      let (series, moments) = try await atMoments(plan, context)
      var values = [Double](repeating: .nan, count: moments.count)
      var counts = [Int](repeating: 0, count: moments.count)
      for one in series {
        for (time, value) in zip(one.samples.timestamps, one.samples.values) {
          let index = Int((time - moments.first) / moments.step)
          counts[index] += 1
          values[index] = counts[index] == 1 ? value : .nan
        }
      }
      return .varying(moments, values)
    }
  }

  /// A number beside the series of `input`: at each moment where these have a value at each, else
  /// at the time of the evaluation.
  func scalar(_ plan: Plan, beside input: Plan, _ context: Context) async throws -> Scalar {
    if isOnMoments(input, context) { return try await scalar(plan, context) }
    var inner = context
    inner.range = nil
    inner.step = nil
    return .constant(try await scalar(plan, inner)[0])
  }

  /// The series of an instant plan with their samples on moments, and these. In a range without a
  /// step that is its end.
  func atMoments(
    _ plan: Plan, _ context: Context
  ) async throws -> (series: [LabelledSamples], moments: Moments) {
    var inner = context
    if inner.step == nil { inner.range = nil }
    let series = stamped(try await seriesValue(plan, inner), of: plan, inner)
    return (series, try inner.moments)
  }

  /// The number `plan` as a series without labels.
  func vector(_ plan: Plan, _ context: Context) async throws -> [LabelledSamples] {
    let number = try await scalar(plan, context)
    let times = try context.moments.times
    let values = times.indices.map { number[$0] }
    return [
      LabelledSamples(
        key: SeriesKey(metric: "", labels: .none),
        samples: Samples(timestamps: times, values: values))
    ]
  }

  /// Arithmetic of series with a number.
  func withNumber(_ node: Arithmetic, _ context: Context) async throws -> [LabelledSamples] {
    let numberIsLeft = node.left.type == .number
    let (plan, other) = numberIsLeft ? (node.right, node.left) : (node.left, node.right)
    let number = try await scalar(other, beside: plan, context)
    let series = stamped(try await seriesValue(plan, context), of: plan, context)
    return try await pool.map(series, weight: series.sampleCount) {
      node.apply($0, number, numberIsLeft: numberIsLeft)
    }
  }

  func aggregate(_ node: Aggregation, _ context: Context) async throws -> [LabelledSamples] {
    let parameter = try await scalar(node.parameter, beside: node.input, context)
    if node.function == .quantile { warn(ofShares: parameter, at: node.parameterRange) }
    let input = stamped(try await seriesValue(node.input, context), of: node.input, context)
    let times = isOnMoments(node.input, context) ? try context.moments.times : nil
    let weight = input.sampleCount
    let (all, groups) = try await pool.compute(weight: weight) {
      let all = times == nil ? try Alignment.align(input) : input
      return (all, node.grouping.groups(of: all))
    }
    return try await pool.map(groups, weight: weight) {
      node.apply($0, of: all, at: times, parameter)
    }
  }

  func rank(_ node: Ranking, _ context: Context) async throws -> [LabelledSamples] {
    let count = try await scalar(node.count, beside: node.input, context)
    for value in count.values where value.isNaN {
      throw QueryError(
        code: .evaluation, message: "Parameter value is NaN", range: node.range,
        stage: "evaluate", hint: "the number of series must be a number")
    }
    let isOneMoment = context.range == nil
    return try await across(node.input, context) {
      let kept = try node.apply($0, at: $1, count)
      return isOneMoment && node.input.isInstant ? node.ordered(kept) : kept
    }
  }

  /// Says so where a quantile is asked for that there cannot be.
  func warn(ofShares shares: Scalar, at range: SourceRange) {
    guard let share = shares.values.first(where: { !($0 >= 0 && $0 <= 1) }) else { return }
    warnings.add(
      "PromQL warning: quantile value should be between 0 and 1, got \(share.shortestText) "
        + "(\(range.start.line):\(range.start.column))")
  }

  /// The series of `plan` without metrics that were to go.
  func settledSeries(_ plan: Plan, _ context: Context) async throws -> [LabelledSamples] {
    try await settled(try await seriesValue(plan, context))
  }

  func settled(_ series: [LabelledSamples]) async throws -> [LabelledSamples] {
    try await pool.compute(weight: series.count) { try series.settled() }
  }

  /// The series in order of key, those of the same key made one.
  func joined(_ series: [LabelledSamples]) async throws -> [LabelledSamples] {
    try await pool.compute(weight: series.count) { try series.joined().inOrderOfKey() }
  }
}
