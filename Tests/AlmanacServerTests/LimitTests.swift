import AlmanacQuery
import Testing

/// Queries that would cost too much.
@Suite struct LimitTests {
  static let start = PrometheusTests.start

  /// `w` of four hosts each second for some hours: 40,000 samples.
  static let lines = (0..<40_000).map {
    "w,host=\($0 % 4) value=\($0 % 97) \(start - 10_000 + $0 / 4)"
  }.joined(separator: "\n")

  static func test(
    _ limits: Query.Limits = Query.Limits(),
    _ body: @escaping @Sendable (ServerFixture.Client) async throws -> Void
  ) async throws {
    try await ServerFixture(limits: limits).test { client async throws in
      #expect(try await client.post("/write?precision=s", lines).status == 204)
      try await body(client)
    }
  }

  /// Sorting 10,000 values 10,001 times for each host takes many seconds; in the end it would be
  /// answered 200.
  static let slow =
    "query=\("quantile_over_time(0.3, w[10000s])".percentEncoded)"
    + "&start=\(start - 10_000)&end=\(start)&step=1"

  static let routes = ["/api/v1/query_range", "/api/v1/table"]

  @Test("a query ends at its timeout: 503, timeout, not to be tried again", arguments: routes)
  func timeout(route: String) async throws {
    try await Self.test { client async throws in
      for timeout in ["0.3", "300ms"] {
        let reply = try await client.get("\(route)?\(Self.slow)&timeout=\(timeout)")
        #expect(reply.status == 503)
        #expect(
          reply.body.hasPrefix(
            "{\"status\":\"error\",\"errorType\":\"timeout\","
              + "\"error\":\"query timed out after 0.3 s\""), "\(reply.body)")
        #expect(reply.header("Retry-After") == nil)
      }
      let metrics = try await client.get("/metrics").body
      #expect(metrics.contains("\nalmanac_queries_running 0\n"), "\(metrics)")
      #expect(metrics.contains("\nalmanac_queries_timed_out_total 2\n"))
    }
  }

  @Test("the server's own timeout counts where a request asks for more", arguments: routes)
  func serverTimeout(route: String) async throws {
    var limits = Query.Limits()
    limits.timeout = .milliseconds(200)
    try await Self.test(limits) { client async throws in
      let reply = try await client.get("\(route)?\(Self.slow)&timeout=1h")
      #expect(reply.status == 503)
      #expect(reply.body.contains("timed out after 0.2 s"), "\(reply.body)")
    }
  }

  @Test(
    "a query over the memory of one query is refused: 422 with the limit and what to do",
    arguments: ["w[10000s]", "-w[10000s]", "w[10000s:1s]", "w[5000s] + w[5000s]", "w | scale"])
  func memory(query: String) async throws {
    var limits = Query.Limits()
    limits.bytes = 300_000
    try await Self.test(limits) { client async throws in
      let encoded = query.percentEncoded
      for path in ["/api/v1/query?query=\(encoded)", "/api/v1/table?query=\(encoded)"] {
        let reply = try await client.get("\(path)&time=\(Self.start)")
        #expect(reply.status == 422, "\(reply.body)")
        #expect(reply.body.contains("\"errorType\":\"execution\""))
        #expect(reply.body.contains("over 300000 bytes"), "\(reply.body)")
        #expect(reply.body.contains("--query-memory"))
      }
      // Windows are worked out series by series and are not held.
      let reply = try await client.get(
        "/api/v1/query?query=\("sum(avg_over_time(w[10000s]))".percentEncoded)&time=\(Self.start)")
      #expect(reply.status == 200, "\(reply.body)")
    }
  }

  @Test("too many samples are refused: 422 with the limit")
  func samples() async throws {
    var limits = Query.Limits()
    limits.samples = 10_000
    try await Self.test(limits) { client async throws in
      let reply = try await client.get("/api/v1/query?query=w%5B1d%5D&time=\(Self.start)")
      #expect(reply.status == 422)
      #expect(reply.body.contains("reads over 10000 samples"), "\(reply.body)")
    }
  }

  @Test(
    "a timeout that cannot be read is an error",
    arguments: ["/api/v1/query?query=1", "/api/v1/table?query=1"], ["soon", "0", "-1s"])
  func badTimeout(path: String, timeout: String) async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.get("\(path)&timeout=\(timeout)")
      #expect(reply.status == 400)
      #expect(reply.body.contains("invalid parameter \\\"timeout\\\""), "\(reply.body)")
    }
  }
}
