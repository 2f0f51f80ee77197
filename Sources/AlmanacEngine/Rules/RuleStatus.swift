public import AlmanacCore
public import AlmanacRules

/// A group of rules and how its last evaluation went.
public struct RuleGroupStatus: Sendable {
  /// Which group it is.
  public let id: RuleGroupID
  /// The group.
  public let group: RuleGroup
  /// From one evaluation to the next.
  public let interval: Interval
  /// When it was last evaluated; nil where it was not yet.
  public let lastEvaluation: Timestamp?
  /// How long that took, in seconds.
  public let evaluationSeconds: Double
  /// Evaluations that were due, missed ones included.
  public let iterations: Int
  /// Evaluations that were left out, as the one before took too long or the server was down.
  public let missed: Int
  /// Samples that the last evaluation wrote.
  public let lastSamples: Int
  /// Its rules in order.
  public let rules: [RuleStatus]
}

/// A rule and how its last evaluation went.
public struct RuleStatus: Sendable {
  /// How well a rule is.
  public enum Health: String, Sendable {
    /// It was not evaluated yet.
    case unknown
    /// It was evaluated.
    case ok
    /// It could not be evaluated.
    case err
  }

  /// The rule.
  public let rule: Rule
  /// Its labels and those of its group.
  public let labels: [String: String]
  /// How well it is.
  public let health: Health
  /// Why it could not be evaluated.
  public let lastError: String?
  /// When it was last evaluated; nil where it was not yet.
  public let lastEvaluation: Timestamp?
  /// How long that took, in seconds.
  public let evaluationSeconds: Double
  /// Evaluations since the start.
  public let evaluations: Int
  /// Those that failed.
  public let failures: Int
  let table: AlertTable

  /// Its alerts that are pending or firing, in order of labels.
  public var alerts: [Alert] { table.active }
  /// The worst state among them; `inactive` where there are none.
  public var state: Alert.State { table.state }

  /// How many of its alerts are in a state.
  public func count(_ state: Alert.State) -> Int { table.count(state) }
}

/// How telling one receiver of alerts went since the start.
public struct AlertTargetStatus: Sendable {
  /// Whether it is an Alertmanager; else it is a webhook.
  public let isAlertmanager: Bool
  /// How it is called: its URL without what is secret.
  public let name: String
  /// Alerts that it took.
  public let sent: Int
  /// Alerts in requests that failed; those that were tried again count again.
  public let errors: Int
  /// Alerts that it will never hear of.
  public let dropped: Int
  /// What waits: alerts, or news of alerts for a webhook.
  public let waiting: Int
  /// What may wait.
  public let capacity: Int
  /// Requests that were answered, and how long they took together.
  public let requests: Int
  /// In seconds.
  public let seconds: Double
}
