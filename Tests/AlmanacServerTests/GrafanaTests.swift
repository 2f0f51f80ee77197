import Foundation
import HTTPTypes
import Testing

/// What Grafana's data source of type Prometheus asks, in its order, with the shapes that it reads.
@Suite struct GrafanaTests {
  /// 2026-09-01T00:00:00Z, ten minutes before the server's now.
  static let start = PrometheusTests.start
  static let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]

  /// Asks with a form where there is a body, else by GET; the answer without a line end.
  static func ask(
    _ client: ServerFixture.Client, _ path: String, _ body: String? = nil
  ) async throws -> String {
    let reply =
      if let body {
        try await client.post("/api/v1/\(path)", body, headers: form)
      } else {
        try await client.get("/api/v1/\(path)")
      }
    #expect(reply.status == 200, "\(path): \(reply.body)")
    #expect(reply.header("Content-Type") == "application/json")
    return reply.body.trimmingCharacters(in: .newlines)
  }

  /// Runs `body` with the data of `PrometheusTests` stored.
  static func test(
    _ body: @escaping @Sendable (ServerFixture.Client) async throws -> Void
  ) async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?precision=s", PrometheusTests.data)
      try await body(client)
    }
  }

  @Test("the health check: 1+1 at 4 s, then the build")
  func health() async throws {
    try await Self.test { client async throws in
      #expect(
        try await Self.ask(client, "query", "query=1%2B1&time=4")
          == "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[4,\"2\"]}}")
      let build = try await Self.ask(client, "status/buildinfo")
      #expect(
        build.hasPrefix(
          "{\"status\":\"success\",\"data\":{\"version\":\"3.0.0+almanac."), "\(build)")
      #expect(
        build.hasSuffix(
          "\"revision\":\"\",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\","
            + "\"goVersion\":\"\"}}"))
    }
  }

  static let range = "start=\(start)&end=\(start + 3_600)"

  /// What the editor asks for, and the data of the answer.
  static let lists: [(path: String, body: String?, data: String)] = [
    // At the start.
    ("label/__name__/values?\(range)", nil, "[\"m\"]"),
    ("labels", range, "[\"__name__\",\"host\"]"),
    ("metadata", nil, "{}"), ("metadata?metric=m&limit=1", nil, "{}"),
    ("rules", nil, "{\"groups\":[]}"),
    ("query_exemplars", "query=m&\(range)", "[]"),
    // As one types.
    ("label/host/values?\(range)&match%5B%5D=%7B__name__%3D%22m%22%7D", nil, "[\"a\",\"b\"]"),
    ("labels", "\(range)&match%5B%5D=m%7Bhost%3D%22a%22%7D", "[\"__name__\",\"host\"]"),
    (
      "series", "\(range)&limit=40000&match%5B%5D=%7Bhost%3D~%22a%7Cc%22%7D",
      "[{\"__name__\":\"m\",\"host\":\"a\"}]"
    ),
    ("label/U__the_20_rack/values?\(range)", nil, "[]"),
    // A time picker that shows another day.
    ("label/host/values?start=1&end=86400", nil, "[]"),
    ("labels", "start=1&end=86400", "[]"),
    ("series", "start=1&end=86400&match%5B%5D=m", "[]"),
    ("alerts", nil, "{\"alerts\":[]}"),
    ("status/flags", nil, Self.flags),
    ("status/config", nil, "{\"yaml\":\"\"}"),
    ("format_query", "query=sum(m)by(host)", "\"sum by (host) (m)\""),
  ]

  static let flags =
    "{\"query.lookback-delta\":\"5m\",\"query.max-samples\":\"50000000\",\"query.timeout\":\"0s\"}"

  @Test("start-up and editor: metrics, labels, values, series", arguments: lists)
  func editor(path: String, body: String?, data: String) async throws {
    try await Self.test { client async throws in
      #expect(
        try await Self.ask(client, path, body) == "{\"status\":\"success\",\"data\":\(data)}")
    }
  }

  @Test("panels: a range into the future, where raw metrics have no samples")
  func panel() async throws {
    try await Self.test { client async throws in
      let answer = try await Self.ask(
        client, "query_range",
        "query=m%7Bhost%3D%22b%22%7D&start=\(Self.start - 604_800)&end=\(Self.start + 604_800)"
          + "&step=300")
      // The newest sample is found for five minutes.
      #expect(
        answer
          == "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":"
          + "{\"__name__\":\"m\",\"host\":\"b\"},\"values\":[[\(Self.start),\"0\"],"
          + "[\(Self.start + 300),\"10\"],[\(Self.start + 600),\"20\"]]}]}}")
    }
  }

  @Test("an instant panel is a vector, with statistics where they are asked for")
  func instant() async throws {
    try await Self.test { client async throws in
      let plain = try await Self.ask(client, "query", "query=sum(m)&time=\(Self.start + 60)")
      let expected =
        "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
        + "\"value\":[\(Self.start + 60),\"3\"]}]"
      #expect(plain == expected + "}}")
      let detailed = try await Self.ask(
        client, "query", "query=sum(m)&time=\(Self.start + 60)&stats=all")
      #expect(
        detailed.hasPrefix(expected + ",\"stats\":{\"timings\":{\"evalTotalTime\":"), "\(detailed)")
      #expect(detailed.contains("\"samples\":{\"totalQueryableSamples\":2},\"peakBytes\":"))
      #expect(throws: Never.self) {
        try JSONSerialization.jsonObject(with: Data(detailed.utf8))
      }
    }
  }

  @Test("an alert rule's query without data is an empty vector, not an error")
  func noData() async throws {
    try await Self.test { client async throws in
      #expect(
        try await Self.ask(client, "query", "query=m+%3E+100")
          == "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}")
    }
  }
}
