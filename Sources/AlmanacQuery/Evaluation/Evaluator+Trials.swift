internal import AlmanacCore
internal import AlmanacForecast

/// Forecasts that are made at past moments and compared with what came.
extension Evaluator {
  /// The measures of a forecast, and of yesterday or last week again.
  private struct Measures: Sendable {
    let own: ForecastScores
    let naive: ForecastScores

    init(own: ForecastScores, naive: ForecastScores) {
      self.own = own
      self.naive = naive
    }

    /// The means of all; nil without any.
    init?(meanOf all: [Judged]) {
      guard let own = ForecastScores(meanOf: all.map(\.measures.own)),
        let naive = ForecastScores(meanOf: all.map(\.measures.naive))
      else { return nil }
      self.init(own: own, naive: naive)
    }

    func score(_ metric: ForecastMetric) -> Race.Score {
      Race.Score(own: own.value(metric), naive: naive.value(metric))
    }
  }

  /// One forecast of one series, judged.
  private struct Judged: Sendable {
    let key: SeriesKey
    let cut: Timestamp
    let measures: Measures
  }

  /// The trainings of a trial took longer than they may.
  private struct OutOfTime: Error {}

  // MARK: - Backtest

  /// For each series the means over all folds, then the folds.
  func backtest(_ node: BacktestPlan, _ context: Context) async throws -> Report {
    let trial = node.trial
    let folds: [[Judged]] = try await running(trial) { run, deadline in
      let progress = TrialProgress(run, of: trial.folds)
      return try await (0..<trial.folds).concurrentMap { fold in
        let all = try await judged(node.forecast, fold, of: trial, run, deadline, context)
        progress.advance()
        return all
      }
    }
    var table = ReportTable(columns: ["fold", "cut"] + node.columns)
    let cells = { (fold: String, cut: Timestamp?, measures: Measures) in
      [ReportTable.Cell.text(fold), .time(cut)]
        + [measures.own, measures.naive].flatMap { one in
          node.metrics.flatMap { $0.values(one) }.map { .number($0.known) }
        }
    }
    for key in Set(folds.joined().map(\.key)).sorted() {
      let mine = folds.enumerated().flatMap { fold, all in
        all.filter { $0.key == key }.map { (fold: fold, judged: $0) }
      }
      guard let mean = Measures(meanOf: mine.map(\.judged)) else { continue }
      table.add(cells("all", nil, mean), at: context.time, of: key)
      for (fold, one) in mine {
        table.add(cells("\(fold + 1)", one.cut, one.measures), at: context.time, of: key)
      }
    }
    return table.report
  }

  // MARK: - Tune

  /// The candidates, the best first. Each fold, the newest first, is for the better half of those
  /// that are still in the race.
  func tune(_ node: TunePlan, _ context: Context) async throws -> Report {
    let trial = node.trial
    let race = try await running(trial) { run, deadline in
      var race = Race(count: node.candidates.count)
      let progress = TrialProgress(
        run, of: Race.trainings(of: node.candidates.count, folds: trial.folds))
      for fold in (0..<trial.folds).reversed() {
        let round: [(index: Int, score: Race.Score)]
        do {
          round = try await race.alive.concurrentMap { index in
            let forecast = node.candidates[index].forecast
            let all = try await judged(forecast, fold, of: trial, run, deadline, context)
            progress.advance()
            return Measures(meanOf: all).map { (index, $0.score(node.metric)) }
          }
        } catch is OutOfTime where race.hasScores {
          warnings.add("tune stopped after \(trial.budget): not all folds were worked out")
          break
        }
        race.add(round, halves: fold > 0)
      }
      return race
    }
    var table = ReportTable(
      columns: ["rank"] + node.names
        + [node.metric.rawValue, "naive_\(node.metric.rawValue)", "folds", "query"])
    for (rank, entry) in race.ranked.enumerated() {
      let candidate = node.candidates[entry.index]
      table.add(
        [.integer(rank + 1)] + candidate.values.map { .text($0) }
          + [
            .number(entry.score.own.known), .number(entry.score.naive.known),
            .integer(entry.folds), .text(candidate.query),
          ], at: context.time)
    }
    return table.report
  }

  // MARK: - Folds

  /// What `body` makes, as one job whose trainings have the trial's time.
  private func running<T: Sendable>(
    _ trial: Trial,
    _ body: @Sendable (any ModelRun, ContinuousClock.Instant) async throws -> T
  ) async throws -> T {
    let run = models.begin(trial.text)
    do {
      let result = try await body(run, .now.advanced(by: trial.budget))
      run.end(failed: false)
      return result
    } catch {
      run.end(failed: true)
      switch error {
      case is OutOfTime:
        throw QueryError(
          code: .deadline, message: "the trainings took over \(trial.budget)", range: trial.range,
          stage: "evaluate", hint: "try fewer folds or series, or allow more with budget=1h")
      case let error as ForecastError where error.code == .cancelled:
        throw QueryError(
          code: .cancelled, message: "the trainings were cancelled", range: trial.range,
          stage: "evaluate", hint: "ask again to train anew")
      default: throw error
      }
    }
  }

  /// What `plan` would have said as of fold `fold`, judged by what came; series of which nothing
  /// came are left out. Data is read as of that moment: nothing later can leak into it.
  private func judged(
    _ plan: ForecastPlan, _ fold: Int, of trial: Trial, _ run: any ModelRun,
    _ deadline: ContinuousClock.Instant, _ context: Context
  ) async throws -> [Judged] {
    // Another fold may have failed meanwhile.
    try Task.checkCancellation()
    let age = trial.age(of: fold, horizon: plan.horizon)
    let first = trial.age(of: 0, horizon: plan.horizon)
    var past = context
    past.range = nil
    past.step = nil
    past.time = context.time - age
    let cut = past.time
    var later = past
    later.time = cut + plan.horizon
    guard
      moment(of: plan.input.beforeStages, later) == moment(
        of: plan.input.beforeStages, past) + plan.horizon
    else {
      throw QueryError(
        code: .evaluation, message: "cannot look at several moments: the data is of a fixed one",
        range: trial.range, stage: "evaluate", hint: "leave @ out, or write @ -7d")
    }
    let lead =
      trial.strategy == .expanding
      ? Interval(nanoseconds: first.nanoseconds - age.nanoseconds) : .zero
    let truths = Dictionary(
      try await histories(plan, lead: plan.horizon, later).map { ($0.key, $0.full) },
      uniquingKeysWith: { one, _ in one })
    let histories = try await histories(plan, lead: lead, past)
    let pasts = try await pool.map(histories, weight: .max) { history in
      (key: history.key, history: history.full.suffix(after: history.now - plan.history - lead))
    }
    let groups = try await groups(plan, pasts)
    return try await pasts.concurrentMap { key, known -> Judged? in
      guard known.count > 0, let truth = truths[key] else { return nil }
      let request = ModelRequest(
        plan: plan.inputText, key: key, history: known, bucket: known.nextTime,
        options: plan.options, wait: max(.zero, deadline - .now), group: groups[key])
      return try await judged(plan, request, truth, cut: cut, run)
    }
  }

  private func judged(
    _ plan: ForecastPlan, _ request: ModelRequest, _ truth: RegularSeries, cut: Timestamp,
    _ run: any ModelRun
  ) async throws -> Judged? {
    try Task.checkCancellation()
    try budget.check()
    let (key, known) = (request.key, request.history)
    let steps = try steps(of: plan, known.step)
    let came = truth.values(from: known.nextTime, count: steps, step: known.step)
    guard came.contains(where: \.isFinite) else { return nil }
    do {
      let answer = try await budget.untimed { try await run.model(request) }
      guard case .model(let model, let info) = answer, info.state != .stale else {
        try budget.check()
        throw OutOfTime()
      }
      return try await pool.compute {
        var naive = ForecastOptions()
        naive.model = .seasonalNaive
        let curves = [
          try model.predict(from: known, steps: steps, levels: plan.levels),
          try ForecastModel.train(on: known, options: naive)
            .predict(from: known, steps: steps, levels: plan.levels),
        ]
        let unit = known.seasonalUnit
        let scores = curves.compactMap { ForecastScores($0, truth: came, unit: unit) }
        guard scores.count == 2 else { return nil }
        return Judged(
          key: key, cut: cut, measures: Measures(own: scores[0], naive: scores[1]))
      }
    } catch let error as ForecastError where error.code != .cancelled {
      throw failure(
        plan, "\(key) as of \(cut): \(error.message)",
        hint: "give it a longer history or fewer folds")
    }
  }
}

extension RegularSeries {
  /// The values of `count` bins of `step` from `start` on; NaN where nothing is known.
  func values(from start: Timestamp, count: Int, step: Interval) -> [Double] {
    let (distance, overflow) = start.nanoseconds.subtractingReportingOverflow(
      self.start.nanoseconds)
    guard step == self.step, !overflow, distance % step.nanoseconds == 0 else { return [] }
    let first = distance / step.nanoseconds
    return (0..<Int64(count)).map { index in
      let (position, overflow) = first.addingReportingOverflow(index)
      return !overflow && values.indices.contains(Int(position)) ? values[Int(position)] : .nan
    }
  }
}
