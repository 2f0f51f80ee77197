internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import HTTPTypes
internal import Hummingbird

/// `/api/v1/table`: any result as tidy rows, CSV or JSON.
extension Routes {
  func addTable(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .post] {
      router.on("/api/v1/table", method: method) { request, context in
        try await table(request, context)
      }
    }
  }

  private func table(_ request: Request, _ context: Context) async throws -> Response {
    let parameters = try await allParameters(of: request)
    guard let text = parameters["query"], !text.isEmpty else {
      return ErrorResponse.badParameter(
        "query", "it is missing", hint: "for example ?query=memory<host=x>")
    }
    let name = parameters["format"] ?? TableFormat.preferred(by: request).rawValue
    guard let format = TableFormat(rawValue: name) else {
      return ErrorResponse.badParameter(
        "format", "\"\(name)\" is no format", hint: "use csv, json or arrow")
    }
    let time: QueryTime
    let timeout: Duration?
    do throws(InvalidParameter) {
      time = try QueryTime(
        now: clock(), time: parameters["time"], start: parameters["start"],
        end: parameters["end"], step: parameters["step"])
      timeout = try Self.timeout(parameters)
    } catch {
      return ErrorResponse.badParameter(error.parameter, error.message, hint: error.hint)
    }
    let began = ContinuousClock.now
    do {
      let table = try await connections.whileOpen(context) {
        try await database.query(text, at: time, timeout: timeout)
      }
      let elapsed = (ContinuousClock.now - began) / .milliseconds(1)
      return answer(table, format, elapsedMilliseconds: elapsed)
    } catch {
      return ErrorResponse.query(error)
    }
  }

  /// Texts as the value of a header; nil where there are none.
  private static func line(_ texts: [String]) -> String? {
    guard !texts.isEmpty else { return nil }
    let scalars = texts.joined(separator: "; ").unicodeScalars
    return String(
      scalars.map { $0.isASCII && $0.value >= 32 ? Character($0) : " " }.prefix(2000))
  }

  private func answer(
    _ table: Table, _ format: TableFormat, elapsedMilliseconds: Double
  ) -> Response {
    var headers: HTTPFields = [.contentType: format.contentType]
    if let state = table.worstState { headers[.modelState] = state.rawValue }
    headers[.warnings] = Self.line(table.warnings)
    headers[.infos] = Self.line(table.infos)
    let body =
      switch format {
      case .csv:
        body(TableText(table, elapsedMilliseconds: elapsedMilliseconds).pieces(.csv), table)
      case .json:
        body(TableText(table, elapsedMilliseconds: elapsedMilliseconds).pieces(.json), table)
      case .arrow: body(ArrowStream(table), table)
      }
    return Response(status: .ok, headers: headers, body: body)
  }

  /// Pieces that are sent as they are made: on the reader threads where there is much to write.
  private func body<Pieces: Sequence<[UInt8]>>(
    _ pieces: Pieces, _ table: Table
  ) -> ResponseBody where Pieces.Iterator: Sendable {
    let (first, weight, pool) = (pieces.makeIterator(), table.rowCount, database.computePool)
    return ResponseBody { writer in
      var iterator = first
      while true {
        let before = iterator
        let (piece, after) = try await pool.compute(weight: weight) {
          var iterator = before
          return (iterator.next(), iterator)
        }
        guard let piece else { break }
        iterator = after
        try await writer.write(ByteBuffer(bytes: piece))
      }
      try await writer.finish(nil)
    }
  }
}

/// How a table is sent.
private enum TableFormat: String {
  case csv, json, arrow

  /// What a request that names no format gets: Arrow where it accepts that.
  static func preferred(by request: Request) -> TableFormat {
    request.headers[values: .accept].contains { $0.contains(ArrowStream.contentType) }
      ? .arrow : .json
  }

  /// The media type of an answer.
  var contentType: String {
    switch self {
    case .csv: TableText.Format.csv.contentType
    case .json: TableText.Format.json.contentType
    case .arrow: ArrowStream.contentType
    }
  }
}
