import AlmanacTesting
import Foundation
import Testing

/// Rules of the real program, which tells a real receiver, and is killed.
@Suite(.serialized) struct AlertTests {
  /// A folder with a database and a rule file.
  struct Place {
    let directory: TemporaryDirectory
    let rules: String

    init(_ text: String) throws {
      directory = try TemporaryDirectory()
      rules = directory.path + "/rules.yml"
      try write(text)
    }

    func write(_ text: String) throws {
      try text.write(toFile: rules, atomically: true, encoding: .utf8)
    }

    func server(_ arguments: [String]) async throws -> ServerProcess {
      try await ServerProcess(
        directory: directory.path + "/data", port: FreePorts.next(),
        arguments: ["--rules", directory.path + "/*.yml"] + arguments)
    }
  }

  static let rule = """
    groups:
      - name: g
        interval: 1s
        rules:
          - alert: High
            expr: m > 0
            labels: {severity: page}
            annotations: {summary: "{{ $labels.h }} is {{ $value }}"}
    """

  static func write(_ value: Int, to server: ServerProcess, host: String = "x") async throws {
    let reply = try await ServerProcess.send(
      "POST", server.url + "/write", body: "m,h=\(host) value=\(value)")
    #expect(reply.status == 204)
  }

  /// Waits until `condition` holds.
  static func wait(
    _ what: String, seconds: Double = 20, _ condition: () async throws -> Bool
  ) async throws {
    let began = ContinuousClock.now
    while try await !condition() {
      try #require((ContinuousClock.now - began) / .seconds(1) < seconds, "\(what): not in time")
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// State and name of the server's alerts.
  static func alerts(_ server: ServerProcess) async throws -> [String] {
    let reply = try await ServerProcess.send("GET", server.url + "/api/v1/alerts")
    let json = try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any]
    let alerts = (json?["data"] as? [String: Any])?["alerts"] as? [[String: Any]]
    return (alerts ?? []).map { alert in
      let labels = alert["labels"] as? [String: String] ?? [:]
      return "\(alert["state"] as? String ?? "") \(labels["alertname"] ?? "")"
    }
  }

  @Test("a server that is killed between firing and sending sends once, and never again")
  func killedBetween() async throws {
    let receiver = try AlertReceiver()
    defer { receiver.stop() }
    receiver.answer(503)
    let place = try Place(Self.rule)
    var server = try await place.server([
      "--webhook", receiver.url, "--external-label", "region=eu",
    ])
    try await Self.write(1, to: server)
    try await Self.wait("refused") { receiver.refused > 0 }
    #expect(try await Self.alerts(server) == ["firing High"])
    server.killNow()
    receiver.answer(200)
    server = try await place.server(["--webhook", receiver.url, "--external-label", "region=eu"])
    try await Self.wait("told") { receiver.taken.count > 0 }
    #expect(try await Self.alerts(server) == ["firing High"], "its state survived")
    try await Task.sleep(for: .seconds(2.5))
    server.killNow()
    server = try await place.server(["--webhook", receiver.url])
    try await Task.sleep(for: .seconds(2.5))
    #expect(try receiver.taken.map { try $0.alerts } == [["firing High"]])
    #expect(receiver.taken[0].body.contains(#""region":"eu""#))
    #expect(receiver.taken[0].body.contains(#""summary":"x is 1""#))
    try await Self.write(0, to: server)
    try await Self.wait("resolved") { receiver.taken.count > 1 }
    try await Task.sleep(for: .seconds(1.5))
    #expect(try receiver.taken.map { try $0.alerts } == [["firing High"], ["resolved High"]])
    #expect(server.terminate() == 0)
  }

  @Test("kills at random moments lose no change of an alert, and none is told twice")
  func randomKills() async throws {
    let receiver = try AlertReceiver()
    defer { receiver.stop() }
    let place = try Place(Self.rule)
    let seed = UInt64.random(in: 0..<1_000_000)
    var random = SeededGenerator(seed: seed)
    for round in 0..<(ServerProcess.isSoak ? 40 : 6) {
      var server = try await place.server(["--webhook", receiver.url])
      try await Self.write((round + 1) % 2, to: server)
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &random)))
      server.killNow()
      server = try await place.server(["--webhook", receiver.url])
      // What was taken and not yet forgotten comes again with its key.
      try await Self.wait("round \(round), seed \(seed)") {
        Set(receiver.taken.map(\.key)).count > round
      }
      server.killNow()
    }
    var keys: Set<String> = []
    let told = try receiver.taken.filter { keys.insert($0.key).inserted }.map { try $0.alerts }
    for (index, alerts) in told.enumerated() {
      #expect(alerts == [index % 2 == 0 ? "firing High" : "resolved High"], "seed \(seed)")
    }
    #expect(receiver.taken.count <= told.count + 1, "seed \(seed): told again and again")
  }

  @Test("rules are read again on SIGHUP and by request; wrong ones leave the old ones")
  func reload() async throws {
    let place = try Place(Self.rule)
    let server = try await place.server([])
    try await Self.write(1, to: server)
    try await Self.wait("firing") { try await Self.alerts(server) == ["firing High"] }
    try place.write(Self.rule.replacing("expr: m > 0", with: "expr: m > > 0"))
    let refused = try await ServerProcess.send("POST", server.url + "/-/reload")
    #expect(refused.status == 500)
    #expect(refused.body.contains("rules.yml:6: group \\\"g\\\", rule 1 \\\"High\\\": could not"))
    #expect(try await Self.alerts(server) == ["firing High"])
    try place.write(Self.rule.replacing("alert: High", with: "alert: Higher"))
    kill(server.process.processIdentifier, SIGHUP)
    try await Self.wait("read again") { try await Self.alerts(server) == ["firing Higher"] }
    #expect(server.process.isRunning)
    let (code, _, error) = try ServerProcess.run([
      "serve", "--data", place.directory.path + "/other", "--rules", "/nowhere/rules.yml",
      "--listen", "127.0.0.1:0",
    ])
    #expect(code == 1)
    #expect(error.contains("there is no such file"), "\(error)")
  }

  @Test("rules are checked, stored, listed, shown and dropped by command")
  func command() async throws {
    let place = try Place(Self.rule)
    let checked = try ServerProcess.run(["rules", "check", place.rules])
    #expect(checked.code == 0)
    #expect(checked.output.contains("SUCCESS: 1 rules found"))
    let wrong = place.directory.path + "/wrong.txt"
    try Self.rule.replacing("labels:", with: "lables:").write(
      toFile: wrong, atomically: true, encoding: .utf8)
    let failed = try ServerProcess.run(["rules", "check", place.rules, wrong])
    #expect(failed.code == 1)
    #expect(failed.output.contains("wrong.txt:7: group \"g\", rule 1 \"High\": a rule has no key"))
    let server = try await place.server([])
    let at = ["--server", server.url]
    #expect(try ServerProcess.run(["rules", "put", "team"] + [place.rules] + at).code == 0)
    let list = try ServerProcess.run(["rules", "list"] + at).output
    #expect(list.contains("team"), "\(list)")
    #expect(list.contains("rules.yml"), "\(list)")
    let shown = try ServerProcess.run(["rules", "show", "team", "g"] + at).output
    #expect(shown.contains("alert: High"), "\(shown)")
    #expect(try ServerProcess.run(["rules", "drop", "team"] + at).code == 0)
    #expect(try ServerProcess.run(["rules", "show"] + at).output == "{}\n")
    #expect(try ServerProcess.run(["rules", "drop", "team"] + at).code == 1)
  }
}
