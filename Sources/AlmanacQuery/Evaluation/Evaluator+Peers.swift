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
    let pools = Self.pools(of: all, by: plan.labels)
    let (moments, judging) = (inner, judged)
    let results = try await withThrowingTaskGroup(of: [(Int, LabelledOutliers)].self) { group in
      for pool in pools where pool.members.count >= PeerJudge.leastMembers {
        group.addTask {
          try await self.pool.compute { try judge(pool, of: all, judging, plan, moments) }
        }
      }
      var results = [LabelledOutliers?](repeating: nil, count: all.count)
      for try await part in group {
        for (index, one) in part { results[index] = one }
      }
      return results.compactMap { $0 }
    }
    warn(ofSmall: pools.filter { $0.members.count < PeerJudge.leastMembers })
    return results
  }

  /// Some series that are alike.
  private struct Peers: Sendable {
    /// As `pool=eu-1`; empty for all series.
    var name: String
    /// Their places among all series.
    var members: [Int] = []
  }

  /// Pools in order of their first series.
  private static func pools(of all: [LabelledSamples], by labels: [String]) -> [Peers] {
    var places: [[String]: Int] = [:]
    var pools: [Peers] = []
    for (index, one) in all.enumerated() {
      let values = labels.map { one.key.labels[$0] ?? "" }
      let place = places[values, default: pools.count]
      if place == pools.count {
        places[values] = place
        pools.append(
          Peers(name: zip(labels, values).map { "\($0)=\($1)" }.joined(separator: ", ")))
      }
      pools[place].members.append(index)
    }
    return pools
  }

  private func warn(ofSmall pools: [Peers]) {
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
    _ pool: Peers, of all: [LabelledSamples], _ judged: TimeRange, _ plan: PeersPlan,
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
          times: kept.map { times[$0.index] ?? grid.time(at: $0.index) }, model: nil)
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
