import HTTPTypes
import Testing

/// The form of answers. What queries mean is in query-examples.
@Suite struct TableTests {
  static let data = "a,h=x value=1.5 1788221340\na,h=y value=1e300 1788221370\n"

  @Test("JSON carries type, labels, columns, rows, warnings and time")
  func json() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?precision=s", Self.data)
      let reply = try await client.get("/api/v1/table?query=a%3Ch=x%3E")
      #expect(reply.headers[.contentType] == "application/json")
      #expect(
        reply.body.hasPrefix(
          "{\"status\":\"success\",\"type\":\"series\",\"series\":[{\"metric\":\"a\","
            + "\"labels\":{\"h\":\"x\"},\"columns\":[\"time\",\"value\"],"
            + "\"values\":[[\"2026-09-01T00:09:00Z\",1.5]]}],\"warnings\":[],\"elapsed_ms\":"))
    }
  }

  @Test("numbers that are not finite: CSV words, JSON null and strings")
  func notFinite() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?precision=s", Self.data)
      let query = "a<h=y> * 1e300 * a<h=y> - a<h=y> * 1e300 * a<h=y>"
      #expect(try await client.csv(query).body.hasSuffix(",y,NaN\n"))
      #expect(try await client.csv("a<h=y> * 1e300 * a<h=y>").body.hasSuffix(",y,+Inf\n"))
      let json = try await client.get("/api/v1/table?query=\(query.percentEncoded)")
      #expect(json.body.contains(",null]]"))
      let infinite = "-(a<h=y> * 1e300 * a<h=y>)".percentEncoded
      #expect(
        try await client.get("/api/v1/table?query=\(infinite)").body.contains(",\"-Inf\"]]"))
    }
  }

  @Test("no rows give the header alone")
  func empty() async throws {
    try await ServerFixture().test { client async throws in
      #expect(try await client.csv("nothing").body == "time,metric,value\n")
    }
  }

  @Test("labels with commas, quotes and reserved names survive CSV")
  func csvQuoting() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post(
        "/write?precision=s", "m,value=x,q=a\\,b\"c value=1 1788221340\n")
      #expect(
        try await client.csv("m").body == """
          time,metric,q,label_value,value
          2026-09-01T00:09:00Z,m,"a,b""c",x,1

          """)
    }
  }

  @Test("queries come by POST too, and + is a space")
  func post() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?precision=s", Self.data)
      let reply = try await client.post(
        "/api/v1/table", "query=a%3Ch=x%3E+%2B+1&format=csv",
        headers: [.contentType: "application/x-www-form-urlencoded"])
      #expect(reply.body.hasSuffix(",x,2.5\n"))
    }
  }

  @Test(
    "a query that does not parse answers 400 with line, column and a hint",
    arguments: [
      ("memory<host=x", 1, 14, "close the selector"), ("forcast(memory, 7d)", 1, 1, "forecast?"),
      ("sum(memory)\n  by host)", 2, 6, ""), ("memory<host=x>=5", 1, 14, "space before"),
      ("forecast(memory)", 1, 1, "how far to look ahead"),
      ("forecast(memory, 7d, hiden=3)", 1, 22, "hidden?"),
      ("memory | forecast(7d) | scale", 1, 1, ".yhat"), ("memory =~ 3", 1, 8, ""),
    ])
  func errors(query: String, line: Int, column: Int, hint: String) async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.csv(query)
      #expect(reply.status == 400)
      #expect(reply.body.contains("\"errorType\":\"bad_data\""), "\(reply.body)")
      #expect(reply.body.contains("\"line\":\(line),\"column\":\(column),"), "\(reply.body)")
      #expect(reply.body.contains("\"stage\":"), "\(reply.body)")
      #expect(reply.body.contains("\"hint\":"), "\(reply.body)")
      #expect(reply.body.contains(hint), "\(reply.body)")
    }
  }

  @Test(
    "time parameters that cannot be read are named",
    arguments: [
      "&time=yesterday", "&start=5&end=4", "&start=1&end=2&step=0", "&format=xml", "&end=5",
    ])
  func badParameters(parameters: String) async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.get("/api/v1/table?query=a\(parameters)")
      #expect(reply.status == 400)
      #expect(reply.body.contains("invalid parameter"), "\(reply.body)")
      #expect(reply.body.contains("\"hint\":"), "\(reply.body)")
    }
  }

  @Test("what cannot be evaluated answers 422 and says why")
  func evaluation() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?precision=s", Self.data)
      let reply = try await client.csv("a + on() a")
      #expect(reply.status == 422)
      #expect(reply.body.contains("\"errorType\":\"execution\""))
    }
  }
}
