internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacQuery

/// The result of a query as Prometheus answers it, in pieces that can be sent as they are made.
struct PrometheusText: Sendable {
  /// About how many bytes a piece has, and how many samples are written at once.
  private static let pieceSize = 1 << 20
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

  /// - Parameter limit: the most series that are written; nil writes all.
  init(_ result: QueryResult, limit: Int? = nil) throws(QueryError) {
    var series = try Self.series(of: result)
    var warnings = result.warnings
    if let limit, series.count > limit {
      series.removeLast(series.count - limit)
      warnings.append("results truncated due to limit")
    }
    self.series = series
    self.warnings = warnings
    time = result.time.time.nanoseconds
    infos = Self.infos(of: result.value)
    switch result.value {
    case .number(let number) where result.time.range == nil: type = .scalar(number)
    case .string(let text): type = .string(text)
    default:
      type = result.shape == .vector && result.time.range == nil ? .vector : .matrix
    }
  }

  /// The text in order, piece by piece.
  var pieces: Pieces { Pieces(text: self) }

  /// The text from some place on.
  struct Pieces: Sequence, IteratorProtocol, Sendable {
    fileprivate let text: PrometheusText
    private var position = Position()

    fileprivate init(text: PrometheusText) {
      self.text = text
    }

    mutating func next() -> [UInt8]? { text.next(&position) }
  }

  /// How far the rendering came.
  fileprivate struct Position {
    var began = false
    var series = 0
    var sample = 0
    var ended = false
  }

  fileprivate func next(_ position: inout Position) -> [UInt8]? {
    if position.ended { return nil }
    var json = JSONText()
    if !position.began {
      position.began = true
      json.raw("{\"status\":\"success\",\"data\":{\"resultType\":")
      begin(&json)
    }
    switch type {
    case .scalar, .string: break
    case .vector:
      while position.series < series.count, json.bytes.count < Self.pieceSize {
        let one = series[position.series]
        json.raw(position.series == 0 ? "{\"metric\":" : ",{\"metric\":")
        json.metric(one.key)
        json.raw(",\"value\":")
        json.sample(time: time, value: one.samples.values.last ?? .nan)
        json.raw("}")
        position.series += 1
      }
    case .matrix:
      while position.series < series.count, json.bytes.count < Self.pieceSize {
        appendSamples(&json, &position)
      }
    }
    if position.series == series.count {
      position.ended = true
      end(&json)
    }
    return json.take()
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

  private func appendSamples(_ json: inout JSONText, _ position: inout Position) {
    let one = series[position.series]
    if position.sample == 0 {
      json.raw(position.series == 0 ? "{\"metric\":" : ",{\"metric\":")
      json.metric(one.key)
      json.raw(",\"values\":[")
    }
    let (times, values) = (one.samples.timestamps, one.samples.values)
    // A series that has begun is not begun again in the next piece: it has some samples in this one.
    repeat {
      let end = min(times.count, position.sample + Self.samplesAtOnce)
      json.samples(times, values, position.sample..<end)
      position.sample = end
    } while position.sample < times.count && json.bytes.count < Self.pieceSize
    if position.sample == times.count {
      json.raw("]}")
      position.series += 1
      position.sample = 0
    }
  }

  private func end(_ json: inout JSONText) {
    switch type {
    case .scalar, .string: json.raw("}")
    case .vector, .matrix: json.raw("]}")
    }
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
    case .report:
      throw QueryError(
        code: .type, message: "a report is no samples", stage: "answer",
        hint: "ask /api/v1/table for it")
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

extension LabelledForecast {
  /// The curve and its bands, told apart by labels.
  fileprivate var curves: [LabelledSamples] {
    let times = curve.yhat.indices.map { time(at: $0).nanoseconds }
    let series = { (values: [Double], labels: [(String, String)]) in
      LabelledSamples(
        key: key.adding(labels), samples: Samples(timestamps: times, values: values))
    }
    return [series(curve.yhat, [("forecast", "yhat")])]
      + curve.bands.flatMap { band in
        let level = ("level", band.level.percentText)
        return [
          series(band.lower, [("forecast", "lower"), level]),
          series(band.upper, [("forecast", "upper"), level]),
        ]
      }
  }
}

extension LabelledOutliers {
  /// The score of each judged sample.
  fileprivate var scores: LabelledSamples {
    LabelledSamples(
      key: key.adding([("outlier", "score")]),
      samples: Samples(
        timestamps: times.map(\.nanoseconds), values: samples.map(\.score)))
  }
}

extension SeriesKey {
  /// The same metric with more labels.
  fileprivate func adding(_ more: [(String, String)]) -> SeriesKey {
    SeriesKey(metric: metric, labels: Labels(labels.all.map { ($0.name, $0.value) } + more))
  }
}

extension JSONText {
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
