internal import AlmanacCore
internal import AlmanacForecast

/// What is said of outliers.
extension Evaluator {
  /// The most runs that one call may be about.
  private static let mostRuns = 1000

  /// Keeps a judgement of each run of outliers; the answer lists them.
  func label(_ plan: LabelPlan, _ context: Context) async throws -> Report {
    guard case .outliers(let all) = try await evaluate(plan.input, context),
      let judged = plan.input.judged
    else { preconditionFailure("BUG: the planner labels outliers only") }
    if stages.watch?.isDry ?? false { return Report(columns: [], series: []) }
    guard let store = feedback else {
      throw QueryError(
        code: .evaluation, message: "cannot keep feedback: it needs a database",
        range: plan.range, stage: "label", hint: "ask a server")
    }
    let new = all.flatMap { one in
      // Scores are told by the moved threshold, and kept by the one before it.
      let factor = judgements.factor(of: one.key, judged.signal, judged.method)
      return one.runs.map { run in
        Judgement(
          key: one.key, signal: judged.signal, method: judged.method, start: run.start,
          end: run.end, score: run.score * factor, verdict: plan.verdict, note: plan.note,
          author: plan.author, template: plan.template)
      }
    }
    guard new.count <= Self.mostRuns else {
      throw QueryError(
        code: .budget, message: "cannot label \(new.count) runs of outliers at once",
        range: plan.range, stage: "label", hint: "choose fewer series or a shorter window")
    }
    return try await Judgement.report(store.add(new))
  }
}

extension LabelledOutliers {
  /// Samples of score 1 and more that follow each other.
  fileprivate var runs: [(start: Timestamp, end: Timestamp, score: Double)] {
    var runs: [(start: Timestamp, end: Timestamp, score: Double)] = []
    var first: Int?
    for (sample, time) in zip(samples, times) {
      guard sample.score >= 1 else {
        first = nil
        continue
      }
      if first == sample.runStart {
        runs[runs.count - 1].end = time
        runs[runs.count - 1].score = max(runs[runs.count - 1].score, sample.score)
      } else {
        first = sample.runStart
        runs.append((time, time, sample.score))
      }
    }
    return runs
  }

  /// What was said last of the sample at `time`.
  func judgement(at time: Timestamp) -> Judgement? {
    judgements.last { $0.start <= time && time <= $0.end }
  }
}

extension Judgement {
  /// A row for each, at its start.
  public static func report(_ all: [Judgement]) -> Report {
    var table = ReportTable(
      columns: [
        "id", "verdict", "note", "by", "end", "score", "method", "signal", "template", "created",
      ])
    for one in all {
      table.add(
        [
          .integer(one.id), .text(one.verdict.rawValue), .text(one.note), .text(one.author),
          .time(one.end), .number(one.score), .text(one.method), .text(one.signal),
          .text(one.template), .time(one.created),
        ], at: one.start, of: one.key)
    }
    return table.report
  }
}
