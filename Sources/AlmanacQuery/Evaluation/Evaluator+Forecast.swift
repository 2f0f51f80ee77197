internal import AlmanacCore
internal import AlmanacForecast

extension Evaluator {
  /// One forecast for each series of the plan's input.
  ///
  /// The model is trained on what lies before the bucket, the moment of the query aligned down; it
  /// then looks ahead from everything up to that moment. So the queries of a day share a model,
  /// and each sees the newest samples.
  func forecast(_ plan: ForecastPlan, _ context: Context) async throws -> [LabelledForecast] {
    let histories = try await histories(plan, context)
    let trainings = try await pool.map(histories, weight: .max) { Self.training(on: $0, plan) }
    let groups = try await groups(plan, trainings.map { ($0.history.key, $0.past) })
    let all = try await trainings.concurrentMap { training in
      try await forecast(training, groups[training.history.key], plan)
    }
    return try await stored(all, plan)
  }

  /// The forecasts as they are; written where `plan` says so and they are more than a makeshift.
  private func stored(
    _ all: [LabelledForecast], _ plan: ForecastPlan
  ) async throws -> [LabelledForecast] {
    guard let metric = plan.store, !(stages.watch?.isDry ?? false) else { return all }
    guard let sink else {
      throw failure(
        plan, "and store it: the database is read only", hint: "leave store out, or ask a server")
    }
    let final = all.filter { $0.model.job == nil }
    if let own = final.first(where: { $0.key.metric == metric }) {
      throw failure(
        plan, "\(own.key) and store it as \(metric): that is the metric of what was measured",
        hint: "write store=\(metric)_forecast")
    }
    try await sink.write(final.flatMap { $0.curves(metric: metric) })
    return all
  }

  /// One series of a forecast's input on its step, with the moment that it is seen from.
  struct History: Sendable {
    let key: SeriesKey
    /// Everything up to the moment, longer than the history asked for.
    let full: RegularSeries
    let now: Timestamp
  }

  /// The series that `plan` looks ahead from, with what lies up to `lead` before its history.
  func histories(
    _ plan: ForecastPlan, lead: Interval = Self.largestBucket, _ context: Context
  ) async throws -> [History] {
    var inner = context
    inner.lead = lead
    inner.step = nil
    let data = plan.input.beforeStages
    if data.windowLength == nil {
      inner.range = TimeRange(last: plan.history + inner.lead, until: context.time)
    } else {
      inner.range = nil
    }
    let now = moment(of: data, context)
    let all = try await settledSeries(data, inner)
    return try await pool.compute {
      try all.compactMap { one in
        guard let series = try regular(one, step: plan.step), series.count > 0 else { return nil }
        return History(key: one.key, full: series, now: now)
      }
    }
  }

  /// The moment from which data is seen, with `offset` and `@` of the input applied.
  func moment(of plan: Plan, _ context: Context) -> Timestamp {
    switch plan {
    // What `offset` brings without a window is moved to now: it is seen from now.
    case .moved(let inner, .offset) where inner.windowLength == nil: moment(of: inner, context)
    case .moved(let inner, let move): moment(of: inner, self.context(context, moved: move))
    case .stage(let node): moment(of: node.plan, context)
    default: plan.preparationInput.map { moment(of: $0, context) } ?? context.time
    }
  }

  /// What a model is trained on.
  private struct Training: Sendable {
    let history: History
    /// What lies before the bucket.
    let past: RegularSeries
    let bucket: Timestamp
  }

  private static func training(on history: History, _ plan: ForecastPlan) -> Training {
    let bucket = bucket(for: history.now, maximumAge: plan.maximumAge, of: history.full)
    let past = history.full.inside(after: bucket - plan.history, before: bucket)
    return Training(history: history, past: past, bucket: bucket)
  }

  /// The steps of `step` to look ahead, of which there must be some, and not too many.
  func steps(of plan: ForecastPlan, _ step: Interval) throws(QueryError) -> Int {
    let steps = plan.horizon.count(of: step)
    guard steps >= 1, steps <= ForecastModel.maximumSteps / (1 + plan.levels.count) else {
      throw failure(
        plan, "a horizon of \(plan.horizon) is \(steps) steps of \(step)",
        hint: steps < 1 ? "choose a longer horizon or a shorter step" : "choose a longer step")
    }
    return steps
  }

  /// The group of each series, where `plan` has groups: those that are alike in its labels.
  func groups(
    _ plan: ForecastPlan, _ pasts: [(key: SeriesKey, history: RegularSeries)]
  ) async throws -> [SeriesKey: ModelGroup] {
    guard let labels = plan.group else { return [:] }
    return try await pool.compute {
      var groups: [SeriesKey: ModelGroup] = [:]
      for pool in SeriesPool.all(of: pasts.map(\.key), by: labels) {
        let members = pool.members.map { pasts[$0] }
        let group = ModelGroup(
          pool.values.joined(separator: "\u{0}"), members.inOrder(of: \.key))
        for member in members { groups[member.key] = group }
      }
      return groups
    }
  }

  private func forecast(
    _ training: Training, _ group: ModelGroup?, _ plan: ForecastPlan
  ) async throws -> LabelledForecast {
    let history = training.history
    let steps = try steps(of: plan, history.full.step)
    let request = ModelRequest(
      plan: plan.inputText, key: history.key, history: training.past, bucket: training.bucket,
      options: plan.options, wait: min(plan.wait, budget.timeLeft ?? plan.wait), group: group)
    do {
      let answer = try await models.model(request)
      try budget.check()
      switch answer {
      case .model(let model, let info):
        if info.state == .stale, let job = info.job {
          warnings.add(
            "\(history.key): a model trained until \(info.trainedUntil) answers while job \(job) "
              + "trains a newer one")
        }
        return try await predict(history, model, info, steps, plan)
      case .pending(let job):
        // Not kept: the next query gets the trained model.
        var plain = plan.options
        plain.model = .seasonalNaive
        let options = plain
        let model = try await pool.compute {
          try ForecastModel.train(on: training.past, options: options)
        }
        let info = ModelInfo(
          id: nil, kind: model.kind, state: .fallback, trainedUntil: model.trainedUntil,
          holdout: model.holdout, reason: "the model is still being trained", job: job)
        warnings.add("job \(job) is still training; this is a plain seasonal forecast")
        return try await predict(history, model, info, steps, plan)
      }
    } catch let error as ForecastError where error.code == .cancelled {
      throw QueryError(
        code: .cancelled, message: "the training was cancelled", range: plan.range,
        stage: "forecast", hint: "ask again to train anew")
    } catch let error as ForecastError {
      throw failure(plan, "\(history.key): \(error.message)", hint: "give it a longer history")
    }
  }

  private func predict(
    _ history: History, _ model: ForecastModel, _ info: ModelInfo, _ steps: Int,
    _ plan: ForecastPlan
  ) async throws -> LabelledForecast {
    let curves = stages.curves
    let curve = try await pool.compute { () throws -> ForecastCurve in
      let recent = history.full.suffix(after: history.now - plan.history)
      let predict = { () throws(ForecastError) in
        try model.predict(from: recent, steps: steps, levels: plan.levels)
      }
      guard let curves, let id = info.id else { return try predict() }
      let key = CurveCache.Key(model: id, from: recent, steps: steps, levels: plan.levels)
      return try curves.curve(key, else: predict)
    }
    if let reason = info.reason, info.job == nil { warnings.add("\(history.key): \(reason)") }
    if let shift = curve.shift { warnings.add("\(history.key): \(shift.text)") }
    return LabelledForecast(key: history.key, curve: curve, model: info)
  }

  func failure(_ plan: ForecastPlan, _ cause: String, hint: String) -> QueryError {
    QueryError(
      code: .evaluation, message: "cannot forecast \(cause)", range: plan.range,
      stage: "forecast", hint: hint)
  }

  // MARK: - Buckets

  /// Models are trained up to multiples of one of these.
  private static let buckets: [Interval] = [
    .days(1), .hours(6), .hours(1), .minutes(10), .minutes(1),
  ]

  static let largestBucket = Interval.days(1)

  /// The end of the training data for a query at `now`: aligned down, so that queries share a
  /// model; never older than asked for, and never leaving out much of a short history.
  private static func bucket(
    for now: Timestamp, maximumAge: Interval, of history: RegularSeries
  ) -> Timestamp {
    let (known, overflow) = now.nanoseconds.subtractingReportingOverflow(
      history.start.nanoseconds)
    for size in buckets where size <= maximumAge && (overflow || size.nanoseconds <= known / 10) {
      return now.aligned(downTo: size)
    }
    // Too little data for any bucket: everything up to now.
    return now + Interval(nanoseconds: 1)
  }
}

extension RegularSeries {
  /// The bins that begin after `time`.
  func suffix(after time: Timestamp) -> RegularSeries {
    inside(after: time, before: nextTime)
  }

  /// The bins that begin after `from` and before `to`.
  func inside(after from: Timestamp, before to: Timestamp) -> RegularSeries {
    let position = { (time: Timestamp) -> Int in
      let (distance, overflow) = time.nanoseconds.subtractingReportingOverflow(start.nanoseconds)
      if overflow { return time < start ? 0 : count }
      // The first bin that begins at or after the moment.
      let bins = distance <= 0 ? 0 : (distance - 1) / step.nanoseconds + 1
      return Int(min(max(bins, 0), Int64(count)))
    }
    let first = position(from + Interval(nanoseconds: 1))
    let last = max(first, position(to))
    return RegularSeries(
      start: self.time(at: first), step: step, values: Array(values[first..<last]))
  }
}

extension ForecastCurve.Shift {
  /// What it means for the forecast.
  fileprivate var text: String {
    "the level \(isRise ? "rose" : "fell") at \(time) as never before; the forecast "
      + (isSettled
        ? "stays there, for it has lasted a day"
        : "goes back after a quarter of the time since, and its band has both levels")
  }
}

extension LabelledForecast {
  /// One column as series; nil where the forecast has no such band.
  func samples(_ column: Column) -> LabelledSamples? {
    let values: [Double]
    switch column {
    case .yhat: values = curve.yhat
    case .lower(let level), .upper(let level):
      let band =
        level.map { level in curve.bands.first { abs($0.level - level) < 1e-9 } }
        ?? curve.bands.max { $0.level < $1.level }
      guard let band else { return nil }
      if case .lower = column { values = band.lower } else { values = band.upper }
    default: preconditionFailure("BUG: the planner takes no such column of a forecast")
    }
    var samples = Samples(capacity: values.count)
    for (index, value) in values.enumerated() {
      samples.insert(time: time(at: index).nanoseconds, value: value)
    }
    return LabelledSamples(key: key, samples: samples)
  }
}
