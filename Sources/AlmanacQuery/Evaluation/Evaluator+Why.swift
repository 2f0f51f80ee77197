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

  /// One label with one value, and the places of the series that have it.
  private struct LabelValue {
    var name: String
    var value: String
    var members: [Int] = []
  }

  private func addLabels(
    of all: [LabelledOutliers], _ marks: [Bool], _ plan: WhyPlan, at time: Timestamp,
    to table: inout ReportTable
  ) {
    let marked = marks.count { $0 }
    guard marked > 0, marked < all.count else { return }
    // A value of a single series or of all of them tells nothing, whatever is marked.
    let values = Self.values(of: all).filter { (2..<all.count).contains($0.members.count) }
    // Values of the same series are tried once.
    var places: [[Int]: Int] = [:]
    var groups: [Enrichment.Group] = []
    for value in values where places[value.members] == nil {
      places[value.members] = groups.count
      groups.append(
        Enrichment.Group(
          marked: value.members.count { marks[$0] }, size: value.members.count))
    }
    let results = Enrichment.test(
      groups, of: Enrichment.Group(marked: marked, size: all.count))
    let told = values.compactMap { value -> (LabelValue, Enrichment.Group, Enrichment)? in
      guard let place = places[value.members] else { return nil }
      let result = results[place]
      return result.lift > 1 && result.adjusted <= plan.probability
        ? (value, groups[place], result) : nil
    }
    .sorted {
      ($0.2.probability, $0.0.name, $0.0.value) < ($1.2.probability, $1.0.name, $1.0.value)
    }
    for (place, (value, group, result)) in told.prefix(plan.limit).enumerated() {
      table.addRow(
        [
          "kind": .text("label"), "order": .integer(place + 1), "label": .text(value.name),
          "value": .text(value.value), "outliers": .integer(group.marked),
          "judged": .integer(group.size), "share": .number(result.share),
          "lift": .number(result.lift), "p": .number(result.adjusted),
        ], at: time)
    }
  }

  /// All values of all labels; of the metric too where there are several.
  private static func values(of all: [LabelledOutliers]) -> [LabelValue] {
    var places: [Labels.Label: Int] = [:]
    var values: [LabelValue] = []
    for (index, one) in all.enumerated() {
      let metric = Labels.Label(name: SeriesKey.metricLabel, value: one.key.metric)
      for label in [metric] + one.key.labels.all {
        let place = places[label, default: values.count]
        if place == values.count {
          places[label] = place
          values.append(LabelValue(name: label.name, value: label.value))
        }
        values[place].members.append(index)
      }
    }
    return values
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
