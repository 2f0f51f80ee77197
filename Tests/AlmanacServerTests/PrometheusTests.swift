import AlmanacCore
import AlmanacServer
import Foundation
import HTTPTypes
import Testing

/// `/api/v1/query` and `/api/v1/query_range` as Prometheus' clients see them.
@Suite struct PrometheusTests {
  /// 2026-09-01T00:00:00Z, ten minutes before the server's now.
  static let start = 1_788_220_800

  /// `m` of two hosts each minute, 1 and 2 more each time.
  static let data = (0...10).flatMap { minute in
    ["a", "b"].enumerated().map { index, host in
      "m,host=\(host) value=\(minute * (index + 1)) \(start + minute * 60)"
    }
  }.joined(separator: "\n")

  static func ask(
    _ path: String, _ body: @escaping @Sendable (ServerFixture.Client.Reply) throws -> Void
  ) async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?precision=s", data)
      try body(try await client.get(path))
    }
  }

  static func query(_ text: String, _ parameters: String = "") -> String {
    "/api/v1/query?query=\(text.percentEncoded)\(parameters)"
  }

  static func range(_ text: String, _ parameters: String) -> String {
    "/api/v1/query_range?query=\(text.percentEncoded)\(parameters)"
  }

  static let formCases: [(path: String, expected: String)] = [
    (query("1+1", "&time=4"), "\"resultType\":\"scalar\",\"result\":[4,\"2\"]"),
    (query("\"x\"", "&time=4.5"), "\"resultType\":\"string\",\"result\":[4.500,\"x\"]"),
    (query("nothing"), "\"resultType\":\"vector\",\"result\":[]"),
    (
      query("m"),
      "\"resultType\":\"vector\",\"result\":["
        + "{\"metric\":{\"__name__\":\"m\",\"host\":\"a\"},\"value\":[1788221400,\"10\"]},"
        + "{\"metric\":{\"__name__\":\"m\",\"host\":\"b\"},\"value\":[1788221400,\"20\"]}]"
    ),
    // The value at the moment asked for, whenever the sample was taken.
    (
      query("m{host=\"a\"}", "&time=1788220950.25"),
      "\"result\":[{\"metric\":{\"__name__\":\"m\",\"host\":\"a\"},"
        + "\"value\":[1788220950.250,\"2\"]}]"
    ),
    (
      query("m{host=\"a\"}[2m]", "&time=2026-09-01T00:03:00Z"),
      "\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"m\",\"host\":\"a\"},"
        + "\"values\":[[1788220920,\"2\"],[1788220980,\"3\"]]}]"
    ),
    (
      query("sum(rate(m[5m]))*60"),
      "\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1788221400,\"3\"]}]"
    ),
    (
      query("m < 15 > 5", "&time=1788221400"),
      "comparisons do not chain"
    ),
    (
      range("m{host=\"b\"}", "&start=1788221340&end=1788221460&step=1m"),
      "\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"m\",\"host\":\"b\"},"
        + "\"values\":[[1788221340,\"18\"],[1788221400,\"20\"],[1788221460,\"20\"]]}]"
    ),
    (
      range("max_over_time(m{host=\"b\"}[1m])", "&start=1788221340&end=1788221520&step=60"),
      "\"result\":[{\"metric\":{\"host\":\"b\"},"
        + "\"values\":[[1788221340,\"18\"],[1788221400,\"20\"]]}]"
    ),
    (
      range("2", "&start=1&end=2&step=0.5"),
      "\"resultType\":\"matrix\",\"result\":[{\"metric\":{},"
        + "\"values\":[[1,\"2\"],[1.500,\"2\"],[2,\"2\"]]}]"
    ),
    (
      query("m", "&limit=1"),
      "\"value\":[1788221400,\"10\"]}]},\"warnings\":[\"results truncated due to limit\"]}"
    ),
    (query("0/0", "&time=1"), "[1,\"NaN\"]"), (query("-1/0", "&time=1"), "[1,\"-Inf\"]"),
    (query("1/0", "&time=1"), "[1,\"+Inf\"]"),
  ]

  @Test(
    "answers have Prometheus' form",
    arguments: formCases)
  func forms(path: String, expected: String) async throws {
    try await Self.ask(path) { reply in
      #expect(reply.body.contains(expected), "\(reply.body)")
      #expect(reply.header("Content-Type") == "application/json")
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) }
    }
  }

  @Test("the newest value is found as far back as lookback_delta says")
  func lookback() async throws {
    try await Self.ask(Self.query("m", "&time=1788222000")) { #expect($0.body.contains("[]")) }
    try await Self.ask(Self.query("m", "&time=1788222000&lookback_delta=15m")) {
      #expect($0.body.contains("\"20\""))
    }
  }

  @Test("a query may come in a form body")
  func form() async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.post(
        "/api/v1/query", "query=1%2B1&time=7",
        headers: [.contentType: "application/x-www-form-urlencoded"])
      #expect(
        reply.body
          == "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[7,\"2\"]}}")
    }
  }

  static let errorCases: [(path: String, status: Int, part: String)] = [
    (
      query("m{"), 400,
      "\"errorType\":\"bad_data\",\"error\":\"cannot parse the query: unclosed selector"
    ),
    (query("m{"), 400, "\"line\":1,\"column\":3"), (query(""), 400, "\\\"query\\\""),
    (query("m", "&time=soon"), 400, "\\\"time\\\""), (query("m", "&limit=x"), 400, "limit"),
    (range("m", ""), 400, "\\\"start\\\""), (range("m", "&start=1&end=2"), 400, "\\\"step\\\""),
    (range("m", "&start=3&end=2&step=1"), 400, "\\\"end\\\""),
    (range("m", "&start=0&end=11001&step=1"), 400, "11,000 points"),
    (range("m[5m]", "&start=1&end=2&step=1"), 400, "\\\"range vector\\\" for range query"),
    (range("\"x\"", "&start=1&end=2&step=1"), 400, "\\\"string\\\" for range query"),
    (query("m + on() m"), 422, "\"errorType\":\"execution\""),
  ]

  @Test(
    "errors have Prometheus' form with the place beside it",
    arguments: errorCases)
  func errors(path: String, status: Int, part: String) async throws {
    try await Self.ask(path) { reply in
      #expect(reply.status == status)
      #expect(reply.body.hasPrefix("{\"status\":\"error\","))
      #expect(reply.body.contains(part), "\(reply.body)")
    }
  }

  @Test("a long answer has its length, or comes in pieces that fit together", arguments: [1, 7])
  func long(series: Int) async throws {
    try await ServerFixture().test { client async throws in
      // Over 8 MB in the second case.
      let count = 50_000
      for name in 0..<series {
        let lines = (0..<count).map { "w,n=\(name) value=\($0).125 \(Self.start - count + $0)" }
        let reply = try await client.post(
          "/write?precision=s", lines.joined(separator: "\n"))
        #expect(reply.status == 204)
      }
      let reply = try await client.get(Self.query("w[30d]", "&time=\(Self.start)"))
      var expected = "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
      for name in 0..<series {
        expected += "\(name > 0 ? "," : ""){\"metric\":{\"__name__\":\"w\",\"n\":\"\(name)\"},"
        expected += "\"values\":["
        expected += (0..<count).map { "[\(Self.start - count + $0),\"\($0).125\"]" }
          .joined(separator: ",")
        expected += "]}"
      }
      #expect(reply.body == expected + "]}}")
    }
  }

  @Test("a forecast is a matrix, with labels for the curve and its bands")
  func forecast() async throws {
    let path = Self.query("forecast(m{host=\"a\"}[10m], 2m, model=linear, level=[80, 95])")
    try await Self.ask(path) { reply in
      #expect(reply.status == 200, "\(reply.body)")
      #expect(reply.body.contains("\"resultType\":\"matrix\""))
      for labels in [
        "\"forecast\":\"yhat\",\"host\":\"a\"}",
        "\"forecast\":\"lower\",\"host\":\"a\",\"level\":\"80\"}",
        "\"forecast\":\"upper\",\"host\":\"a\",\"level\":\"95\"}",
      ] {
        #expect(reply.body.contains(labels), "\(reply.body)")
      }
      #expect(reply.body.contains("[1788221460,\""))
      #expect(reply.body.contains("\"infos\":[\"m<host=a>: model"))
    }
  }

  @Test("outliers are a matrix of their scores")
  func outliers() async throws {
    try await Self.ask(Self.query("outliers(m{host=\"a\"}[5m], all=true)")) { reply in
      #expect(reply.body.contains("\"outlier\":\"score\"}"), "\(reply.body)")
      #expect(reply.body.contains("\"resultType\":\"matrix\""))
    }
  }

  @Test("with max_source_resolution rollups answer what samples answer")
  func rollups() async throws {
    try await ServerFixture(rollups: [.fiveMinutes, .hour]).test { client async throws in
      let data = (-2_880...10).flatMap { minute in
        (0..<3).map { "r,n=\($0) value=\((minute * 7 + $0) % 50) \(Self.start + minute * 60)" }
      }
      _ = try await client.post("/write?precision=s", data.joined(separator: "\n"))
      #expect(try await client.send(.post, "/api/v1/admin/tsdb/compact").status == 204)
      // Late data after the rollups were made.
      _ = try await client.post("/write?precision=s", "r,n=1 value=99 \(Self.start - 40_001)")
      let bounds = "&start=\(Self.start - 86_400)&end=\(Self.start)&step="
      for function in ["avg", "min", "max", "sum", "count"] {
        for (window, step) in [("1h", "1h"), ("10m", "5m"), ("2h", "5m"), ("7m", "5m")] {
          let query = "\(function)_over_time(r[\(window)])"
          let path = Self.range(query, bounds + step)
          let samples = try await client.get(path).body
          #expect(samples.contains("\"n\":\"2\""))
          for asked in ["5m", "1h", "auto", "0s", "3600"] {
            let reply = try await client.get(path + "&max_source_resolution=\(asked)")
            #expect(reply.body == samples, "\(query) \(asked)")
          }
        }
        let path = Self.query("\(function)_over_time(r[1d])", "&time=\(Self.start)")
        #expect(
          try await client.get(path).body
            == client.get(path + "&max_source_resolution=1h").body)
      }
      let reply = try await client.get(Self.query("r") + "&max_source_resolution=-5m")
      #expect(reply.status == 400)
      #expect(reply.body.contains("max_source_resolution"))
    }
  }
}
