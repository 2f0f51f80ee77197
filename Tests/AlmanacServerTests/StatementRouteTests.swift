import Testing

@Suite("statements over HTTP") struct StatementRouteTests {
  @Test("any request may carry statements, and the metrics count kept stages")
  func statements() async throws {
    try await ServerFixture().test { client in
      _ = try await client.post("/write?precision=s", "memory,host=x value=7 1788221390\n")
      let define = "let up@1(s) = s + 1".percentEncoded
      let defined = try await client.get("/api/v1/query?query=\(define)")
      #expect(defined.status == 200)
      #expect(defined.body.contains("\"result\":[]"), "\(defined.body)")
      #expect(defined.body.contains("ask /api/v1/table"), "\(defined.body)")
      let query = "max_over_time(up@1(memory)[1h:1m]); sum(max_over_time(up@1(memory)[1h:1m]))"
        .percentEncoded
      for _ in 0..<2 {
        let reply = try await client.get("/api/v1/query?query=\(query)")
        #expect(reply.status == 200)
        #expect(reply.body.contains("\"8\""), "\(reply.body)")
      }
      let metrics = try await client.get("/metrics").body
      #expect(metrics.contains("almanac_stage_cache_hits_total 1\n"))
      #expect(metrics.contains("almanac_stage_cache_entries 2\n"))
      let table = try await client.get(
        "/api/v1/table?format=csv&query=\("show lets".percentEncoded)")
      #expect(table.body.contains(",up,1,let up@1(s) = s + 1,"))
    }
  }
}
