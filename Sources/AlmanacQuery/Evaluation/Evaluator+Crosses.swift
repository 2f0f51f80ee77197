internal import AlmanacCore
internal import AlmanacForecast

/// When forecasts reach a threshold, and columns of reports as series.
extension Evaluator {
  /// One row for each series; empty cells where it does not happen.
  func crosses(_ node: CrossesPlan, _ context: Context) async throws -> Report {
    let rows: [Table.Series]
    if node.input.type == .forecast,
      case .forecast(let all) = try await evaluate(
        node.input, context)
    {
      rows = try await pool.compute { all.map { node.row($0, now: context.time) } }
    } else {
      let all = try await seriesValue(node.input, context).settled()
      rows = all.map { one in
        let index = one.samples.values.firstIndex(where: node.isReached)
        let at = index.map { Timestamp(nanoseconds: one.samples.timestamps[$0]) }
        return node.row(one.key, at: at, bounds: nil, model: nil, now: context.time)
      }
    }
    return Report(
      columns: CrossesPlan.columns, series: rows.sorted { $0.key < $1.key })
  }

  /// The column `name` of a report: the first known value of each series, at every moment.
  func values(_ plan: Plan, _ name: String, _ context: Context) async throws -> [LabelledSamples] {
    var order: [SeriesKey] = []
    var values: [SeriesKey: Samples] = [:]
    for time in try context.moments.times {
      var inner = context
      inner.time = Timestamp(nanoseconds: time)
      inner.range = nil
      inner.step = nil
      guard case .report(let report) = try await evaluate(plan, inner),
        let column = report.columns.firstIndex(of: name)
      else { preconditionFailure("BUG: the planner takes columns that reports have") }
      for row in report.series {
        guard let value = row.columns[column].firstNumber else { continue }
        if values[row.key] == nil { order.append(row.key) }
        if values[row.key]?.timestamps.last == time { continue }
        values[row.key, default: Samples()].insert(time: time, value: value)
      }
    }
    return order.compactMap { key in
      values[key].map { LabelledSamples(key: key, samples: $0) }
    }
  }
}

extension CrossesPlan {
  fileprivate func isReached(_ value: Double) -> Bool {
    isAbove ? value >= threshold : value <= threshold
  }

  /// The row of a forecast: the curve says when, the band between when and when.
  fileprivate func row(_ one: LabelledForecast, now: Timestamp) -> Table.Series {
    let first = { (values: [Double]) -> Timestamp? in
      values.firstIndex(where: isReached).map(one.time(at:))
    }
    let band = one.curve.bands.max { $0.level < $1.level }
    return row(
      one.key, at: first(one.curve.yhat),
      bounds: band.map { (near: isAbove ? $0.upper : $0.lower, far: isAbove ? $0.lower : $0.upper) }
        .map { (first($0.near), first($0.far)) },
      model: one.model, now: now)
  }

  fileprivate func row(
    _ key: SeriesKey, at: Timestamp?, bounds: (earliest: Timestamp?, latest: Timestamp?)?,
    model: ModelInfo?, now: Timestamp
  ) -> Table.Series {
    let seconds = at.map { at -> Double in
      let (distance, overflow) = at.nanoseconds.subtractingReportingOverflow(now.nanoseconds)
      return overflow ? .infinity : Interval(nanoseconds: distance).seconds
    }
    return Table.Series(
      key: key, model: model, times: [now],
      columns: [
        .times([at]), .numbers([seconds]), .times([bounds?.earliest]), .times([bounds?.latest]),
      ])
  }
}

extension Table.Column {
  /// The number or the moment in unix seconds of the first row; nil where it is empty or text.
  fileprivate var firstNumber: Double? {
    switch self {
    case .numbers(let values): values.first ?? nil
    case .integers(let values): (values.first ?? nil).map(Double.init)
    case .times(let values): (values.first ?? nil)?.nanoseconds.asSeconds
    case .texts: nil
    }
  }
}
