import AlmanacServer
import HTTPTypes
import Testing

/// What agents get for writes. The texts are InfluxDB's.
@Suite struct WriteTests {
  static let lines = "memory,host=a value=1 1788220800\nmemory,host=b value=2 1788220800\n"

  @Test("a good batch is answered 204 and can be read", arguments: ["/write", "/api/v2/write"])
  func good(path: String) async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.post("\(path)?precision=s", Self.lines)
      #expect(reply.status == 204)
      #expect(reply.body.isEmpty)
      let table = try await client.csv("memory[1h]")
      #expect(
        table.body == """
          time,metric,host,value
          2026-09-01T00:00:00Z,memory,a,1
          2026-09-01T00:00:00Z,memory,b,2

          """)
    }
  }

  @Test("a broken line is named as InfluxDB does and its neighbours are stored")
  func partial() async throws {
    try await ServerFixture().test { client async throws in
      let body = "m,host=p1 v=1 1788220800\nm,host=p2 v=\nm,host=p3 v=3 1788220800\n"
      let first = try await client.post("/write?precision=s", body)
      #expect(first.status == 400)
      #expect(
        first.body
          == "{\"error\":\"partial write: unable to parse 'm,host=p2 v=': missing field value "
          + "dropped=1\"}\n")
      #expect(
        first.header("X-Influxdb-Error")?.hasPrefix("partial write") == true)
      let second = try await client.post("/api/v2/write?precision=s", body)
      #expect(second.status == 400)
      #expect(second.body.contains("\"code\":\"invalid\""))
      #expect(second.body.contains("\"line\":2"))
      let table = try await client.csv("m_v[1h]")
      #expect(table.body.contains("m_v,p1,1") && table.body.contains("m_v,p3,3"))
      #expect(!table.body.contains("p2"))
    }
  }

  @Test("only bad lines are answered with the reasons alone")
  func allBad() async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.post("/write", "m,host=a")
      #expect(reply.status == 400)
      #expect(reply.body == "{\"error\":\"unable to parse 'm,host=a': missing fields\"}\n")
    }
  }

  @Test("lines refused for what they say are 422 in version 2")
  func semantic() async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.post("/api/v2/write", "m,a=1,a=2 v=1 5")
      #expect(reply.status == 422)
      #expect(reply.body.contains("\"code\":\"unprocessable entity\""))
    }
  }

  @Test(
    "precisions count in their unit",
    arguments: [
      ("ns", "1788220800000000000"), ("n", "1788220800000000000"), ("us", "1788220800000000"),
      ("u", "1788220800000000"), ("ms", "1788220800000"), ("s", "1788220800"), ("m", "29803680"),
      ("h", "496728"),
    ])
  func precision(name: String, time: String) async throws {
    try await ServerFixture().test { client async throws in
      #expect(try await client.post("/write?precision=\(name)", "m v=1 \(time)").status == 204)
      #expect(try await client.csv("m_v[1h]").body.contains("2026-09-01T00:00:00Z,m_v,1\n"))
    }
  }

  @Test("nanoseconds are kept")
  func nanoseconds() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write", "m v=1 1788220800000000001\nm v=2 1788220800000000002")
      #expect(
        try await client.csv("m_v[1h]").body == """
          time,metric,value
          2026-09-01T00:00:00.000000001Z,m_v,1
          2026-09-01T00:00:00.000000002Z,m_v,2

          """)
    }
  }

  @Test("gzip bodies are inflated, in any case of the header; damaged ones are refused")
  func gzip() async throws {
    // printf 'm v=1 1788220800\n' | gzip -n | xxd -p
    let hex = "1f8b0800000000000003cb5528b335543034b7b0303232b03030e00200c8ccdd1c11000000"
    var zipped: [UInt8] = []
    var digits = hex[...]
    while let byte = UInt8(digits.prefix(2), radix: 16) {
      zipped.append(byte)
      digits = digits.dropFirst(2)
    }
    let body = zipped
    try await ServerFixture().test { client async throws in
      for encoding in ["gzip", "GZIP"] {
        let reply = try await client.send(
          .post, "/write?precision=s", headers: [.contentEncoding: encoding], body: body)
        #expect(reply.status == 204, "\(reply.body)")
      }
      let plain = try await client.post(
        "/write", "m v=1 1", headers: [.contentEncoding: "gzip"])
      #expect(plain.status == 400)
      #expect(plain.body == "{\"error\":\"gzip: invalid header\"}\n")
      let cut = try await client.send(
        .post, "/write", headers: [.contentEncoding: "gzip"], body: Array(body.dropLast(9)))
      #expect(cut.status == 400)
      let unknown = try await client.post(
        "/write", "m v=1 1", headers: [.contentEncoding: "zstd"])
      #expect(unknown.status == 415)
    }
  }

  @Test("a body over the limit is 413, packed or unpacked")
  func tooLarge() async throws {
    let fixture = try ServerFixture {
      $0.maximumBody = 100
      $0.maximumInflatedBody = 16
    }
    try await fixture.test { client async throws in
      let long = String(repeating: "#", count: 101)
      let reply = try await client.post("/write", long)
      #expect(reply.status == 413)
      #expect(reply.body == "{\"error\":\"Request Entity Too Large\"}\n")
    }
  }

  @Test(
    "bad parameters and methods are refused",
    arguments: [
      ("POST", "/write?precision=bogus", 400), ("POST", "/write?consistency=bogus", 400),
      ("GET", "/write", 405), ("PUT", "/api/v2/write", 405), ("OPTIONS", "/write", 200),
      ("POST", "/nope", 404),
    ])
  func refused(method: String, uri: String, status: Int) async throws {
    try await ServerFixture().test { client async throws in
      let method = try #require(HTTPRequest.Method(rawValue: method))
      let reply = try await client.send(method, uri, body: Array("m v=1 1".utf8))
      #expect(reply.status == status)
      if status == 405 { #expect(reply.headers[.allow] == "OPTIONS, POST") }
    }
  }

  @Test("the database becomes a label unless a tag has its place")
  func database() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?db=t&precision=s", "m value=1 1788220800")
      _ = try await client.post("/api/v2/write?bucket=&precision=s", "m,a=1 value=2 1788220800")
      _ = try await client.post("/write?db=t&precision=s", "m,db=own value=3 1788220800")
      #expect(
        try await client.csv("m[1h]").body == """
          time,metric,a,db,value
          2026-09-01T00:00:00Z,m,1,,2
          2026-09-01T00:00:00Z,m,,own,3
          2026-09-01T00:00:00Z,m,,t,1

          """)
    }
  }

  @Test("a tag cannot take the metric's place")
  func reservedTag() async throws {
    try await ServerFixture().test { client async throws in
      let reply = try await client.post("/write", "a,__name__=zzz value=1")
      #expect(reply.status == 400)
      #expect(reply.body.contains("tag name __name__ is reserved"))
    }
  }
}
