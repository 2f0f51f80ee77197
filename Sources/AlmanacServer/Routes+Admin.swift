internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import AlmanacStore
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// Prometheus' administration endpoints, and `compact`.
extension Routes {
  func addAdministration(to router: Router<Context>) {
    for method in [HTTPRequest.Method.post, .put] {
      router.on("/api/v1/admin/tsdb/compact", method: method) { _, _ in
        try await database.compact()
        return Response(status: .noContent)
      }
      router.on("/api/v1/admin/tsdb/clean_tombstones", method: method) { _, _ in
        try await database.compact()
        return Response(status: .noContent)
      }
      router.on("/api/v1/admin/tsdb/snapshot", method: method) { _, _ in try await snapshot() }
      router.on("/api/v1/admin/tsdb/delete_series", method: method) { request, _ in
        try await deleteSeries(request)
      }
    }
    router.get("/api/v1/status/tsdb") { request, _ in try await cardinality(request) }
  }

  /// A hot copy in the folder `snapshots` of the data directory.
  private func snapshot() async throws -> Response {
    let name = clock().formatted(fractionDigits: 0).replacing(":", with: "")
    let path = "\(database.directory)/snapshots/\(name)"
    try await database.backup(to: path)
    var json = JSONText()
    json.raw("{\"status\":\"success\",\"data\":{\"name\":")
    json.string(name)
    json.raw("}}\n")
    return Response(json: json)
  }

  private func deleteSeries(_ request: Request) async throws -> Response {
    let parameters = try await allParameters(of: request)
    let selectors = parameters.all("match[]")
    guard !selectors.isEmpty else {
      return ErrorResponse.badParameter(
        "match[]", "it is missing", hint: "name at least one series selector")
    }
    var range = TimeRange.all
    for (name, path) in [("start", \TimeRange.start), ("end", \TimeRange.end)] {
      guard let text = parameters[name] else { continue }
      guard let time = Timestamp(parameter: text) else {
        return ErrorResponse.badParameter(
          name, "\"\(text)\" is no time", hint: "use RFC 3339 or Unix seconds")
      }
      range[keyPath: path] = time
    }
    for selector in selectors {
      do {
        let matchers = try SeriesSelector(selector).matchers
        _ = try await database.delete(matchers, in: range)
      } catch {
        return ErrorResponse.query(error)
      }
    }
    return Response(status: .noContent)
  }

  /// Who makes the series: the top of metrics, labels and pairs.
  private func cardinality(_ request: Request) async throws -> Response {
    let parameters = RequestParameters(request.uri.query ?? "")
    let limit = parameters["limit"].flatMap { Int($0) } ?? 10
    guard (1...10_000).contains(limit) else {
      return ErrorResponse.badParameter("limit", "it is out of range", hint: "1 to 10000")
    }
    let found = try await database.cardinality(top: limit)
    let statistics = database.statistics()
    var json = JSONText()
    json.raw("{\"status\":\"success\",\"data\":{\"headStats\":{\"numSeries\":")
    json.integer(found.seriesCount)
    json.raw(",\"numLabelPairs\":")
    json.integer(found.labelPairCount)
    json.raw(",\"chunkCount\":")
    json.integer(statistics.parts)
    json.raw("}")
    for (name, entries) in [
      ("seriesCountByMetricName", found.seriesCountByMetricName),
      ("labelValueCountByLabelName", found.labelValueCountByLabelName),
      ("memoryInBytesByLabelName", found.memoryInBytesByLabelName),
      ("seriesCountByLabelValuePair", found.seriesCountByLabelValuePair),
    ] {
      json.raw(",")
      json.string(name)
      json.raw(":[")
      for (index, entry) in entries.enumerated() {
        json.raw(index == 0 ? "{\"name\":" : ",{\"name\":")
        json.string(entry.name)
        json.raw(",\"value\":")
        json.integer(entry.count)
        json.raw("}")
      }
      json.raw("]")
    }
    json.raw("}}\n")
    return Response(json: json)
  }
}
