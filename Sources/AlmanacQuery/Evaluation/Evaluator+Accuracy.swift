internal import AlmanacCore
internal import AlmanacForecast

/// What was said beside what came.
extension Evaluator {
  /// A row for each series of which both are known at some moment.
  func accuracy(_ node: AccuracyPlan, _ context: Context) async throws -> Report {
    let came = try await seriesValue(node.input, context).settled()
    let said: [Said]
    if node.said.type == .forecast,
      case .forecast(let all) = try await evaluate(
        node.said, context)
    {
      said = all.map { Said(labels: $0.key.labels, curve: $0.curve, model: $0.model) }
    } else {
      said = Said.stored(try await seriesValue(node.said, context).settled())
    }
    let byLabels = Dictionary(said.map { ($0.labels, $0) }, uniquingKeysWith: { one, _ in one })
    let rows = try await pool.map(came, weight: .max) { one -> Table.Series? in
      guard let said = byLabels[one.key.labels], let scores = said.scores(one.samples) else {
        return nil
      }
      return Table.Series(
        key: one.key, model: said.model, times: [context.time],
        columns: [.integers([scores.count])]
          + ForecastMetric.allCases.map { .numbers([scores.value($0).known]) })
    }
    return Report(columns: AccuracyPlan.columns, series: rows)
  }

  /// A forecast as it was made or stored.
  private struct Said: Sendable {
    var labels: Labels
    /// Its steps; where it was stored with gaps these are NaN.
    var curve: ForecastCurve
    var model: ModelInfo?

    /// Forecasts out of the series that they were stored as, told apart by labels.
    static func stored(_ series: [LabelledSamples]) -> [Said] {
      let names: Set = [LabelledForecast.curveLabel, LabelledForecast.levelLabel]
      let groups = Dictionary(grouping: series) { $0.key.labels.dropping(names) }
      return groups.compactMap { labels, all in
        let kind = { (one: LabelledSamples) in one.key.labels[LabelledForecast.curveLabel] }
        guard let middle = all.first(where: { kind($0) ?? "yhat" == "yhat" }),
          let step = RegularSeries.detectStep(middle.samples)
        else { return nil }
        let yhat = RegularSeries(samples: middle.samples, step: step)
        let bounds = { (name: String, level: String) -> [Double]? in
          let one = all.first {
            kind($0) == name && $0.key.labels[LabelledForecast.levelLabel] == level
          }
          return one.map { RegularSeries(samples: $0.samples, step: step).values(like: yhat) }
        }
        let levels = Set(all.compactMap { $0.key.labels[LabelledForecast.levelLabel] })
        let bands = levels.compactMap { text -> ForecastCurve.Band? in
          guard let percent = Double(text), let lower = bounds("lower", text),
            let upper = bounds("upper", text)
          else { return nil }
          return ForecastCurve.Band(level: percent / 100, lower: lower, upper: upper)
        }
        return Said(
          labels: labels,
          curve: ForecastCurve(
            start: yhat.start, step: step, yhat: yhat.values,
            bands: bands.sorted { $0.level < $1.level }))
      }
    }

    /// Judged by `samples`; those before the forecast are what MASE counts in.
    func scores(_ samples: Samples) -> ForecastScores? {
      let came = RegularSeries(samples: samples, step: curve.step)
      let steps = RegularSeries(start: curve.start, step: curve.step, values: curve.yhat)
      var truth = came.values(like: steps)
      for index in truth.indices where curve.yhat[index].isNaN { truth[index] = .nan }
      let before = came.before(curve.start)
      return ForecastScores(curve, truth: truth, unit: before.seasonalUnit)
    }
  }
}

extension RegularSeries {
  /// The values at the bins of `other`, which has the same step; NaN where nothing is known.
  fileprivate func values(like other: RegularSeries) -> [Double] {
    values(from: other.start, count: other.count, step: other.step)
  }

  /// The bins that begin before `time`.
  fileprivate func before(_ time: Timestamp) -> RegularSeries {
    inside(after: start - step, before: time)
  }
}
