import Foundation
import HTTPTypes
import Testing

/// `/api/v1/parse_query` and `/api/v1/format_query`.
@Suite struct SyntaxTests {
  /// The data of the answer to a query.
  static func ask(
    _ path: String, _ query: String, _ check: @escaping @Sendable (String) throws -> Void
  ) async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.get("/api/v1/\(path)?query=\(query.percentEncoded)")
      #expect(reply.status == 200, "\(reply.body)")
      let prefix = "{\"status\":\"success\",\"data\":"
      #expect(reply.body.hasPrefix(prefix))
      try check(String(reply.body.dropFirst(prefix.count).dropLast()))
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) }
    }
  }

  static let trees: [(query: String, tree: String)] = [
    ("1", "{\"type\":\"numberLiteral\",\"val\":\"1\"}"),
    ("\"x\"", "{\"type\":\"stringLiteral\",\"val\":\"x\"}"),
    (
      "m",
      "{\"type\":\"vectorSelector\",\"name\":\"m\",\"offset\":0,\"timestamp\":null,"
        + "\"startOrEnd\":null,\"matchers\":[{\"name\":\"__name__\",\"type\":\"=\",\"value\":\"m\"}]}"
    ),
    (
      "{a!=\"b\"}[5m] offset 1h",
      "{\"type\":\"matrixSelector\",\"name\":\"\",\"range\":300000,\"offset\":3600000,"
        + "\"timestamp\":null,\"startOrEnd\":null,"
        + "\"matchers\":[{\"name\":\"a\",\"type\":\"!=\",\"value\":\"b\"}]}"
    ),
    (
      "1[1h:5m] @ end()",
      "{\"type\":\"subquery\",\"expr\":{\"type\":\"numberLiteral\",\"val\":\"1\"},"
        + "\"step\":300000,\"range\":3600000,\"offset\":0,\"timestamp\":null,"
        + "\"startOrEnd\":\"end\"}"
    ),
    (
      "topk by (h) (3, 1)",
      "{\"type\":\"aggregation\",\"op\":\"topk\",\"expr\":{\"type\":\"numberLiteral\",\"val\":\"1\"},"
        + "\"param\":{\"type\":\"numberLiteral\",\"val\":\"3\"},\"grouping\":[\"h\"],"
        + "\"without\":false}"
    ),
    (
      "1 > bool 2",
      "{\"type\":\"binaryExpr\",\"op\":\">\",\"lhs\":{\"type\":\"numberLiteral\",\"val\":\"1\"},"
        + "\"rhs\":{\"type\":\"numberLiteral\",\"val\":\"2\"},\"matching\":null,\"bool\":true}"
    ),
    (
      "f(1, a=2d)",
      "{\"type\":\"call\",\"func\":{\"name\":\"f\"},\"args\":[{\"type\":\"numberLiteral\","
        + "\"val\":\"1\"},{\"type\":\"named\",\"name\":\"a\",\"expr\":{\"type\":"
        + "\"durationLiteral\",\"val\":\"2d\"}}]}"
    ),
  ]

  @Test("a query is answered as its tree", arguments: trees)
  func tree(query: String, tree: String) async throws {
    try await Self.ask("parse_query", query) { #expect($0 == tree) }
  }

  @Test("matching says which series meet")
  func matching() async throws {
    try await Self.ask("parse_query", "a * on(x) group_left(y) b") { tree in
      #expect(
        tree.contains(
          "\"matching\":{\"card\":\"many-to-one\",\"labels\":[\"x\"],\"on\":true,"
            + "\"include\":[\"y\"]}"), "\(tree)")
    }
  }

  @Test("every kind of node has a tree")
  func allNodes() async throws {
    let query =
      "m<a=[x, y]> | scale(method=\"robust\", b=[1, true], c=(d=auto)) | forecast(-7d).lower @ -1d"
    try await Self.ask("parse_query", query) { tree in
      #expect(tree.contains("\"values\":[\"x\",\"y\"]"), "\(tree)")
    }
  }

  static let formats: [(String, String)] = [
    ("sum( m )by(x)", "sum by (x) (m)"), ("a+b*c", "a + b * c"),
    ("rate(m{a=\"b\"}[5m])", "rate(m{a=\\\"b\\\"}[5m])"),
  ]

  @Test("a query is answered in its canonical form", arguments: formats)
  func format(query: String, formatted: String) async throws {
    try await Self.ask("format_query", query) { #expect($0 == "\"\(formatted)\"") }
  }

  @Test(
    "what does not parse is an error with its place", arguments: ["parse_query", "format_query"])
  func errors(path: String) async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.get("/api/v1/\(path)?query=m%7B")
      #expect(reply.status == 400)
      #expect(reply.body.contains("\"errorType\":\"bad_data\""))
      #expect(reply.body.contains("\"line\":1,\"column\":3"), "\(reply.body)")
      #expect(try await client.get("/api/v1/\(path)").status == 400)
    }
  }
}
