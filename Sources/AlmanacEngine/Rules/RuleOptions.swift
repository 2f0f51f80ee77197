public import AlmanacCore

/// How rules are evaluated and whom they tell.
public struct RuleOptions: Sendable {
  /// Reads the rule files: their paths and what is in them. Called on a thread that may block.
  public var files: @Sendable () throws -> [(path: String, text: String)] = { [] }
  /// From one evaluation of a group to the next, where it does not say.
  public var interval = Interval.minutes(1)
  /// How far in the past queries are evaluated, where a group does not say.
  public var queryOffset = Interval.zero
  /// Labels of this server, which others are told and templates know.
  public var externalLabels: [String: String] = [:]
  /// Where this server is reached, without a slash at the end.
  public var externalURL = "http://127.0.0.1:8086"
  /// Alertmanagers, by their URLs.
  public var alertmanagers: [String] = []
  /// Receivers of webhooks, by their URLs.
  public var webhooks: [String] = []
  /// How often Alertmanagers are told again of what fires.
  public var resendDelay = Interval.minutes(1)

  /// No files and nobody to tell.
  public init() {}
}

/// Sends what rules tell to others.
public protocol AlertTransport: Sendable {
  /// Posts JSON to `url` and returns the status of the answer; throws where there is none.
  func post(_ body: [UInt8], to url: String, headers: [(String, String)]) async throws -> Int
}
