import HTTPTypes
import Testing

@Suite("feedback over HTTP") struct FeedbackRouteTests {
  @Test("what is said of an outlier is kept, listed and dropped")
  func feedback() async throws {
    try await ServerFixture().test { client in
      let none = try await client.get("/api/v1/feedback")
      #expect(none.status == 200 && none.body == "{\"status\":\"success\",\"data\":[]}\n")
      let query = "outliers(rate(requests<host=x>[5m])[1d:5m], method=residual)"
      let body =
        "series=\("{host=\"x\"}".percentEncoded)&start=1788220800&end=1788221100"
        + "&verdict=false_alarm&note=\("a \"backup\"".percentEncoded)&by=anna&score=1.5"
        + "&query=\(query.percentEncoded)"
      let kept = try await client.post("/api/v1/feedback", body)
      #expect(
        kept.body == """
          {"status":"success","data":{"id":1,"metric":"","labels":{"host":"x"},\
          "start":"2026-09-01T00:00:00Z","end":"2026-09-01T00:05:00Z","verdict":"false_alarm",\
          "note":"a \\"backup\\"","by":"anna","score":1.5,"method":"residual",\
          "signal":"rate(requests<host=x>[5m])","template":"","created":"2026-09-01T00:10:00Z"}}

          """)
      let plain = try await client.post(
        "/api/v1/feedback", "series=memory&start=1788220800&verdict=true&template=memory")
      #expect(plain.status == 200, "\(plain.body)")
      #expect(plain.body.contains("\"id\":2,\"metric\":\"memory\""))
      #expect(try await client.get("/api/v1/feedback").body.contains("\"id\":2"))
      let shown = try await client.csv("show feedback")
      #expect(shown.body.contains("1,false_alarm,\"a \"\"backup\"\"\",anna,"), "\(shown.body)")
      #expect(try await client.send(.delete, "/api/v1/feedback/1").status == 204)
      #expect(try await client.send(.delete, "/api/v1/feedback/1").status == 404)
      #expect(try await client.send(.delete, "/api/v1/feedback/x").status == 404)
      #expect(!(try await client.get("/api/v1/feedback").body.contains("\"id\":1")))
    }
  }

  @Test(
    "what cannot be kept is refused",
    arguments: [
      ("start=1&verdict=true", "series"), ("series=memory&verdict=true", "start"),
      ("series=memory&start=1", "verdict"), ("series=memory&start=1&verdict=maybe", "verdict"),
      ("series=memory&start=2&end=1&verdict=true", "start"),
      ("series=memory&start=1&verdict=true&score=-1", "score"),
      ("series=memory&start=1&verdict=true&query=memory", "query"),
      ("series=memory%7Bhost=~%22x%22%7D&start=1&verdict=true", "series"),
      ("series=memory%7B&start=1&verdict=true", "selector"),
      ("series=memory&start=1&verdict=true&template=%7B", "selector"),
    ])
  func refused(_ body: String, _ word: String) async throws {
    try await ServerFixture().test { client in
      let reply = try await client.post("/api/v1/feedback", body)
      #expect(reply.status == 400)
      #expect(reply.body.contains(word), "\(reply.body)")
      #expect(try await client.get("/api/v1/feedback").body.contains("\"data\":[]"))
    }
  }
}
