import AlmanacCore
import HTTPTypes
import Testing

/// `/api/v1/table?format=arrow`. `ClientTests` reads the same with the reference library.
@Suite struct ArrowTests {
  static let time: Int64 = 1_788_221_340_000_000_000

  @Test("a stream has the rows of the table, absent labels as null, and ends")
  func rows() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post(
        "/write?precision=s",
        "a,h=x,value=é\\ 1 value=1.5 1788221340\na,dc=eu,h=y value=1e300 1788221340\n")
      for (path, accept) in [("&format=arrow", ""), ("", "application/vnd.apache.arrow.stream")] {
        let reply = try await client.bytes(
          "/api/v1/table?query=a\(path)", headers: [.accept: accept])
        #expect(reply.type == "application/vnd.apache.arrow.stream")
        let stream = try ArrowReader(reply.bytes)
        #expect(stream.names == ["time", "metric", "dc", "h", "label_value", "value"])
        #expect(stream.nullable == [false, false, true, true, true, true])
        #expect(stream.metadata == ["almanac.type=series"])
        #expect(stream["time"] == .times([Self.time, Self.time]))
        #expect(stream["metric"] == .texts(["a", "a"]))
        #expect(stream["dc"] == .texts(["eu", nil]))
        #expect(stream["h"] == .texts(["y", "x"]))
        #expect(stream["label_value"] == .texts([nil, "é 1"]))
        #expect(stream["value"] == .numbers([1e300, 1.5]))
        #expect(stream.batches == [2])
      }
    }
  }

  @Test("texts, integers, times and missing values have types of their own")
  func types() async throws {
    try await ServerFixture().test { client async throws in
      let lines = (0..<300).map { "m value=\(($0 * 7) % 10) \(1_788_221_400 - 60 * $0)" }
      _ = try await client.post("/write?precision=s", lines.joined(separator: "\n"))
      let query = "outliers(m[20m], all=true)".percentEncoded
      let csv = try await client.get("/api/v1/table?format=csv&query=\(query)").body
      let table = csv.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      let reply = try await client.bytes("/api/v1/table?format=arrow&query=\(query)")
      let stream = try ArrowReader(reply.bytes)
      #expect(stream.names == table[0].map(String.init))
      for (index, name) in stream.names.enumerated() {
        let cells = table.dropFirst().map { String($0[index]) }
        switch try #require(stream[name]) {
        case .numbers(let all):
          #expect(all.map { $0.map(\.shortestText) ?? "" } == cells, "\(name)")
        case .integers(let all): #expect(all.map { $0.map { "\($0)" } ?? "" } == cells, "\(name)")
        case .texts(let all): #expect(all.map { $0 ?? "" } == cells, "\(name)")
        case .times(let all):
          let texts = all.map { $0.map { Timestamp(nanoseconds: $0).description } ?? "" }
          #expect(texts == cells, "\(name)")
        }
      }
      #expect(stream["component"].map { if case .integers = $0 { true } else { false } } == true)
      #expect(stream["run_start"].map { if case .times = $0 { true } else { false } } == true)
    }
  }

  @Test("rows come in batches of bounded size, over the borders of series")
  func batches() async throws {
    try await ServerFixture().test { client async throws in
      let count = 50_000
      for name in 0..<3 {
        let lines = (0..<count).map { "w,n=\(name) value=\($0) \(1_788_221_400 - count + $0)" }
        _ = try await client.post("/write?precision=s", lines.joined(separator: "\n"))
      }
      let reply = try await client.bytes("/api/v1/table?format=arrow&query=w%5B30d%5D")
      let stream = try ArrowReader(reply.bytes)
      #expect(stream.batches == [65_536, 65_536, 150_000 - 131_072])
      let values = (0..<3).flatMap { _ in (0..<count).map { Optional(Double($0)) } }
      #expect(stream["value"] == .numbers(values))
      #expect(
        stream["n"]
          == .texts((0..<3).flatMap { name in repeatElement("\(name)", count: count) }))
    }
  }

  @Test("no rows are a schema, empty dictionaries and the end; a warning is in the metadata")
  func empty() async throws {
    try await ServerFixture().test { client async throws in
      let stream = try ArrowReader(
        try await client.bytes("/api/v1/table?format=arrow&query=nothing").bytes)
      #expect(stream.names == ["time", "metric", "value"])
      #expect(stream.batches.isEmpty)
      _ = try await client.post("/write?precision=s", "one value=1 1788221340")
      let query = "one[1h] | interpolate(method=\"linear\")".percentEncoded
      let warned = try ArrowReader(
        try await client.bytes("/api/v1/table?format=arrow&query=\(query)").bytes)
      #expect(
        warned.metadata.contains { $0.hasPrefix("almanac.warning=one: left out") },
        "\(warned.metadata)")
    }
  }
}
