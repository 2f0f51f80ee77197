public import AlmanacCore

/// One alert: a series for which the expression of its rule holds, or held lately.
public struct Alert: Sendable, Equatable {
  /// How far an alert is.
  public enum State: String, Sendable, Codable {
    /// Active, but not yet for as long as its rule wants.
    case pending
    /// Active for long enough.
    case firing
    /// Over; kept for a while, so that those who are told hear of it.
    case inactive
  }

  /// What identifies it: labels of the series and the rule, and `alertname`.
  public var labels: Labels
  /// Texts for people, as of the last evaluation at which it was active.
  public var annotations: [String: String]
  /// The value of its series at that evaluation.
  public var value: Double
  /// How far it is.
  public var state: State
  /// Since when it is active.
  public var activeAt: Timestamp
  /// When it began to fire.
  public var firedAt: Timestamp?
  /// When it ended, after it fired.
  public var resolvedAt: Timestamp?
  /// Since when it only goes on by `keep_firing_for`.
  public var keepFiringSince: Timestamp?
  /// When it was last handed to Alertmanagers.
  public var lastSentAt: Timestamp?

  /// An alert that has just become active.
  public init(
    labels: Labels, annotations: [String: String], value: Double, activeAt: Timestamp
  ) {
    self.labels = labels
    self.annotations = annotations
    self.value = value
    self.activeAt = activeAt
    state = .pending
  }

  /// Whether Alertmanagers are due to hear of it at `time`: at once when it ended, else again after
  /// `delay`.
  func isDue(at time: Timestamp, resendDelay delay: Interval) -> Bool {
    guard state != .pending else { return false }
    guard let lastSentAt else { return true }
    if let resolvedAt, resolvedAt > lastSentAt { return true }
    return lastSentAt + delay < time
  }
}

/// What an evaluation found active.
public struct ActiveSeries: Sendable, Equatable {
  /// Labels of the alert.
  public var labels: Labels
  /// Its texts.
  public var annotations: [String: String]
  /// The value of the series.
  public var value: Double

  /// A series that is active.
  public init(labels: Labels, annotations: [String: String], value: Double) {
    self.labels = labels
    self.annotations = annotations
    self.value = value
  }
}
