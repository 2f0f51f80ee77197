internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacPattern
internal import AlmanacQuery
internal import AlmanacStore

/// The statements of the language beside queries.
extension Database {
  /// Carries out the steps of a script in order; the answer is that of the last one.
  func perform(
    _ query: Query, at time: QueryTime, _ budget: QueryBudget
  ) async throws -> QueryResult {
    var report = Report(columns: [], series: [])
    for (index, step) in query.steps.enumerated() {
      if case .answer = step {
        return try await query.evaluate(
          at: time, series: StoreSeriesSource(store: store, pool: readers, budget: budget),
          models: models, pool: readers, budget: budget, sink: sink,
          stages: stages.limit > 0 ? stages : nil, curves: curves.limit > 0 ? curves : nil,
          outliers: outliers, feedback: feedback)
      }
      // What is only listed for its answer is listed for the last statement alone.
      if case .show = step, index < query.steps.count - 1 { continue }
      report = try await perform(step, now: time.time)
    }
    return query.result(report, at: time, budget)
  }

  private func perform(_ step: Query.Step, now: Timestamp) async throws -> Report {
    switch step {
    case .answer, .skip: return Report(columns: [], series: [])
    case .define(let name): return Self.done("defined", name, "lives for this script", now)
    case .store(let new):
      let kept = try await lets.put(new, now: clock())
      return Self.done("stored", kept.id, kept.text, now)
    case .dropLets(let dropped):
      try await lets.remove(dropped)
      return Self.done("dropped", dropped.map(\.id).joined(separator: ", "), "", now)
    case .dropFeedback(let name, let range):
      guard let id = Int(name), try await removeJudgement(id) else {
        throw QueryError(
          code: .name, message: "there is no feedback \(name)", range: range, stage: "evaluate",
          hint: "`show feedback` lists it")
      }
      return Self.done("dropped", name, "", now)
    case .dropModel(let id, let range):
      guard try await removeModel(id) else {
        throw QueryError(
          code: .name, message: "there is no model \(id)", range: range, stage: "evaluate",
          hint: "`show models` lists them")
      }
      return Self.done("dropped", id, "", now)
    case .train(let training):
      let job = try await train(training)
      var table = ReportTable(columns: ["job", "state", "text", "refresh"])
      table.add(
        [
          .integer(job.id), .text(job.status.state.rawValue), .text(training.text),
          .text(training.refresh.map(Printer.duration) ?? ""),
        ], at: now)
      return table.report
    case .cancel(let id, let range):
      guard try await cancelJob(id) else {
        throw QueryError(
          code: .name, message: "there is no job \(id)", range: range, stage: "evaluate",
          hint: "`show jobs` lists them")
      }
      return Self.done("cancelled", String(id), "", now)
    case .show(let subject, let matchers):
      switch subject {
      case .lets: return letsReport(now)
      case .feedback: return Judgement.report(judgements.filter { $0.key.passes(matchers) })
      case .jobs: return jobsReport(matchers, now)
      case .models: return try await modelsReport(matchers, now)
      case .series: return try await seriesReport(matchers, now)
      }
    }
  }

  private static func done(
    _ action: String, _ name: String, _ text: String, _ now: Timestamp
  ) -> Report {
    var table = ReportTable(columns: ["action", "name", "text"])
    table.add([.text(action), .text(name), .text(text)], at: now)
    return table.report
  }

  // MARK: - Lists

  private func letsReport(_ now: Timestamp) -> Report {
    var table = ReportTable(columns: ["name", "version", "text", "created"])
    for one in lets.all {
      table.add(
        [.text(one.name), .integer(one.version), .text(one.text), .time(one.created)], at: now)
    }
    return table.report
  }

  /// Trainings by number, the newest first; those that come again with their next run.
  private func jobsReport(_ matchers: [LabelMatcher], _ now: Timestamp) -> Report {
    var table = ReportTable(
      columns: ["job", "state", "progress", "text", "eta_s", "refresh", "next_run"])
    let scheduled = refreshes.all
    let jobs = jobs()
    let waiting = scheduled.filter { refresh in !jobs.contains { $0.id == refresh.job } }
    var rows = jobs.map { job in
      let refresh = scheduled.first { $0.job == job.id }
      return (job.id, job as Job?, refresh)
    }
    rows += waiting.map { ($0.job, nil, $0) }
    rows.sort { $0.0 > $1.0 }
    for (id, job, refresh) in rows {
      guard (job?.key ?? Job.noSeries).passes(matchers) else { continue }
      let status = job?.status
      let isOver = job?.hasEnded ?? true
      let state = refresh != nil && isOver ? "scheduled" : status?.state.rawValue ?? "scheduled"
      table.add(
        [
          .integer(id), .text(state), .number(status?.progress),
          .text(job?.plan ?? "train \(refresh?.text ?? "")"),
          .number(isOver ? nil : status?.secondsLeft),
          .text((refresh?.interval.nanoseconds).map(Printer.duration) ?? ""),
          .time(refresh?.next),
        ], at: now, of: job?.key)
    }
    return table.report
  }

  private func modelsReport(
    _ matchers: [LabelMatcher], _ now: Timestamp
  ) async throws -> Report {
    var table = ReportTable(
      columns: [
        "id", "kind", "text", "trained_until", "created", "training_s", "bytes", "last_used",
      ])
    for model in try await models() where model.record.key.passes(matchers) {
      table.add(
        [
          .text(model.id), .text(model.record.model.kind.rawValue), .text(model.record.plan),
          .time(model.record.model.trainedUntil), .time(model.record.created),
          .number(model.record.trainingSeconds), .integer(model.bytes), .time(model.lastUsed),
        ], at: now, of: model.record.key)
    }
    return table.report
  }

  private func seriesReport(
    _ matchers: [LabelMatcher], _ now: Timestamp
  ) async throws -> Report {
    let keys = try await readers.run { [store] in
      let snapshot = store.snapshot()
      return snapshot.series(passing: matchers).compactMap { snapshot.key(of: $0) }.sorted()
    }
    var table = ReportTable(columns: ["series"])
    for key in keys { table.add([.text(key.description)], at: now, of: key) }
    return table.report
  }
}

extension SeriesKey {
  fileprivate func passes(_ matchers: [LabelMatcher]) -> Bool {
    matchers.allSatisfy { matcher in
      matcher.passes(
        matcher.name == SeriesKey.metricLabel ? metric : labels[matcher.name] ?? "")
    }
  }
}
