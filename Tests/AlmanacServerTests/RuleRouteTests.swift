import AlmanacCore
import AlmanacEngine
import AlmanacRules
import AlmanacServer
import AlmanacTesting
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import Testing

@Suite("rules over HTTP") struct RuleRouteTests {
  /// Sends nothing.
  private struct NoTransport: AlertTransport {
    func post(_ body: [UInt8], to url: String, headers: [(String, String)]) async throws -> Int {
      200
    }
  }

  private static let file = """
    groups:
      - name: g
        interval: 1s
        rules:
          - {record: "a:m", expr: m, labels: {x: y}}
          - {alert: High, expr: m > 0, for: 1s, annotations: {s: "{{ $value }}"}}
      - name: h
        interval: 10y
        rules:
          - {record: b, expr: m}
    """

  /// Runs `body` with a client of a server whose rules are running.
  private static func test(
    _ body: @escaping @Sendable (ServerFixture.Client, RuleRunner) async throws -> Void
  ) async throws {
    let directory = try TemporaryDirectory()
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let database = try Database(
      directory: directory.path, options: Database.Options(), logger: logger)
    var options = RuleOptions()
    options.files = { [("r.yml", file)] }
    options.alertmanagers = ["http://am:9093"]
    let rules = try RuleRunner(
      database, options: options, transport: NoTransport(), logger: logger)
    try await rules.reload()
    let running = Task { await rules.run() }
    let server = Server(
      database: database, rules: rules, configuration: ServerConfiguration(), logger: logger)
    try await server.application().test(.router) {
      try await body(ServerFixture.Client(inner: $0), rules)
    }
    running.cancel()
    await running.value
    await database.close()
  }

  private static func groups(_ body: String) throws -> [[String: Any]] {
    let json = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
    #expect(json?["status"] as? String == "success")
    return try #require((json?["data"] as? [String: Any])?["groups"] as? [[String: Any]])
  }

  @Test("rules and alerts have Prometheus' shape")
  func shape() async throws {
    try await Self.test { client, rules in
      _ = try await client.post("/write", "m,host=x value=2\n")
      for _ in 0..<100 where rules.groups[0].rules[1].state != .firing {
        try await Task.sleep(for: .milliseconds(100))
      }
      let groups = try Self.groups(try await client.get("/api/v1/rules").body)
      #expect(groups.map { $0["name"] as? String } == ["g", "h"])
      #expect(
        Set(groups[0].keys) == [
          "name", "file", "rules", "interval", "limit", "evaluationTime", "lastEvaluation",
        ])
      #expect(groups[0]["file"] as? String == "r.yml")
      #expect(groups[0]["interval"] as? Double == 1)
      #expect(groups[1]["lastEvaluation"] as? String == "0001-01-01T00:00:00Z")
      let shown = try #require(groups[0]["rules"] as? [[String: Any]])
      #expect(
        Set(shown[0].keys) == [
          "name", "query", "labels", "health", "evaluationTime", "lastEvaluation", "type",
        ])
      #expect(shown[0]["type"] as? String == "recording")
      #expect(
        Set(shown[1].keys) == [
          "state", "name", "query", "duration", "keepFiringFor", "labels", "annotations", "alerts",
          "health", "evaluationTime", "lastEvaluation", "type",
        ])
      #expect(shown[1]["state"] as? String == "firing")
      #expect(shown[1]["health"] as? String == "ok")
      #expect(shown[1]["duration"] as? Double == 1)
      let alert = try #require((shown[1]["alerts"] as? [[String: Any]])?.first)
      #expect(Set(alert.keys) == ["labels", "annotations", "state", "activeAt", "value"])
      #expect(alert["value"] as? String == "2e+00")
      #expect(alert["labels"] as? [String: String] == ["alertname": "High", "host": "x"])
      #expect(alert["annotations"] as? [String: String] == ["s": "2"])
      let alerts = try await client.get("/api/v1/alerts").body
      #expect(alerts.hasPrefix("{\"status\":\"success\",\"data\":{\"alerts\":[{\"labels\":{"))
      let metrics = try await client.get("/metrics").body
      #expect(metrics.contains("almanac_alerts{state=\"firing\"} 1\n"))
      #expect(
        metrics.contains("almanac_rule_evaluation_failures_total{rule_group=\"r.yml;g\"} 0\n"))
    }
  }

  @Test(
    "rules are filtered",
    arguments: [
      ("type=alert", ["g:High"]), ("type=record", ["g:a:m", "h:b"]),
      ("rule_name[]=b&rule_name[]=High", ["g:High", "h:b"]), ("rule_group[]=h", ["h:b"]),
      ("file[]=other.yml", []), ("file[]=r.yml&rule_group[]=g&type=record", ["g:a:m"]),
    ])
  func filters(parameters: String, expected: [String]) async throws {
    try await Self.test { client, _ in
      let groups = try Self.groups(try await client.get("/api/v1/rules?\(parameters)").body)
      let names = groups.flatMap { group in
        (group["rules"] as? [[String: Any]] ?? []).map {
          "\(group["name"] as? String ?? ""):\($0["name"] as? String ?? "")"
        }
      }
      #expect(names == expected)
    }
  }

  @Test("wrong parameters are refused, Alertmanagers listed, and rules read again")
  func others() async throws {
    try await Self.test { client, _ async throws -> Void in
      #expect(try await client.get("/api/v1/rules?type=x").status == 400)
      #expect(try await client.get("/api/v1/rules?exclude_alerts=x").status == 400)
      #expect(
        try await client.get("/api/v1/alertmanagers").body
          == "{\"status\":\"success\",\"data\":{\"activeAlertmanagers\":"
          + "[{\"url\":\"http://am:9093/api/v2/alerts\"}],\"droppedAlertmanagers\":[]}}")
      #expect(try await client.post("/-/reload", "").status == 200)
    }
    // A server without rules has none.
    try await ServerFixture().test { client async throws -> Void in
      #expect(
        try await client.get("/api/v1/rules").body
          == "{\"status\":\"success\",\"data\":{\"groups\":[]}}")
      #expect(try await client.post("/-/reload", "").status == 200)
      #expect(try await client.get("/api/v1/rules/team").status == 404)
    }
  }

  @Test(
    "groups come, are shown and go as in Mimir", arguments: ["/api/v1/rules", "/config/v1/rules"])
  func configuration(base: String) async throws {
    let group = "name: a b\nrules:\n- alert: A\n  expr: m > 0\n"
    try await Self.test { client, rules in
      #expect(try await client.post(base + "/team", group).status == 202)
      #expect(rules.groups.map(\.id.name) == ["g", "h", "a b"])
      let shown = try await client.get(base + "/team/a%20b")
      #expect(shown.body == group)
      #expect(shown.header("Content-Type") == "application/yaml")
      #expect(try await client.get(base + "/team").body.hasPrefix("team:\n- name: a b\n"))
      #expect(try await client.get("/config/v1/rules").body.hasPrefix("team:\n"))
      let wrong = try await client.post(base + "/team", group.replacing("m > 0", with: "m >"))
      #expect(wrong.status == 400)
      #expect(wrong.body.contains("team:4: group \\\"a b\\\", rule 1 \\\"A\\\": could not"))
      let renamed = try await client.send(.put, base + "/team/c", body: Array(group.utf8))
      #expect(renamed.status == 400)
      let whole = Array("groups:\n- name: x\n- name: y\n".utf8)
      #expect(try await client.send(.put, base + "/team", body: whole).status == 202)
      #expect(rules.groups.map(\.id.name) == ["g", "h", "x", "y"])
      #expect(try await client.send(.delete, base + "/team/x").status == 202)
      #expect(try await client.send(.delete, base + "/team/x").status == 404)
      #expect(try await client.send(.delete, base + "/team").status == 202)
      #expect(try await client.get(base + "/team").status == 404)
    }
  }
}
