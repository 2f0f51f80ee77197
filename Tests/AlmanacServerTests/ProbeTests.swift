import HTTPTypes
import Testing

/// What agents and monitors ask beside writes and queries.
@Suite struct ProbeTests {
  @Test("ping, health and readiness answer as agents expect")
  func probes() async throws {
    try await ServerFixture().test { client async throws in
      let ping = try await client.get("/ping")
      #expect(ping.status == 204)
      #expect(ping.header("X-Influxdb-Version")?.hasPrefix("1.8.10") == true)
      #expect(try await client.send(.head, "/ping").status == 204)
      #expect(try await client.get("/ping?verbose=true").body.contains("\"version\""))
      let health = try await client.get("/health")
      #expect(health.status == 200)
      #expect(health.body.contains("\"status\":\"pass\""))
      #expect(try await client.get("/-/ready").status == 200)
      #expect(try await client.get("/-/healthy").status == 200)
    }
  }

  @Test("the InfluxQL handshake creates and lists databases")
  func handshake() async throws {
    try await ServerFixture().test { client async throws in
      let created = try await client.post(
        "/query", "q=CREATE+DATABASE+%22telegraf%22",
        headers: [.contentType: "application/x-www-form-urlencoded"])
      #expect(created.body == "{\"results\":[{\"statement_id\":0}]}\n")
      let shown = try await client.get("/query?q=SHOW+DATABASES")
      #expect(
        shown.body
          == "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"databases\","
          + "\"columns\":[\"name\"],\"values\":[[\"telegraf\"]]}]}]}\n")
      #expect(try await client.get("/query").status == 400)
      #expect(try await client.get("/query?q=SELEC").status == 400)
    }
  }

  @Test("metrics count what happened, in both text formats")
  func metrics() async throws {
    try await ServerFixture().test { client async throws in
      _ = try await client.post("/write?precision=s", "m v=1,s=\"x\" 1788220800\nbad")
      let text = try await client.get("/metrics")
      #expect(text.headers[.contentType]?.hasPrefix("text/plain; version=0.0.4") == true)
      for line in [
        "almanac_samples_written_total 1", "almanac_lines_rejected_total 1",
        "almanac_string_fields_skipped_total 1", "almanac_series 1",
      ] {
        #expect(text.body.contains(line + "\n"), "\(line)")
      }
      let open = try await client.get(
        "/metrics", headers: [.accept: "application/openmetrics-text; version=1.0.0"])
      #expect(open.headers[.contentType]?.hasPrefix("application/openmetrics-text") == true)
      #expect(open.body.contains("# TYPE almanac_samples_written counter\n"))
      #expect(open.body.hasSuffix("# EOF\n"))
    }
  }

  @Test("the page is served")
  func page() async throws {
    try await ServerFixture().test { client async throws in
      let page = try await client.get("/")
      #expect(page.status == 200)
      #expect(page.headers[.contentType] == "text/html; charset=utf-8")
      #expect(page.body.contains("<title>"))
    }
  }

  @Test("models and jobs are listed, shown, dropped")
  func models() async throws {
    try await ServerFixture().test { client async throws in
      let lines = (0..<400).map { index in
        "memory,host=x value=\(index % 7) \(1_788_000_000 + index * 600)"
      }
      _ = try await client.post("/write?precision=s", lines.joined(separator: "\n"))
      let forecast = try await client.csv(
        "forecast(memory<host=x>, 1h, model=linear, wait=1m)", "&time=1788239400")
      #expect(forecast.status == 200, "\(forecast.body)")
      #expect(forecast.header("Almanac-Model-State") == "trained")
      let list = try await client.get("/api/v1/models").body
      #expect(list.contains("\"series\":\"memory<host=x>\""))
      #expect(list.contains("\"kind\":\"linear\""))
      let id = try #require(list.split(separator: "\"").drop { $0 != "id" }.dropFirst(2).first)
      #expect(try await client.get("/api/v1/models/\(id)").status == 200)
      #expect(try await client.send(.delete, "/api/v1/models/\(id)").status == 204)
      #expect(try await client.get("/api/v1/models/\(id)").status == 404)
      #expect(try await client.get("/api/v1/jobs").body.contains("\"state\":\"done\""))
      #expect(try await client.get("/api/v1/jobs/1").status == 200)
      #expect(try await client.get("/api/v1/jobs/77").status == 404)
    }
  }

  @Test("an unknown path and a form that is too large are errors of the usual shape")
  func strayRequests() async throws {
    try await ServerFixture().test { client async throws in
      let missing = try await client.get("/nope")
      #expect(missing.status == 404)
      #expect(missing.body.hasPrefix("{\"status\":\"error\",\"errorType\":\"not_found\""))
      #expect(missing.header("X-Influxdb-Version") != nil)
      let form = "query=" + String(repeating: "a", count: 1 << 20)
      #expect(try await client.post("/api/v1/table", form).status == 413)
      #expect(try await client.post("/query", form).status == 413)
    }
  }
}
