public import AlmanacCore

/// An alert as others are told of it.
public struct AlertMessage: Sendable, Equatable {
  /// Labels of the alert, and those of this server that it has not itself. Their names have letters,
  /// digits and `_` only: Alertmanagers before 0.27 refuse others, which tags of agents may have.
  public let labels: Labels
  /// Texts for people.
  public let annotations: [String: String]
  /// When it began to fire.
  public let startsAt: Timestamp
  /// When it ended, or until when it is to be believed if nothing more is heard.
  public let endsAt: Timestamp
  /// Whether it has ended.
  public let isResolved: Bool
  /// Where its expression is shown.
  public let generatorURL: String

  /// What to tell of `alert`.
  ///
  /// - Parameters:
  ///   - expression: of its rule.
  ///   - validUntil: until when it is to be believed while it fires.
  public init(
    _ alert: Alert, expression: String, externalLabels: [String: String], externalURL: String,
    validUntil: Timestamp
  ) {
    labels = Labels(
      externalLabels.map { ($0.key, $0.value) }
        + alert.labels.all.map { (Self.plainName($0.name), $0.value) })
    annotations = alert.annotations
    startsAt = alert.firedAt ?? alert.activeAt
    endsAt = alert.resolvedAt ?? validUntil
    isResolved = alert.resolvedAt != nil
    generatorURL = "\(externalURL)/#q=\(expression.queryEscaped)"
  }

  /// `name` with `_` for what is no ASCII letter, digit or `_`, and in front of a digit.
  private static func plainName(_ name: String) -> String {
    let plain = name.unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": Character(scalar)
      default: "_"
      }
    }
    return plain.first?.isNumber ?? true ? "_" + String(plain) : String(plain)
  }

  /// Until when an alert that was sent at `time` is to be believed: two sends may fail.
  public static func validUntil(
    sentAt time: Timestamp, interval: Interval, resendDelay: Interval
  ) -> Timestamp {
    let delay = max(interval, resendDelay)
    return time + delay + delay + delay + delay
  }

  /// FNV-1a over names and values, as Prometheus and Alertmanager compute it; 16 digits.
  public var fingerprint: String {
    var hash = FNV1a()
    for label in labels.all {
      hash.combine(label.name.utf8)
      hash.combine(CollectionOfOne(0xff))
      hash.combine(label.value.utf8)
      hash.combine(CollectionOfOne(0xff))
    }
    return hash.value.hexadecimal
  }
}

/// The body of `POST /api/v2/alerts` of Alertmanager.
public enum AlertmanagerBody {
  private struct One: Encodable {
    let labels: [String: String]
    let annotations: [String: String]
    let startsAt: String
    let endsAt: String
    let generatorURL: String
  }

  /// `messages` as JSON.
  public static func json(_ messages: [AlertMessage]) -> [UInt8] {
    JSONLine.bytes(
      messages.map { message in
        One(
          labels: message.labels.dictionary, annotations: message.annotations,
          startsAt: message.startsAt.description, endsAt: message.endsAt.description,
          generatorURL: message.generatorURL)
      })
  }
}

/// The body that Alertmanager's webhooks have, version 4.
public struct WebhookBody: Encodable {
  private struct One: Encodable {
    let status: String
    let labels: [String: String]
    let annotations: [String: String]
    let startsAt: String
    let endsAt: String
    let generatorURL: String
    let fingerprint: String
  }

  private let version = "4"
  private let groupKey: String
  private let truncatedAlerts = 0
  private let status: String
  private let receiver = "almanac"
  private let groupLabels: [String: String]
  private let commonLabels: [String: String]
  private let commonAnnotations: [String: String]
  private let externalURL: String
  private let alerts: [One]

  /// What tells of `messages`, all of the rule group `group`.
  public init(_ messages: [AlertMessage], group: RuleGroupID, externalURL: String) {
    groupKey = "{}:{rule_file=\"\(group.file)\", rule_group=\"\(group.name)\"}"
    groupLabels = ["rule_group": group.name]
    status = messages.allSatisfy(\.isResolved) ? "resolved" : "firing"
    commonLabels = Self.common(messages.map(\.labels.dictionary))
    commonAnnotations = Self.common(messages.map(\.annotations))
    self.externalURL = externalURL
    alerts = messages.map { message in
      One(
        status: message.isResolved ? "resolved" : "firing", labels: message.labels.dictionary,
        annotations: message.annotations, startsAt: message.startsAt.description,
        // What fires has no end: Go's zero time.
        endsAt: message.isResolved ? message.endsAt.description : "0001-01-01T00:00:00Z",
        generatorURL: message.generatorURL, fingerprint: message.fingerprint)
    }
  }

  /// As JSON, in one line.
  public var json: String { JSONLine.text(self) }

  /// The pairs that all have.
  private static func common(_ all: [[String: String]]) -> [String: String] {
    guard let first = all.first else { return [:] }
    return first.filter { pair in all.allSatisfy { $0[pair.key] == pair.value } }
  }
}
