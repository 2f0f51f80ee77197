internal import AlmanacCore
internal import AlmanacForecast

/// Forecasts that are made at past moments and compared with what came.
extension Evaluator {
  /// One forecast of one series, judged.
  private struct Judged: Sendable {
    let key: SeriesKey
    let cut: Timestamp
    let scores: ForecastScores
    /// The same of yesterday or last week again.
    let naive: ForecastScores
  }

  /// The trainings of a trial took longer than they may.
  private struct OutOfTime: Error {}

  // MARK: - Backtest

  /// For each series the means over all folds, then the folds.
  func backtest(_ node: BacktestPlan, _ context: Context) async throws -> Report {
    let trial = node.trial
    let folds: [[Judged]] = try await running(trial) { run, deadline in
      try await withThrowingTaskGroup(of: (Int, [Judged]).self) { group in
        for fold in 0..<trial.folds {
          group.addTask {
            (fold, try await judged(node.forecast, fold, of: trial, run, deadline, context))
          }
        }
        var folds = [[Judged]](repeating: [], count: trial.folds)
        var done = 0
        for try await (fold, judged) in group {
          folds[fold] = judged
          done += 1
          run.report(done: done, of: trial.folds)
        }
        return folds
      }
    }
    var table = ReportTable(columns: ["fold", "cut"] + node.columns)
    let cells = { (fold: String, cut: Timestamp?, scores: ForecastScores, naive: ForecastScores) in
      [ReportTable.Cell.text(fold), .time(cut)]
        + [scores, naive].flatMap { one in
          node.metrics.flatMap { $0.values(one) }.map { .number($0.isNaN ? nil : $0) }
        }
    }
    for key in Set(folds.joined().map(\.key)).sorted() {
      let mine = folds.enumerated().flatMap { fold, all in
        all.filter { $0.key == key }.map { (fold: fold, judged: $0) }
      }
      guard let scores = ForecastScores(meanOf: mine.map(\.judged.scores)),
        let naive = ForecastScores(meanOf: mine.map(\.judged.naive))
      else { continue }
      table.add(cells("all", nil, scores, naive), at: context.time, of: key)
      for (fold, one) in mine {
        table.add(
          cells("\(fold + 1)", one.cut, one.scores, one.naive), at: context.time, of: key)
      }
    }
    return table.report
  }

  // MARK: - Tune

  /// The candidates, the best first. Each fold, the newest first, is for the better half of those
  /// that are still in the race (successive halving: Jamieson and Talwalkar, AISTATS 2016).
  func tune(_ node: TunePlan, _ context: Context) async throws -> Report {
    let trial = node.trial
    var race = Race(count: node.candidates.count)
    race = try await running(trial) { [race] run, deadline in
      var race = race
      let total = Race.trainings(of: node.candidates.count, folds: trial.folds)
      var done = 0
      for fold in (0..<trial.folds).reversed() {
        let round: [Int: (score: Double, naive: Double)]
        do {
          round = try await withThrowingTaskGroup(
            of: (Int, [Judged]).self, returning: [Int: (score: Double, naive: Double)].self
          ) { group in
            for index in race.alive {
              let forecast = node.candidates[index].forecast
              group.addTask {
                (index, try await judged(forecast, fold, of: trial, run, deadline, context))
              }
            }
            var round: [Int: (score: Double, naive: Double)] = [:]
            for try await (index, all) in group {
              done += 1
              run.report(done: done, of: total)
              guard let scores = ForecastScores(meanOf: all.map(\.scores)),
                let naive = ForecastScores(meanOf: all.map(\.naive))
              else { continue }
              round[index] = (scores.value(node.metric), naive.value(node.metric))
            }
            return round
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
            .number(entry.score.isNaN ? nil : entry.score),
            .number(entry.naive.isNaN ? nil : entry.naive), .integer(entry.folds),
            .text(candidate.query),
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
    let pasts = try await histories(plan, lead: lead, past).map { history in
      (key: history.key, history: history.full.suffix(after: history.now - plan.history - lead))
    }
    let groups = try await groups(plan, pasts)
    return try await withThrowingTaskGroup(of: (Int, Judged?).self) { group in
      for (index, (key, known)) in pasts.enumerated() where known.count > 0 {
        guard let truth = truths[key] else { continue }
        let request = ModelRequest(
          plan: plan.inputText, key: key, history: known, bucket: known.nextTime,
          options: plan.options, wait: max(.zero, deadline - .now), group: groups[key])
        group.addTask { (index, try await judged(plan, request, truth, cut: cut, run)) }
      }
      var all = [Judged?](repeating: nil, count: pasts.count)
      for try await (index, one) in group { all[index] = one }
      return all.compactMap { $0 }
    }
  }

  private func judged(
    _ plan: ForecastPlan, _ request: ModelRequest, _ truth: RegularSeries, cut: Timestamp,
    _ run: any ModelRun
  ) async throws -> Judged? {
    try Task.checkCancellation()
    try budget.check()
    let (key, known) = (request.key, request.history)
    let steps = plan.horizon.count(of: known.step)
    guard steps >= 1, steps <= ForecastModel.maximumSteps / (1 + plan.levels.count) else {
      throw failure(
        plan, "a horizon of \(plan.horizon) is \(steps) steps of \(known.step)",
        hint: steps < 1 ? "choose a longer horizon or a shorter step" : "choose a longer step")
    }
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
        return Judged(key: key, cut: cut, scores: scores[0], naive: scores[1])
      }
    } catch let error as ForecastError where error.code != .cancelled {
      throw failure(
        plan, "\(key) as of \(cut): \(error.message)",
        hint: "give it a longer history or fewer folds")
    }
  }
}

/// Candidates that are tried fold by fold, the worse half of them leaving after each.
struct Race: Sendable {
  /// How one candidate did.
  struct Entry: Sendable {
    var index: Int
    /// Means over its folds; NaN without any.
    var score: Double
    var naive: Double
    var folds: Int
  }

  private var scores: [[Double]]
  private var naive: [[Double]]
  /// Who is still in it, in order of number.
  private(set) var alive: [Int]

  init(count: Int) {
    scores = Array(repeating: [], count: count)
    naive = scores
    alive = Array(0..<count)
  }

  /// How many forecasts a whole race takes.
  static func trainings(of count: Int, folds: Int) -> Int {
    var (left, sum) = (count, 0)
    for _ in 0..<folds {
      sum += left
      left = half(left)
    }
    return sum
  }

  private static func half(_ count: Int) -> Int { (count + 1) / 2 }

  var hasScores: Bool { scores.contains { !$0.isEmpty } }

  /// Takes in a fold of those alive.
  ///
  /// - Parameter halves: whether another fold follows, for the better half.
  mutating func add(_ round: [Int: (score: Double, naive: Double)], halves: Bool) {
    for (index, one) in round {
      scores[index].append(one.score)
      naive[index].append(one.naive)
    }
    guard halves, !round.isEmpty else { return }
    let ranked = ranked(of: alive)
    alive = ranked.prefix(Self.half(alive.count)).map(\.index).sorted()
  }

  /// All of them: those with more folds first, then the smaller mean, then the order they came in.
  var ranked: [Entry] { ranked(of: Array(scores.indices)) }

  private func ranked(of indices: [Int]) -> [Entry] {
    indices.map { index in
      Entry(
        index: index, score: Self.mean(scores[index]), naive: Self.mean(naive[index]),
        folds: scores[index].count)
    }.sorted { a, b in
      if a.folds != b.folds { return a.folds > b.folds }
      if a.score.isNaN != b.score.isNaN { return b.score.isNaN }
      return a.score != b.score && !a.score.isNaN ? a.score < b.score : a.index < b.index
    }
  }

  private static func mean(_ values: [Double]) -> Double {
    let known = values.filter { !$0.isNaN }
    return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
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
