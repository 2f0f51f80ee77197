import AlmanacCore
import Foundation
import Testing

@testable import AlmanacRules

@Suite struct AlertMessageTests {
  private static let start = Timestamp(nanoseconds: 1_788_221_400_000_000_000)

  private static func message(_ host: String, ended: Timestamp? = nil) -> AlertMessage {
    var alert = Alert(
      labels: Labels([("alertname", "A"), ("host", host)]), annotations: ["summary": "s"],
      value: 1, activeAt: start)
    alert.state = ended == nil ? .firing : .inactive
    alert.firedAt = start + .seconds(60)
    alert.resolvedAt = ended
    return AlertMessage(
      alert, expression: "up == 0", externalLabels: ["region": "eu", "host": "mine"],
      externalURL: "http://a:1", validUntil: start + .minutes(5))
  }

  @Test("Alertmanager gets labels, times and a link")
  func alertmanager() throws {
    let body = AlertmanagerBody.json([Self.message("x")])
    #expect(
      String(decoding: body, as: UTF8.self)
        == """
        [{"annotations":{"summary":"s"},"endsAt":"2026-09-01T00:15:00Z",\
        "generatorURL":"http://a:1/#q=up+%3D%3D+0",\
        "labels":{"alertname":"A","host":"x","region":"eu"},"startsAt":"2026-09-01T00:11:00Z"}]
        """)
  }

  @Test("a webhook gets the body that Alertmanager's webhooks have")
  func webhook() throws {
    let end = Self.start + .minutes(9)
    let body = WebhookBody(
      [Self.message("x"), Self.message("y", ended: end)],
      group: RuleGroupID(.file, file: "r.yml", name: "g"), externalURL: "http://a:1")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(body.json.utf8)) as? [String: Any])
    #expect(json["version"] as? String == "4")
    #expect(json["status"] as? String == "firing")
    #expect(json["receiver"] as? String == "almanac")
    #expect(json["truncatedAlerts"] as? Int == 0)
    #expect(json["groupKey"] as? String == #"{}:{rule_file="r.yml", rule_group="g"}"#)
    #expect(json["groupLabels"] as? [String: String] == ["rule_group": "g"])
    #expect(json["commonLabels"] as? [String: String] == ["alertname": "A", "region": "eu"])
    #expect(json["commonAnnotations"] as? [String: String] == ["summary": "s"])
    #expect(json["externalURL"] as? String == "http://a:1")
    let alerts = try #require(json["alerts"] as? [[String: Any]])
    #expect(alerts.map { $0["status"] as? String } == ["firing", "resolved"])
    #expect(
      alerts.map { $0["endsAt"] as? String } == ["0001-01-01T00:00:00Z", "2026-09-01T00:19:00Z"])
    #expect(alerts.allSatisfy { ($0["fingerprint"] as? String)?.count == 16 })
    let resolved = WebhookBody(
      [Self.message("y", ended: end)], group: RuleGroupID(.file, file: "r.yml", name: "g"),
      externalURL: "")
    #expect(resolved.json.contains(#""status":"resolved""#))
  }

  @Test("names of labels are such that every Alertmanager takes them")
  func names() {
    let alert = Alert(
      labels: Labels([("host-name", "a"), ("é.x", "b"), ("0", "c"), ("_ok1", "d")]),
      annotations: [:], value: 0, activeAt: Self.start)
    let message = AlertMessage(
      alert, expression: "", externalLabels: [:], externalURL: "", validUntil: Self.start)
    #expect(
      message.labels == Labels([("host_name", "a"), ("__x", "b"), ("_0", "c"), ("_ok1", "d")]))
  }

  @Test("it is to be believed for four sends")
  func validUntil() {
    let until = { (interval: Interval) in
      AlertMessage.validUntil(sentAt: Self.start, interval: interval, resendDelay: .minutes(1))
    }
    #expect(until(.seconds(15)) == Self.start + .minutes(4))
    #expect(until(.minutes(5)) == Self.start + .minutes(20))
  }

  @Test("a fingerprint is that of Alertmanager")
  func fingerprint() {
    // FNV-1a of "a", 0xff, "b", 0xff.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte: UInt8 in [97, 255, 98, 255] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let alert = Alert(
      labels: Labels([("a", "b")]), annotations: [:], value: 0, activeAt: Self.start)
    let message = AlertMessage(
      alert, expression: "", externalLabels: [:], externalURL: "", validUntil: Self.start)
    #expect(UInt64(message.fingerprint, radix: 16) == hash)
    #expect(message.fingerprint.count == 16)
  }
}
