internal import AlmanacEngine
internal import AlmanacQuery
internal import AlmanacStore
internal import HTTPTypes
internal import Hummingbird

/// An error as each ecosystem's clients expect it. The one place where statuses are chosen.
enum ErrorResponse {
  /// Seconds after which a client may try again what was refused for now.
  private static let retryAfter = "1"

  /// Our own endpoints and Prometheus': status, type, text, and where in the query.
  static func query(_ error: any Error) -> Response {
    if let error = error as? QueryError { return query(error) }
    let status = status(of: error)
    return json(
      status, type: status == .serviceUnavailable ? "unavailable" : "internal",
      message: "\(error)")
  }

  private static func query(_ error: QueryError) -> Response {
    let (status, type): (HTTPResponse.Status, StaticString) =
      switch error.code {
      case .lex, .parse, .type, .name: (.badRequest, "bad_data")
      case .evaluation: (.unprocessableContent, "execution")
      case .deadline: (.serviceUnavailable, "timeout")
      case .cancelled: (.serviceUnavailable, "canceled")
      case .budget: (.unprocessableContent, "execution")
      case .unavailable: (.serviceUnavailable, "unavailable")
      default: (.unprocessableContent, "execution")
      }
    var response = json(status, type: type, message: error.message) { json in
      if let line = error.line, let column = error.column {
        json.raw(",\"line\":")
        json.integer(line)
        json.raw(",\"column\":")
        json.integer(column)
      }
      json.raw(",\"stage\":")
      json.string(error.stage)
      if let hint = error.hint {
        json.raw(",\"hint\":")
        json.string(hint)
      }
    }
    // What took too long would do so again.
    if error.code == .deadline { response.headers[.retryAfter] = nil }
    return response
  }

  /// A parameter that cannot be read.
  static func badParameter(_ name: String, _ message: String, hint: String) -> Response {
    json(.badRequest, type: "bad_data", message: "invalid parameter \"\(name)\": \(message)") {
      $0.raw(",\"hint\":")
      $0.string(hint)
    }
  }

  static func notFound(_ message: String) -> Response {
    json(.notFound, type: "not_found", message: message)
  }

  /// What has no better shape: an unknown path, a body over a limit.
  static func http(_ status: HTTPResponse.Status, _ message: String) -> Response {
    let type: StaticString =
      switch status.code {
      case 404: "not_found"
      case 400..<500: "bad_data"
      default: "internal"
      }
    return json(status, type: type, message: message)
  }

  private static func json(
    _ status: HTTPResponse.Status, type: StaticString, message: String,
    _ more: (inout JSONText) -> Void = { _ in }
  ) -> Response {
    var json = JSONText()
    json.raw("{\"status\":\"error\",\"errorType\":\"")
    json.raw(type)
    json.raw("\",\"error\":")
    json.string(message)
    more(&json)
    json.raw("}\n")
    return answer(json, status)
  }

  /// InfluxDB 1: `{"error":"..."}`, repeated in a header.
  static func influx1(_ status: HTTPResponse.Status, _ message: String) -> Response {
    var json = JSONText()
    json.raw("{\"error\":")
    json.string(message)
    json.raw("}\n")
    var response = answer(json, status)
    // A header holds no line ends and, to be safe, only ASCII.
    let header = message.unicodeScalars.map { $0.isASCII && $0.value >= 32 ? Character($0) : " " }
    response.headers[.influxError] = String(header.prefix(1000))
    return response
  }

  /// InfluxDB 2: `{"code":"...","message":"..."}`, with the line where there is one.
  static func influx2(
    _ status: HTTPResponse.Status, code: String, _ message: String, line: Int? = nil
  ) -> Response {
    var json = JSONText()
    json.raw("{\"code\":")
    json.string(code)
    json.raw(",\"message\":")
    json.string(message)
    if let line {
      json.raw(",\"line\":")
      json.integer(line)
    }
    json.raw("}\n")
    return answer(json, status)
  }

  /// The body with its status, and when to come back where that makes sense.
  private static func answer(_ json: JSONText, _ status: HTTPResponse.Status) -> Response {
    var response = Response(json: json, status: status)
    if status == .serviceUnavailable { response.headers[.retryAfter] = retryAfter }
    return response
  }

  /// The status for what the store could not do: nothing here is the client's fault.
  static func status(of error: any Error) -> HTTPResponse.Status {
    guard !(error is PoolBusy) else { return .serviceUnavailable }
    switch (error as? StoreError)?.code {
    case .busy, .full, .inputOutput, .closed, .readOnly: return .serviceUnavailable
    default: return .internalServerError
    }
  }
}

extension HTTPField.Name {
  static let influxError = known("X-Influxdb-Error")
  static let influxVersion = known("X-Influxdb-Version")
  static let influxBuild = known("X-Influxdb-Build")
  static let requestID = known("Request-Id")
  static let xRequestID = known("X-Request-Id")
  static let modelState = known("Almanac-Model-State")
  static let warnings = known("Almanac-Warnings")
  static let infos = known("Almanac-Infos")

  private static func known(_ text: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(text) else { preconditionFailure("BUG: header name \(text)") }
    return name
  }
}

extension Response {
  /// A whole JSON body.
  init(json: JSONText, status: HTTPResponse.Status = .ok) {
    self.init(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
  }
}
