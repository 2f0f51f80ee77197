internal import AlmanacCore
internal import AlmanacForecast

/// What series with outliers have in common, and which moved first.
extension Evaluator {
  /// Label values that series with outliers have more often than others, then the series that moved
  /// first.
  func why(_ plan: WhyPlan, _ context: Context) async throws -> Report {
    guard case .outliers(let all) = try await evaluate(plan.input, context) else {
      preconditionFailure("BUG: the planner explains outliers only")
    }
    return try await pool.compute(weight: all.count * 16) {
      let runs = all.map(\.firstRun)
      var table = ReportTable(columns: Self.whyColumns)
      addLabels(of: all, runs.map { $0 != nil }, plan, at: context.time, to: &table)
      let first = runs.indices.compactMap { index in runs[index].map { (index, $0) } }
        .sorted { ($0.1.start, $1.1.score) < ($1.1.start, $0.1.score) }
      for (place, (index, run)) in first.prefix(plan.limit).enumerated() {
        table.addRow(
          [
            "kind": .text("first"), "order": .integer(place + 1), "score": .number(run.score),
            "direction": .text(run.direction.rawValue), "reason": .text(run.reason),
          ], at: run.start, of: all[index].key)
      }
      return table.report
    }
  }

  private static let whyColumns = [
    "kind", "order", "label", "value", "outliers", "judged", "share", "lift", "p", "score",
    "direction", "reason",
  ]

  private func addLabels(
    of all: [LabelledOutliers], _ marks: [Bool], _ plan: WhyPlan, at time: Timestamp,
    to table: inout ReportTable
  ) {
    let findings = LabelValues(of: all.map(\.key)).findings(marks, atMost: plan.probability)
    for (place, finding) in findings.prefix(plan.limit).enumerated() {
      table.addRow(
        [
          "kind": .text("label"), "order": .integer(place + 1),
          "label": .text(finding.value.name), "value": .text(finding.value.value),
          "outliers": .integer(finding.group.marked), "judged": .integer(finding.group.size),
          "share": .number(finding.result.share), "lift": .number(finding.result.lift),
          "p": .number(finding.result.adjusted),
        ], at: time)
    }
  }
}

extension LabelledOutliers {
  /// The first run of outliers; nil without outliers. The score is that of its strangest sample.
  fileprivate var firstRun:
    (start: Timestamp, score: Double, direction: OutlierDirection, reason: String)?
  {
    guard let first = samples.firstIndex(where: { $0.score >= 1 }) else { return nil }
    let sample = samples[first]
    let run = samples[first...].prefix { $0.score >= 1 && $0.runStart == sample.runStart }
    // A run that began before what was judged has no sample of its own there.
    let start = sample.runStart == sample.index ? times[first] : grid.time(at: sample.runStart)
    return (start, run.map(\.score).max() ?? sample.score, sample.direction, sample.reason)
  }
}
