internal import AlmanacCore
internal import AlmanacForecast

extension Evaluator {
  /// How much of the past the walk-forward rules read before the first judged sample: four weeks
  /// of tails behind one week of profiles.
  private static let lead = Interval.days(36)

  /// Judges the samples that the plan's input selects; everything before them is history.
  func outliers(_ plan: OutliersPlan, _ context: Context) async throws -> [LabelledOutliers] {
    if let streamed = try await streamedOutliers(plan, context) { return streamed }
    let lead = plan.streamed == nil ? .zero : OutlierHistory.renewal
    let (data, inner, judged) = judgement(
      of: plan.input, context, lead: outlierLead(plan) + lead)
    let reference = try await reference(plan, context)
    let all = try await settledSeries(data, inner)
    return try await all.concurrentMap { one in
      let forecast = reference.first { $0.key == one.key }
      return try await pool.compute { try judge(one, judged, against: forecast, plan) }
    }
  }

  /// How much of the past counts before what is judged.
  func outlierLead(_ plan: OutliersPlan) -> Interval {
    max(Self.lead, plan.history + plan.history)
  }

  /// What to read, when, and which part of it to judge: what comes before that is read as history.
  func judgement(
    of input: Plan, _ context: Context, lead: Interval
  ) -> (data: Plan, context: Context, judged: TimeRange) {
    var data = input
    var inner = context
    while case .moved(let plan, let move) = data {
      data = plan
      inner = self.context(inner, moved: move)
    }
    inner.step = nil
    if let length = data.windowLength {
      // The windows inside begin earlier by the lead; what they were written for is judged.
      inner.range = nil
      inner.lead = lead
      return (data, inner, TimeRange(last: length, until: inner.time))
    }
    // A bare selector is judged by its newest sample, as everywhere.
    let judged = inner.range ?? TimeRange(last: inner.lookback, until: inner.time)
    inner.range = TimeRange(start: judged.start - lead, end: judged.end)
    return (data, inner, judged)
  }

  private func reference(
    _ plan: OutliersPlan, _ context: Context
  ) async throws -> [LabelledForecast] {
    guard let against = plan.against else { return [] }
    return try await forecast(against, context)
  }

  private func judge(
    _ one: LabelledSamples, _ judged: TimeRange, against forecast: LabelledForecast?,
    _ plan: OutliersPlan
  ) throws -> LabelledOutliers? {
    if plan.against != nil, forecast == nil {
      warnings.add("\(one.key): the forecast to judge against has no such series")
      return nil
    }
    let history = plan.streamed == nil ? nil : history(of: one.key, judged, plan)
    var one = one
    if let history { one.samples = history.cut(one.samples) }
    let step = history?.step(of: one.samples, until: judged.end).step
    guard let grid = try regular(one, step: step) else { return nil }
    let (distance, overflow) = judged.start.aligned(downTo: grid.step).nanoseconds
      .subtractingReportingOverflow(grid.start.nanoseconds)
    let from = overflow ? 0 : Int(min(max(distance / grid.step.nanoseconds, 0), Int64(grid.count)))
    guard from < grid.count else { return nil }
    let samples: [JudgedSample]
    do {
      samples = try OutlierDetector(options: options(plan, grid, one.key, history)).judge(
        grid.values, from: from, against: forecast.map { $0.reference(on: grid) })
    } catch {
      throw failure(one.key, error, plan)
    }
    let times = one.samples.times(in: grid)
    let kept = samples.filter { sample in
      judged.contains(times[sample.index] ?? grid.time(at: sample.index))
        && (plan.includesAll || sample.score >= 1)
    }
    return LabelledOutliers(
      key: one.key, grid: grid, samples: kept,
      times: kept.map { times[$0.index] ?? grid.time(at: $0.index) }, model: forecast?.model,
      judgements: judgements.about(one.key, plan.signal.text))
  }

  func failure(_ key: SeriesKey, _ error: OutlierError, _ plan: OutliersPlan) -> QueryError {
    QueryError(
      code: .evaluation, message: "\(key): \(error.message)", range: plan.range,
      stage: "outliers", hint: "docs/query-language.md has the range of every argument")
  }

  /// By how much feedback moves the threshold of a series.
  func thresholdFactor(of key: SeriesKey, _ plan: OutliersPlan) -> Double {
    judgements.factor(of: key, plan.signal.text, plan.method.rawValue)
  }

  /// - Parameter history: when refits are due; nil for quarter days.
  func options(
    _ plan: OutliersPlan, _ grid: RegularSeries, _ key: SeriesKey, _ history: OutlierHistory?
  ) -> OutlierOptions {
    let day = Interval.days(1).nanoseconds
    let perDay = max(1, Int((day + grid.step.nanoseconds / 2) / grid.step.nanoseconds))
    var options = OutlierOptions(samplesPerDay: perDay)
    options.method = plan.method
    options.historyDays = plan.history.seconds / Interval.days(1).seconds
    options.threshold = plan.threshold
    options.thresholdFactor = thresholdFactor(of: key, plan)
    options.alarmsPerDay = plan.alarmsPerDay
    options.direction = plan.direction
    options.minimumDeviation = plan.minimumDeviation
    options.minimumRun = max(1, plan.minimumDuration.count(of: grid.step))
    options.seed = plan.seed
    options.gridOffset =
      history?.offset(of: grid.start, step: grid.step)
      ?? Int(grid.start.nanoseconds / grid.step.nanoseconds)
    return options
  }
}

extension Samples {
  /// The time of the last sample in each bin of `grid` that has one.
  func times(in grid: RegularSeries) -> [Int: Timestamp] {
    var times: [Int: Timestamp] = [:]
    times.reserveCapacity(count)
    for time in timestamps {
      let (distance, overflow) = time.subtractingReportingOverflow(grid.start.nanoseconds)
      guard !overflow, distance >= 0 else { continue }
      times[Int(distance / grid.step.nanoseconds)] = Timestamp(nanoseconds: time)
    }
    return times
  }
}

extension LabelledForecast {
  /// The curve and its widest band at the bins of `grid`, NaN where the forecast says nothing.
  fileprivate func reference(on grid: RegularSeries) -> ReferenceCurve {
    let band = curve.bands.max { $0.level < $1.level }
    var reference = ReferenceCurve(
      expected: [Double](repeating: .nan, count: grid.count),
      lower: [Double](repeating: .nan, count: grid.count),
      upper: [Double](repeating: .nan, count: grid.count))
    for index in 0..<grid.count {
      let (distance, overflow) = grid.time(at: index).nanoseconds.subtractingReportingOverflow(
        curve.start.nanoseconds)
      guard !overflow, distance >= 0 else { continue }
      let position = Int(distance / curve.step.nanoseconds)
      guard position < curve.yhat.count else { break }
      reference.expected[index] = curve.yhat[position]
      if let band {
        reference.lower[index] = band.lower[position]
        reference.upper[index] = band.upper[position]
      }
    }
    return reference
  }
}

extension LabelledOutliers {
  /// One column as series.
  func samples(_ column: Column) -> LabelledSamples {
    let values = samples.map { sample in
      switch column {
      case .score: return sample.score
      case .value: return sample.value
      case .expected: return sample.expected
      case .outlierLower: return sample.lower
      case .outlierUpper: return sample.upper
      case .flag: return sample.score < 1 ? 0 : sample.direction == .down ? -1 : 1
      case .yhat, .lower, .upper, .report:
        preconditionFailure("BUG: the planner takes no such column of outliers")
      }
    }
    return LabelledSamples(
      key: key, samples: Samples(timestamps: times.map(\.nanoseconds), values: values))
  }
}
