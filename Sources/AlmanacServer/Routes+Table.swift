internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import HTTPTypes
internal import Hummingbird

/// `/api/v1/table`: any result as tidy rows, CSV or JSON.
extension Routes {
  func addTable(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .post] {
      router.on("/api/v1/table", method: method) { request, _ in try await table(request) }
    }
  }

  private func table(_ request: Request) async throws -> Response {
    let parameters = try await allParameters(of: request)
    guard let text = parameters["query"], !text.isEmpty else {
      return ErrorResponse.badParameter(
        "query", "it is missing", hint: "for example ?query=memory<host=x>")
    }
    guard let format = TableText.Format(rawValue: parameters["format"] ?? "json") else {
      return ErrorResponse.badParameter(
        "format", "\"\(parameters["format"] ?? "")\" is no format", hint: "use csv or json")
    }
    let time: QueryTime
    do throws(InvalidParameter) {
      time = try QueryTime(
        now: clock(), time: parameters["time"], start: parameters["start"],
        end: parameters["end"], step: parameters["step"])
    } catch {
      return ErrorResponse.badParameter(error.parameter, error.message, hint: error.hint)
    }
    let began = ContinuousClock.now
    do {
      let table = try await database.query(text, at: time)
      let elapsed = (ContinuousClock.now - began) / .milliseconds(1)
      return answer(TableText(table, elapsedMilliseconds: elapsed), table, format)
    } catch {
      return ErrorResponse.query(error)
    }
  }

  private func answer(_ text: TableText, _ table: Table, _ format: TableText.Format) -> Response {
    var headers: HTTPFields = [.contentType: format.contentType]
    if let state = table.worstState { headers[.modelState] = state.rawValue }
    if !table.warnings.isEmpty {
      let line = table.warnings.joined(separator: "; ").unicodeScalars
      headers[.warnings] = String(
        line.map { $0.isASCII && $0.value >= 32 ? Character($0) : " " }.prefix(2000))
    }
    let body = ResponseBody { writer in
      for piece in text.pieces(format) { try await writer.write(ByteBuffer(bytes: piece)) }
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: headers, body: body)
  }
}
