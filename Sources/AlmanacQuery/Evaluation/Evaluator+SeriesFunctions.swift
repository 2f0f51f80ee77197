internal import AlmanacCore

/// Functions of series, sample by sample or of their labels, and set operators.
extension Evaluator {
  func function(
    _ node: SeriesFunctionPlan, _ context: Context
  ) async throws -> [LabelledSamples] {
    switch node.operation {
    case .absent(let labels): return try await absent(node.input, labels, context)
    case .histogram(let function): return try await histogram(function, of: node.input, context)
    default: break
    }
    let input = stamped(try await seriesValue(node.input, context), of: node.input, context)
    let weight = input.sampleCount
    switch node.operation {
    case .values(let rule):
      return try await pool.map(input, weight: weight) { one in
        one.with(Samples(timestamps: one.samples.timestamps, values: rule(one.samples.values)))
      }.droppingMetric()
    case .bounded(let rule, let first, let second):
      let a = try await scalar(first, beside: node.input, context)
      let b = try await scalar(second, beside: node.input, context)
      return try await pool.map(input, weight: weight) { one in
        Self.bounded(one, rule, a, b)
      }.droppingMetric()
    case .moments:
      return try await pool.map(input, weight: weight) { one in
        let times = one.samples.timestamps
        return one.with(Samples(timestamps: times, values: times.map(\.asSeconds)))
      }.droppingMetric()
    case .relabelled(let rule):
      return try await joined(
        try await pool.map(input, weight: input.count) { rule.apply($0) })
    case .sorted(let sorting): return context.range == nil ? sorting.apply(input) : input
    case .absent, .histogram: preconditionFailure("BUG: this was done before")
    }
  }

  /// Each sample with the two numbers at its time.
  private static func bounded(
    _ one: LabelledSamples, _ rule: (Double, Double, Double) -> Double?, _ a: Scalar, _ b: Scalar
  ) -> LabelledSamples? {
    var samples = Samples(capacity: one.samples.count)
    for (time, value) in zip(one.samples.timestamps, one.samples.values) {
      if let result = rule(value, a.at(time), b.at(time)) {
        _ = samples.append(time: time, value: result)
      }
    }
    return samples.isEmpty ? nil : one.with(samples)
  }

  /// 1 at each moment where no series has a sample.
  private func absent(
    _ plan: Plan, _ labels: Labels, _ context: Context
  ) async throws -> [LabelledSamples] {
    let (series, moments) = try await atMoments(plan, context)
    var isPresent = [Bool](repeating: false, count: moments.count)
    for one in series {
      for time in one.samples.timestamps {
        isPresent[Int((time - moments.first) / moments.step)] = true
      }
    }
    var values = MomentValues(at: moments.times)
    for (index, isPresent) in isPresent.enumerated() where !isPresent {
      values.append(1, at: index)
    }
    let samples = values.samples
    if samples.isEmpty { return [] }
    return [LabelledSamples(key: SeriesKey(metric: "", labels: labels), samples: samples)]
  }

  func setOperation(_ node: SetOperation, _ context: Context) async throws -> [LabelledSamples] {
    let left = stamped(try await seriesValue(node.left, context), of: node.left, context)
    let right = stamped(try await seriesValue(node.right, context), of: node.right, context)
    let isAligned = isOnMoments(node.left, context) && isOnMoments(node.right, context)
    return try await pool.compute(weight: left.sampleCount + right.sampleCount) {
      try node.apply(left, right, isAligned: isAligned)
    }
  }

  /// The newest samples with their times in seconds as values.
  func sampleTimes(
    _ selection: Selection, _ context: Context
  ) async throws -> [LabelledSamples] {
    guard context.range != nil, context.step != nil else {
      return try await select(selection, context).map { one in
        let times = one.samples.timestamps
        return one.with(Samples(timestamps: times, values: times.map(\.asSeconds)))
      }.droppingMetric()
    }
    let newest = NewestValues(at: try context.moments, lookback: context.lookback)
    return try await read(selection, in: newest.range, keepsMarkers: true) { one in
      let samples = newest.of(one.samples, isTimes: true)
      try budget.count(samples.count)
      return samples.isEmpty ? nil : one.with(samples)
    }.droppingMetric()
  }
}
