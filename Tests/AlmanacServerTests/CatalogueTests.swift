import AlmanacServer
import Testing

/// What Prometheus' clients ask beside queries.
@Suite struct CatalogueTests {
  static let data = """
    a,host=x,dc=eu value=1 1788221340
    a,host=y,dc=eu value=1 1788221340
    b,host=x,the\\ rack=r"1 value=1 1788221340
    """

  static let listCases: [(path: String, expected: String)] = [
    (
      "series?match[]=a",
      "[{\"__name__\":\"a\",\"dc\":\"eu\",\"host\":\"x\"},"
        + "{\"__name__\":\"a\",\"dc\":\"eu\",\"host\":\"y\"}]"
    ),
    (
      "series?match[]=%7Bhost%3D%22x%22%7D&match[]=a%7Bhost%3D%22x%22%7D",
      "[{\"__name__\":\"a\",\"dc\":\"eu\",\"host\":\"x\"},"
        + "{\"__name__\":\"b\",\"host\":\"x\",\"the rack\":\"r\\\"1\"}]"
    ),
    ("series?match[]=nothing", "[]"),
    ("labels", "[\"__name__\",\"dc\",\"host\",\"the rack\"]"),
    // Some have samples in the range, or none, or all.
    ("labels?match[]=b&start=1&end=2", "[]"), ("series?match[]=a&end=1788221339", "[]"),
    ("labels?match[]=b&start=1788221340", "[\"__name__\",\"host\",\"the rack\"]"),
    ("label/host/values?start=2026-09-01T00:09:00Z&end=1788221340", "[\"x\",\"y\"]"),
    ("label/host/values", "[\"x\",\"y\"]"), ("label/host/values?match[]=b", "[\"x\"]"),
    ("label/__name__/values", "[\"a\",\"b\"]"),
    ("label/__name__/values?match[]=%7Bdc%3D%22eu%22%7D", "[\"a\"]"),
    ("label/the%20rack/values", "[\"r\\\"1\"]"),
    ("label/U__the_20_rack/values", "[\"r\\\"1\"]"), ("label/no/values", "[]"),
    ("metadata", "{}"), ("rules", "{\"groups\":[]}"), ("alerts", "{\"alerts\":[]}"),
    ("query_exemplars", "[]"),
  ]

  @Test(
    "series, labels and values are listed",
    arguments: listCases)
  func lists(path: String, expected: String) async throws {
    try await ServerFixture().test { client async throws in
      #expect(try await client.post("/write?precision=s", Self.data).status == 204)
      let reply = try await client.get("/api/v1/\(path)")
      #expect(
        reply.body == "{\"status\":\"success\",\"data\":\(expected)}\n"
          || reply.body
            == "{\"status\":\"success\",\"data\":\(expected)}",
        "\(reply.body)")
    }
  }

  @Test("a limit cuts a list short and says so")
  func limit() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?precision=s", Self.data)
      let reply = try await client.post("/api/v1/series", "match[]=a&limit=1")
      #expect(reply.body.contains("\"host\":\"x\"}],\"warnings\":[\"results truncated"))
      #expect(!reply.body.contains("\"y\""))
    }
  }

  @Test(
    "what cannot be read is refused",
    arguments: [
      "series", "series?match[]=m%7B", "series?match[]=1", "labels?start=soon", "labels?limit=-1",
      "labels?start=2&end=1", "label/host/values?end=later",
    ])
  func refused(path: String) async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.get("/api/v1/\(path)")
      #expect(reply.status == 400)
      #expect(reply.body.contains("\"errorType\":\"bad_data\""), "\(reply.body)")
    }
  }

  @Test("the build has a version that clients can compare, and no features")
  func build() async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.get("/api/v1/status/buildinfo")
      #expect(reply.body.contains("\"version\":\"3.0.0+almanac."))
      #expect(!reply.body.contains("features"))
    }
  }
}
