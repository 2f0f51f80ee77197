internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import HTTPTypes
internal import Hummingbird

/// What Prometheus' clients ask beside queries: which series, labels and values there are, what
/// server this is, and what it has not.
extension Routes {
  /// The Prometheus whose API this is: clients choose by it what to ask for.
  private static let prometheusVersion = "3.0.0+almanac.\(Almanac.version)"

  func addCatalogue(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .post] {
      router.on("/api/v1/series", method: method) { request, _ in
        try await answer(request) { selectors, range in
          if selectors.isEmpty {
            throw InvalidParameter(
              parameter: "match[]", message: "it is missing",
              hint: "for example match[]=memory<host=x>")
          }
          return try await database.series(passing: selectors, in: range)
        } write: {
          $0.metric($1)
        }
      }
      router.on("/api/v1/labels", method: method) { request, _ in
        try await answer(request) { selectors, range in
          try await database.labelNames(passing: selectors, in: range)
        } write: {
          $0.string($1)
        }
      }
      router.on("/api/v1/label/:name/values", method: method) { request, context in
        let escaped = try context.parameters.require("name")
        let name = Self.unescaped(RequestParameters.decode(escaped.utf8, isForm: false))
        return try await answer(request) { selectors, range in
          try await database.labelValues(name, passing: selectors, in: range)
        } write: {
          $0.string($1)
        }
      }
    }
    addConstants(to: router)
  }

  /// Answers that are always the same: there are no exemplars, no metadata and no targets.
  private func addConstants(to router: Router<Context>) {
    var build = JSONText()
    build.raw("{\"version\":")
    build.string(Self.prometheusVersion)
    build.raw(
      ",\"revision\":\"\",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}"
    )
    let answers: [(path: RouterPath, data: [UInt8])] = [
      ("/api/v1/status/buildinfo", build.bytes),
      ("/api/v1/metadata", Array("{}".utf8)),
      ("/api/v1/query_exemplars", Array("[]".utf8)),
      ("/api/v1/targets", Array("{\"activeTargets\":[],\"droppedTargets\":[]}".utf8)),
      ("/api/v1/targets/metadata", Array("[]".utf8)),
    ]
    for (path, data) in answers {
      for method in [HTTPRequest.Method.get, .post] {
        router.on(path, method: method) { _, _ in
          var json = JSONText()
          json.raw("{\"status\":\"success\",\"data\":")
          json.raw(data)
          json.raw("}")
          return Response(json: json)
        }
      }
    }
  }

  /// A list of what `find` finds, up to the limit that was asked for.
  private func answer<Element>(
    _ request: Request,
    _ find: ([SeriesSelector], TimeRange?) async throws -> [Element],
    write: (inout JSONText, Element) -> Void
  ) async throws -> Response {
    do {
      let parameters = try await allParameters(of: request)
      let range = try Self.range(parameters)
      let limit = try Self.limit(parameters)
      var selectors: [SeriesSelector] = []
      for text in parameters.all("match[]") { selectors.append(try SeriesSelector(text)) }
      let found = try await find(selectors, range)
      let count = min(found.count, limit ?? found.count)
      var json = JSONText()
      json.raw("{\"status\":\"success\",\"data\":[")
      for (index, element) in found.prefix(count).enumerated() {
        if index > 0 { json.raw(",") }
        write(&json, element)
      }
      json.raw(count < found.count ? "],\"warnings\":[\"results truncated due to limit\"]}" : "]}")
      return Response(json: json)
    } catch let error as InvalidParameter {
      return ErrorResponse.badParameter(error.parameter, error.message, hint: error.hint)
    } catch {
      return ErrorResponse.query(error)
    }
  }

  /// The parameters `start` and `end`, open where one is missing; nil where both are.
  private static func range(
    _ parameters: RequestParameters
  ) throws(InvalidParameter) -> TimeRange? {
    var range = TimeRange.all
    for (name, path) in [("start", \TimeRange.start), ("end", \TimeRange.end)] {
      guard let text = parameters[name], !text.isEmpty else { continue }
      guard let time = Timestamp(parameter: text) else {
        throw InvalidParameter(
          parameter: name, message: "cannot read \"\(text)\" as a time",
          hint: "use RFC 3339, as 2026-09-01T00:00:00Z, or unix seconds")
      }
      range[keyPath: path] = time
    }
    guard !range.isEmpty else {
      throw InvalidParameter(
        parameter: "end", message: "it is before start", hint: "swap start and end")
    }
    return range == .all ? nil : range
  }

  /// A label's name in a path, where Prometheus 3 writes `U__` in front, `_` twice and other
  /// characters as `_` with their number in hexadecimal and `_`.
  static func unescaped(_ name: String) -> String {
    guard name.hasPrefix("U__") else { return name }
    var text = ""
    var rest = name.dropFirst(3)
    while let character = rest.popFirst() {
      guard character == "_" else {
        text.append(character)
        continue
      }
      if rest.first == "_" {
        rest.removeFirst()
        text.append("_")
        continue
      }
      guard let end = rest.firstIndex(of: "_"), let number = UInt32(rest[..<end], radix: 16),
        let scalar = Unicode.Scalar(number)
      else { return name }
      text.unicodeScalars.append(scalar)
      rest = rest[rest.index(after: end)...]
    }
    return text
  }
}
