import AlmanacTesting
import Foundation
import Testing

/// Alerts of the real program in a real Alertmanager.
@Suite(.serialized) struct AlertmanagerTests {
  /// The program in `PATH`, or nil where there is none.
  static let binary = ServerProcess.program(["prometheus-alertmanager", "alertmanager"])

  /// An Alertmanager that tells one webhook.
  final class Alertmanager {
    let url: String
    private let process = Process()
    private let directory: TemporaryDirectory

    init(_ binary: String, webhook: String) async throws {
      directory = try TemporaryDirectory()
      let configuration = directory.path + "/alertmanager.yml"
      try """
      route: {receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 3s}
      receivers: [{name: hook, webhook_configs: [{url: "\(webhook)", send_resolved: true}]}]
      """.write(toFile: configuration, atomically: true, encoding: .utf8)
      let address = "127.0.0.1:\(FreePorts.next())"
      url = "http://\(address)"
      process.executableURL = URL(fileURLWithPath: binary)
      process.arguments = [
        "--config.file=\(configuration)", "--storage.path=\(directory.path)/data",
        "--web.listen-address=\(address)", "--cluster.listen-address=", "--log.level=error",
      ]
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      try await AlertTests.wait("Alertmanager is ready") {
        (try? await ServerProcess.send("GET", self.url + "/-/ready").status) == 200
      }
    }

    deinit {
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
    }

    /// Its alerts, as its API tells them.
    func alerts() async throws -> [[String: Any]] {
      let reply = try await ServerProcess.send("GET", url + "/api/v2/alerts")
      let json = try JSONSerialization.jsonObject(with: Data(reply.body.utf8))
      return json as? [[String: Any]] ?? []
    }
  }

  @Test(
    "an alert fires, is repeated and resolved there, also over a kill of the server",
    .enabled(
      if: binary != nil,
      "there is no prometheus-alertmanager in PATH; Debian's package of that name is one"))
  func whole() async throws {
    let receiver = try AlertReceiver()
    defer { receiver.stop() }
    let alertmanager = try await Alertmanager(
      try #require(Self.binary), webhook: receiver.url)
    let place = try AlertTests.Place(AlertTests.rule)
    let arguments = [
      "--alertmanager", alertmanager.url, "--external-label", "region=eu", "--external-url",
      "http://almanac.example/",
    ]
    var server = try await place.server(arguments)
    let known = try await ServerProcess.send("GET", server.url + "/api/v1/alertmanagers").body
    #expect(known.contains("\(alertmanager.url)/api/v2/alerts"))
    try await AlertTests.write(1, to: server)
    try await AlertTests.wait("it is there") { try await alertmanager.alerts().count == 1 }
    let alert = try #require(try await alertmanager.alerts().first)
    #expect(
      alert["labels"] as? [String: String]
        == ["alertname": "High", "h": "x", "severity": "page", "region": "eu"])
    #expect(alert["annotations"] as? [String: String] == ["summary": "x is 1"])
    #expect(alert["generatorURL"] as? String == "http://almanac.example/#q=m+%3E+0")
    let started = try #require(alert["startsAt"] as? String)
    try await AlertTests.wait("fired and repeated", seconds: 30) { receiver.taken.count >= 2 }
    #expect(try receiver.taken.allSatisfy { try $0.alerts == ["firing High"] })
    server.killNow()
    server = try await place.server(arguments)
    // Told again at once, and still the same alert.
    let updated = alert["updatedAt"] as? String
    try await AlertTests.wait("told again") {
      try await alertmanager.alerts().first?["updatedAt"] as? String != updated
    }
    #expect(try await alertmanager.alerts().first?["startsAt"] as? String == started)
    let told = receiver.taken.count
    try await AlertTests.write(0, to: server)
    try await AlertTests.wait("resolved") {
      try receiver.taken.dropFirst(told).contains { try $0.alerts == ["resolved High"] }
    }
    let metrics = try await ServerProcess.send("GET", server.url + "/metrics").body
    #expect(
      metrics.contains(
        "almanac_notifications_errors_total{kind=\"alertmanager\",target=\"\(alertmanager.url)"
          + "/api/v2/alerts\",number=\"0\"} 0"))
  }
}
