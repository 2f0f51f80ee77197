internal import AlmanacCore
internal import AlmanacForecast

/// Series beside the others of their pool.
extension Evaluator {
  /// The step of what has a value at any moment, where the request names none.
  static let usualStep = Interval.minutes(1)

  /// Judges the samples that the plan's input selects by those of the pool; what lies before them
  /// tells what is usual in it.
  func peers(_ plan: PeersPlan, _ context: Context) async throws -> [LabelledOutliers] {
    let length =
      plan.input.windowLength
      ?? context.range.map { $0.end.nanoseconds.subtractingReportingOverflow($0.start.nanoseconds) }
      .map { Interval(nanoseconds: $0.overflow ? .max : $0.partialValue) } ?? context.lookback
    let lead = min(max(length, .hours(2)), .days(1))
    var (data, inner, judged) = judgement(of: plan.input, context, lead: lead)
    if data.needsSteps, let range = inner.range {
      let step = context.step ?? Self.usualStep
      inner.step = step
      // A range shorter than a step has its end as its only one.
      inner.range?.start = min(
        range.end, Self.steps(of: step, through: judged.start, from: range.start, context))
    }
    let all = try await settledSeries(data, inner)
    let pools = SeriesPool.all(of: all.map(\.key), by: plan.labels)
    let isLarge = { (pool: SeriesPool) in pool.members.count >= PeerJudge.leastMembers }
    let (moments, judging) = (inner, judged)
    let results = try await pools.filter(isLarge).concurrentMap { pool in
      try await self.pool.compute { try judge(pool, of: all, judging, plan, moments) }
    }
    warn(ofSmall: pools.filter { !isLarge($0) })
    return results.joined().sorted { $0.0 < $1.0 }.map(\.1)
  }

  private func warn(ofSmall pools: [SeriesPool]) {
    guard let first = pools.first else { return }
    let least = PeerJudge.leastMembers
    if first.name.isEmpty {
      let many = first.members.count == 1 ? "1 series is" : "\(first.members.count) series are"
      warnings.add("\(many) not judged: peers compares \(least) or more")
      return
    }
    let names = pools.prefix(3).map(\.name).joined(separator: "; ")
    warnings.add(
      "\(pools.count == 1 ? "1 pool is" : "\(pools.count) pools are") not judged, peers compares "
        + "\(least) series or more: \(names)\(pools.count > 3 ? "; ..." : "")")
  }

  /// The first step at or after `earliest` from which steps lead to the first judged one: those of
  /// the request, else whole multiples.
  private static func steps(
    of step: Interval, through judged: Timestamp, from earliest: Timestamp, _ context: Context
  ) -> Timestamp {
    guard context.range != nil, context.step != nil else {
      return earliest.aligned(upTo: step)
    }
    let (lead, overflow) = judged.nanoseconds.subtractingReportingOverflow(earliest.nanoseconds)
    guard !overflow else { return judged }
    return judged - Interval(nanoseconds: lead / step.nanoseconds * step.nanoseconds)
  }

  private func judge(
    _ pool: SeriesPool, of all: [LabelledSamples], _ judged: TimeRange, _ plan: PeersPlan,
    _ context: Context
  ) throws -> [(Int, LabelledOutliers)] {
    let series = pool.members.map { all[$0] }
    let steps = series.compactMap { RegularSeries.detectStep($0.samples) }.sorted()
    guard let step = context.step ?? (steps.isEmpty ? nil : steps[steps.count / 2]) else {
      warnings.add(
        "\(pool.name.isEmpty ? "all series" : pool.name): left out, single samples have no step")
      return []
    }
    var grids: [RegularSeries] = []
    for one in series {
      try budget.check()
      try StepLimit.check(one.samples, step)
      grids.append(RegularSeries(samples: one.samples, step: step))
    }
    let known = grids.filter { $0.count > 0 }
    guard let start = known.map(\.start).min(), let end = known.map(\.nextTime).max() else {
      return []
    }
    try StepLimit.check(TimeRange(start: start, end: end), step)
    let count = start.distance(to: end).count(of: step)
    let bytes = HeldBytes(budget)
    try bytes.hold(count * grids.count * 16)
    let members = grids.map { grid -> [Double] in
      var values = [Double](repeating: .nan, count: count)
      let first = grid.count > 0 ? start.distance(to: grid.start).count(of: step) : 0
      for (index, value) in grid.values.enumerated() { values[first + index] = value }
      return values
    }
    let from = start.distance(to: judged.start.aligned(downTo: step)).count(of: step)
    let judge = PeerJudge(
      method: plan.method, tolerance: plan.tolerance,
      hold: max(1, context.lookback.count(of: step)),
      context: max(5, Interval.hours(1).count(of: step)), name: pool.name,
      includesAll: plan.includesAll)
    let results = try judge.judge(members, from: max(0, from)) { () throws(QueryError) in
      try budget.check()
    }
    return results.indices.compactMap { position in
      let grid = RegularSeries(start: start, step: step, values: members[position])
      let times = series[position].samples.times(in: grid)
      // Not judged at all: it has no samples where others were judged.
      guard times.values.contains(where: judged.contains) else { return nil }
      let kept = results[position].filter {
        judged.contains(times[$0.index] ?? grid.time(at: $0.index))
      }
      return (
        pool.members[position],
        LabelledOutliers(
          key: series[position].key, grid: grid, samples: kept,
          times: kept.map { times[$0.index] ?? grid.time(at: $0.index) }, model: nil,
          judgements: judgements.about(series[position].key, plan.signal.text))
      )
    }
  }
}

extension Timestamp {
  /// The first multiple of `step` at or after this moment.
  func aligned(upTo step: Interval) -> Timestamp {
    let below = aligned(downTo: step)
    return below < self ? below + step : below
  }

  /// From here to `other`, saturating.
  fileprivate func distance(to other: Timestamp) -> Interval {
    let (distance, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
    return Interval(nanoseconds: overflow ? (other < self ? .min : .max) : distance)
  }
}
