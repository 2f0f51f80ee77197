internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacQuery

/// The result of a query as Prometheus answers it, in pieces of which each can be written by itself.
struct PrometheusText: Sendable {
  /// Samples of a piece: about 200 KB of text.
  private static let pieceSize = 8192
  /// The text of a metric and its labels counts as so many samples.
  private static let metricSize = 8
  private static let samplesAtOnce = 256

  private enum ResultType: Sendable {
    case scalar(Double)
    case string(String)
    case vector
    case matrix
  }

  private let type: ResultType
  private let time: Int64
  private let series: [LabelledSamples]
  private let warnings: [String]
  private let infos: [String]
  /// What the query cost, where that was asked for.
  private let cost: QueryCost?
  /// Where each piece begins, and where the last one ends.
  private var bounds: [Place] = []

  /// A sample of a series.
  private struct Place {
    var series = 0
    var sample = 0
  }

  /// - Parameters:
  ///   - limit: the most series that are written; nil writes all.
  ///   - withStatistics: whether it says what the query cost.
  init(
    _ result: QueryResult, limit: Int? = nil, withStatistics: Bool = false
  ) throws(QueryError) {
    var series = try Self.series(of: result)
    var warnings = result.warnings
    if let limit, series.count > limit {
      series.removeLast(series.count - limit)
      warnings.append("results truncated due to limit")
    }
    self.series = series
    self.warnings = warnings
    time = result.time.time.nanoseconds
    infos = result.infos + Self.infos(of: result.value)
    cost = withStatistics ? result.cost : nil
    switch result.value {
    case .number(let number) where result.time.range == nil: type = .scalar(number)
    case .string(let text): type = .string(text)
    default:
      type = result.shape == .vector && result.time.range == nil ? .vector : .matrix
    }
    divide()
  }

  private mutating func divide() {
    bounds = [Place()]
    var room = Self.pieceSize
    for (index, one) in series.enumerated() {
      var sample = 0
      while one.samples.count - sample > room {
        sample += room
        bounds.append(Place(series: index, sample: sample))
        room = Self.pieceSize
      }
      room -= one.samples.count - sample + Self.metricSize
      if room <= 0 {
        bounds.append(Place(series: index + 1, sample: 0))
        room = Self.pieceSize
      }
    }
    bounds.append(Place(series: series.count, sample: 0))
  }

  // MARK: - Pieces

  /// How many samples it tells of.
  var sampleCount: Int { series.reduce(0) { $0 + $1.samples.count } }

  /// How many pieces the text has.
  var pieceCount: Int { bounds.count - 1 }

  /// One piece of the text.
  func piece(_ number: Int) -> [UInt8] {
    var json = JSONText()
    if number == 0 {
      json.raw("{\"status\":\"success\",\"data\":{\"resultType\":")
      begin(&json)
    }
    let (start, end) = (bounds[number], bounds[number + 1])
    switch type {
    case .scalar, .string: break
    case .vector:
      // A value stands for its series: it is in the piece that the series begins in.
      let first = start.sample == 0 ? start.series : start.series + 1
      let last = end.sample == 0 ? end.series : end.series + 1
      for index in first..<max(first, last) { appendValue(&json, index) }
    case .matrix:
      for index in start.series..<min(end.series + 1, series.count) {
        let count = series[index].samples.count
        let from = index == start.series ? start.sample : 0
        let to = index == end.series ? end.sample : count
        // The next piece begins with this series.
        if index == end.series, to == 0 { break }
        appendSamples(&json, index, from..<to)
      }
    }
    if number == pieceCount - 1 { self.end(&json) }
    return json.take()
  }

  private func appendValue(_ json: inout JSONText, _ index: Int) {
    json.raw(index == 0 ? "{\"metric\":" : ",{\"metric\":")
    json.metric(series[index].key)
    json.raw(",\"value\":")
    json.sample(time: time, value: series[index].samples.values.last ?? .nan)
    json.raw("}")
  }

  private func appendSamples(_ json: inout JSONText, _ index: Int, _ bounds: Range<Int>) {
    let (times, values) = (series[index].samples.timestamps, series[index].samples.values)
    if bounds.lowerBound == 0 {
      json.raw(index == 0 ? "{\"metric\":" : ",{\"metric\":")
      json.metric(series[index].key)
      json.raw(",\"values\":[")
    }
    for start in stride(from: bounds.lowerBound, to: bounds.upperBound, by: Self.samplesAtOnce) {
      json.samples(times, values, start..<min(start + Self.samplesAtOnce, bounds.upperBound))
    }
    if bounds.upperBound == times.count { json.raw("]}") }
  }

  private func begin(_ json: inout JSONText) {
    switch type {
    case .scalar(let number):
      json.raw("\"scalar\",\"result\":")
      json.sample(time: time, value: number)
    case .string(let text):
      json.raw("\"string\",\"result\":[")
      json.seconds(time)
      json.raw(",")
      json.string(text)
      json.raw("]")
    case .vector: json.raw("\"vector\",\"result\":[")
    case .matrix: json.raw("\"matrix\",\"result\":[")
    }
  }

  private func end(_ json: inout JSONText) {
    switch type {
    case .scalar, .string: break
    case .vector, .matrix: json.raw("]")
    }
    if let cost { json.statistics(cost) }
    json.raw("}")
    if !warnings.isEmpty {
      json.raw(",\"warnings\":")
      json.list(warnings)
    }
    if !infos.isEmpty {
      json.raw(",\"infos\":")
      json.list(infos)
    }
    json.raw("}")
  }

  // MARK: - Series of results

  private static func series(of result: QueryResult) throws(QueryError) -> [LabelledSamples] {
    var series: [LabelledSamples] = []
    switch result.value {
    case .string: return []
    case .number(let number):
      guard let times = try result.time.stepTimes else { return [] }
      let values = [Double](repeating: number, count: times.count)
      return [
        LabelledSamples(
          key: SeriesKey(metric: "", labels: .none),
          samples: Samples(timestamps: times, values: values))
      ]
    case .series(let all): series = all
    case .grid(let all): for one in all { series.append(try one.prepared()) }
    case .forecast(let all): series = all.flatMap(\.curves)
    case .outliers(let all): series = all.map(\.scores)
    // A statement was carried out; what it says is in the table alone.
    case .report: return []
    }
    guard result.shape == .curves, let range = result.time.range else { return series }
    // Samples at their own times: those that were asked for.
    return series.compactMap { one in
      let samples = one.samples.inside(range)
      return samples.isEmpty ? nil : LabelledSamples(key: one.key, samples: samples)
    }
  }

  /// How each model came about.
  private static func infos(of value: Value) -> [String] {
    if case .report = value { return ["the answer is a small table: ask /api/v1/table for it"] }
    let models: [(SeriesKey, ModelInfo?)] =
      switch value {
      case .forecast(let all): all.map { ($0.key, $0.model) }
      case .outliers(let all): all.map { ($0.key, $0.model) }
      default: []
      }
    return models.compactMap { key, model in
      guard let model else { return nil }
      return "\(key): model \(model.kind.rawValue) \(model.id ?? "without id"): "
        + model.state.rawValue
    }
  }
}

extension LabelledOutliers {
  /// The score of each judged sample.
  fileprivate var scores: LabelledSamples {
    LabelledSamples(
      key: key.adding(("outlier", "score")),
      samples: Samples(
        timestamps: times.map(\.nanoseconds), values: samples.map(\.score)))
  }
}

extension JSONText {
  /// Appends what a query cost, as far as there is one in Prometheus' words; times in seconds.
  fileprivate mutating func statistics(_ cost: QueryCost) {
    raw(",\"stats\":{\"timings\":{\"evalTotalTime\":")
    number(cost.duration / .seconds(1))
    raw(",\"execTotalTime\":")
    number(cost.duration / .seconds(1))
    raw("},\"samples\":{\"totalQueryableSamples\":")
    integer(cost.samples)
    raw("},\"peakBytes\":")
    integer(cost.peakBytes)
    raw("}")
  }

  /// Appends metric and labels as one object, as Prometheus does.
  mutating func metric(_ key: SeriesKey) {
    raw("{")
    if !key.metric.isEmpty {
      raw("\"__name__\":")
      string(key.metric)
    }
    for (index, label) in key.labels.all.enumerated() {
      if index > 0 || !key.metric.isEmpty { raw(",") }
      string(label.name)
      raw(":")
      string(label.value)
    }
    raw("}")
  }
}
