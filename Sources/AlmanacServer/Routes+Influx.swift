internal import AlmanacEngine
internal import HTTPTypes
internal import Hummingbird
internal import Synchronization

/// What agents of the InfluxDB world ask before they write.
extension Routes {
  func addInflux(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .head] {
      router.on("/ping", method: method) { request, _ in ping(request) }
    }
    router.get("/health") { _, _ in health() }
    for method in [HTTPRequest.Method.get, .post] {
      router.on("/query", method: method) { request, _ in try await handshake(request) }
    }
  }

  private func health() -> Response {
    let failure = database.writeTrouble.map { "\($0)" }
    var json = JSONText()
    json.raw("{\"name\":\"influxdb\",\"status\":")
    json.string(failure == nil ? "pass" : "fail")
    json.raw(",\"message\":")
    json.string(failure ?? "ready for queries and writes")
    json.raw(",\"version\":")
    json.string(Almanac.influxVersion)
    json.raw(",\"checks\":[]}\n")
    return Response(json: json, status: failure == nil ? .ok : .serviceUnavailable)
  }

  private func ping(_ request: Request) -> Response {
    guard RequestParameters(request.uri.query ?? "")["verbose"] == "true" else {
      return Response(status: .noContent)
    }
    var json = JSONText()
    json.raw("{\"version\":")
    json.string(Almanac.influxVersion)
    json.raw("}\n")
    return Response(json: json)
  }

  /// The subset of InfluxQL that agents send at start: CREATE DATABASE and SHOW DATABASES.
  private func handshake(_ request: Request) async throws -> Response {
    let parameters = try await allParameters(of: request)
    guard let text = parameters["q"] else {
      return ErrorResponse.influx1(.badRequest, "missing required parameter \"q\"")
    }
    let statement = text.trimmingSpaces(and: ";")
    let words = statement.split(separator: " ").map { $0.lowercased() }
    var json = JSONText()
    json.raw("{\"results\":[{\"statement_id\":0")
    if words.count >= 3, words[0] == "create", words[1] == "database" {
      let name = statement.split(separator: " ")[2].trimmingSpaces(and: "\"")
      databases.add(name)
    } else if words == ["show", "databases"] {
      let stored = try await database.labelValues("db")
      let names = databases.all.union(stored).sorted()
      json.raw(",\"series\":[{\"name\":\"databases\",\"columns\":[\"name\"],\"values\":[")
      for (index, name) in names.enumerated() {
        json.raw(index > 0 ? ",[" : "[")
        json.string(name)
        json.raw("]")
      }
      json.raw("]}]")
    } else {
      return ErrorResponse.influx1(
        .badRequest,
        "error parsing query: only CREATE DATABASE and SHOW DATABASES are known here; ask for "
          + "data at /api/v1/table")
    }
    json.raw("}]}\n")
    return Response(json: json)
  }
}

extension StringProtocol {
  /// Without spaces, line ends and `others` at both ends.
  func trimmingSpaces(and others: String) -> String {
    let unwanted: (Character) -> Bool = { $0.isWhitespace || others.contains($0) }
    let tail = drop(while: unwanted)
    guard let last = tail.lastIndex(where: { !unwanted($0) }) else { return "" }
    return String(tail[...last])
  }
}
