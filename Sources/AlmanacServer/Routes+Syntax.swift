internal import AlmanacQuery
internal import HTTPTypes
internal import Hummingbird

/// Prometheus' `/api/v1/format_query` and `/api/v1/parse_query`.
extension Routes {
  func addSyntax(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .post] {
      router.on("/api/v1/format_query", method: method) { request, _ in
        try await answer(request) { $0.string(Printer(style: .keep).print($1)) }
      }
      router.on("/api/v1/parse_query", method: method) { request, _ in
        try await answer(request) { $0.tree($1) }
      }
    }
  }

  private func answer(
    _ request: Request, _ write: (inout JSONText, Expression) -> Void
  ) async throws -> Response {
    guard let text = try await allParameters(of: request)["query"], !text.isEmpty else {
      return ErrorResponse.badParameter(
        "query", "it is missing", hint: "for example ?query=memory<host=x>")
    }
    do throws(QueryError) {
      let expression = try Parser.parseExpression(text)
      var json = JSONText()
      json.raw("{\"status\":\"success\",\"data\":")
      write(&json, expression)
      json.raw("}")
      return Response(json: json)
    } catch {
      return ErrorResponse.query(error)
    }
  }
}
