internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import HTTPTypes
internal import Hummingbird

/// Prometheus' query API: `/api/v1/query` and `/api/v1/query_range`.
extension Routes {
  /// The most values of one series that a range query answers, as in Prometheus.
  private static let maximumSteps = 11_000
  /// An answer of more pieces is sent as it is made, without its length.
  private static let wholePieces = 64

  func addPrometheus(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .post] {
      router.on("/api/v1/query", method: method) { request, context in
        try await answer(try await allParameters(of: request), isRange: false, context)
      }
      router.on("/api/v1/query_range", method: method) { request, context in
        try await answer(try await allParameters(of: request), isRange: true, context)
      }
    }
  }

  private func answer(
    _ parameters: RequestParameters, isRange: Bool, _ context: Context
  ) async throws -> Response {
    do {
      let time = isRange ? try rangeTime(parameters) : try instantTime(parameters)
      let limit = try Self.limit(parameters)
      let timeout = try Self.timeout(parameters)
      let withStatistics = parameters["stats"].map { !$0.isEmpty } ?? false
      guard let text = parameters["query"], !text.isEmpty else {
        throw InvalidParameter(
          parameter: "query", message: "it is missing", hint: "for example query=memory<host=x>")
      }
      let query = try database.read(text)
      if isRange, let name = query.shape.nameOutsideRanges {
        throw InvalidParameter(
          parameter: "query",
          message: "invalid expression type \"\(name)\" for range query, "
            + "must be Scalar or instant Vector",
          hint: "leave the window out, or ask /api/v1/query")
      }
      let result = try await connections.whileOpen(context) {
        try await database.evaluate(query, at: time, timeout: timeout)
      }
      return try await response(
        PrometheusText(result, limit: limit, withStatistics: withStatistics))
    } catch let error as InvalidParameter {
      return ErrorResponse.badParameter(error.parameter, error.message, hint: error.hint)
    } catch {
      return ErrorResponse.query(error)
    }
  }

  private func instantTime(_ parameters: RequestParameters) throws(InvalidParameter) -> QueryTime {
    try QueryTime(
      now: clock(), time: parameters["time"], start: nil, end: nil, step: nil,
      lookback: parameters["lookback_delta"], resolution: parameters["max_source_resolution"])
  }

  private func rangeTime(_ parameters: RequestParameters) throws(InvalidParameter) -> QueryTime {
    for name in ["start", "end", "step"] where parameters[name]?.isEmpty ?? true {
      throw InvalidParameter(
        parameter: name, message: "it is missing",
        hint: "a range query has start, end and step")
    }
    let time = try QueryTime(
      now: clock(), time: nil, start: parameters["start"], end: parameters["end"],
      step: parameters["step"], lookback: parameters["lookback_delta"],
      resolution: parameters["max_source_resolution"])
    if let count = time.stepCount, count > Self.maximumSteps + 1 {
      throw InvalidParameter(
        parameter: "step",
        message: "exceeded maximum resolution of 11,000 points per timeseries",
        hint: "decrease the query resolution (?step=XX)")
    }
    return time
  }

  /// The parameter `limit`; nil is none, and so is 0.
  static func limit(_ parameters: RequestParameters) throws(InvalidParameter) -> Int? {
    guard let text = parameters["limit"], !text.isEmpty else { return nil }
    guard let limit = Int(text), limit >= 0 else {
      throw InvalidParameter(
        parameter: "limit", message: "cannot read \"\(text)\" as a whole number from 0 on",
        hint: "use a number as 100")
    }
    return limit == 0 ? nil : limit
  }

  /// The parameter `timeout`, a duration or seconds; nil where there is none.
  static func timeout(_ parameters: RequestParameters) throws(InvalidParameter) -> Duration? {
    guard let text = parameters["timeout"], !text.isEmpty else { return nil }
    guard let interval = Interval(parameter: text), interval > .zero else {
      throw InvalidParameter(
        parameter: "timeout", message: "cannot read \"\(text)\" as a positive duration",
        hint: "use a duration as 30s, or seconds")
    }
    return .nanoseconds(interval.nanoseconds)
  }

  /// The whole text with its length, or where it is long, in pieces as they are made.
  private func response(_ text: PrometheusText) async throws -> Response {
    let pool = database.computePool
    let headers: HTTPFields = [.contentType: "application/json"]
    if text.pieceCount == 1 {
      let piece = try await pool.compute(weight: text.sampleCount) { text.piece(0) }
      return Response(
        status: .ok, headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: piece)))
    }
    let pieces = { @Sendable (range: Range<Int>) async throws -> [ByteBuffer] in
      try await pool.map(Array(range), weight: .max) { ByteBuffer(bytes: text.piece($0)) }
    }
    let count = text.pieceCount
    let body: ResponseBody
    if count <= Self.wholePieces {
      let all = try await pieces(0..<count)
      body = ResponseBody(contentLength: all.reduce(0) { $0 + $1.readableBytes }) { writer in
        for buffer in all { try await writer.write(buffer) }
        try await writer.finish(nil)
      }
    } else {
      let atOnce = pool.width * 2
      body = ResponseBody { writer in
        var ready = try await pieces(0..<atOnce)
        for start in stride(from: atOnce, to: count, by: atOnce) {
          async let following = pieces(start..<min(start + atOnce, count))
          for buffer in ready { try await writer.write(buffer) }
          ready = try await following
        }
        for buffer in ready { try await writer.write(buffer) }
        try await writer.finish(nil)
      }
    }
    return Response(status: .ok, headers: headers, body: body)
  }
}

extension QueryResult.Shape {
  /// What Prometheus calls a result that has no value at each step; nil where there is one.
  fileprivate var nameOutsideRanges: String? {
    switch self {
    case .string: "string"
    case .window: "range vector"
    case .scalar, .vector, .curves, .report: nil
    }
  }
}
