import AlmanacCore
import AlmanacEngine
import AlmanacQuery
import AlmanacRules
import ArgumentParser
import Foundation

/// What `serve` is told about rules and alerts.
struct RuleArguments: ParsableArguments {
  @Option(
    help: """
      Rule files, as rules/*.yml; may be given several times. Read again on SIGHUP and \
      POST /-/reload.
      """)
  var rules: [String] = []

  @Option(help: "An Alertmanager to send alerts to, as http://127.0.0.1:9093; may be repeated.")
  var alertmanager: [String] = []

  @Option(
    help: """
      A URL that gets each change of an alert once, in the body of Alertmanager's webhooks; may \
      be repeated.
      """)
  var webhook: [String] = []

  @Option(help: "A label for all alerts that are sent, as region=eu; may be repeated.")
  var externalLabel: [String] = []

  @Option(help: "Where people reach this server, for links in alerts.")
  var externalURL: String?

  @Option(help: "How often groups are evaluated that do not say it themselves.")
  var ruleInterval = "1m"

  @Option(help: "How far in the past rules are evaluated whose groups do not say it themselves.")
  var ruleQueryOffset = "0s"

  /// What the arguments say.
  ///
  /// - Parameter listen: host and port of this server.
  func options(listen: String) throws -> RuleOptions {
    var options = RuleOptions()
    let files = RuleFiles(patterns: rules)
    options.files = { try files.read() }
    for (name, urls) in [("alertmanager", alertmanager), ("webhook", webhook)] {
      for url in urls {
        guard let parts = URLComponents(string: url), parts.host?.isEmpty == false,
          ["http", "https"].contains(parts.scheme)
        else {
          throw ValidationError(
            "cannot read --\(name) \(url): write a URL, as http://127.0.0.1:9093")
        }
      }
    }
    options.alertmanagers = alertmanager
    options.webhooks = webhook
    for text in externalLabel {
      let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty else {
        throw ValidationError(
          "cannot read --external-label \(text): write a name and a value, as region=eu")
      }
      options.externalLabels[String(sides[0])] = String(sides[1])
    }
    var url = externalURL ?? "http://\(Self.reachable(listen))"
    while url.hasSuffix("/") { url.removeLast() }
    options.externalURL = url
    guard let interval = RuleDuration.read(ruleInterval), interval >= .seconds(1) else {
      throw ValidationError(
        "cannot read --rule-interval \(ruleInterval): write a duration of a second or more, as 1m")
    }
    guard let offset = RuleDuration.read(ruleQueryOffset) else {
      throw ValidationError(
        "cannot read --rule-query-offset \(ruleQueryOffset): write a duration, as 30s")
    }
    options.interval = interval
    options.queryOffset = offset
    return options
  }

  /// Where others reach a server that listens there: on all addresses, by the machine's name.
  private static func reachable(_ listen: String) -> String {
    guard let (host, port) = parseAddress(listen), ["0.0.0.0", "::"].contains(host) else {
      return listen
    }
    return "\(ProcessInfo.processInfo.hostName):\(port)"
  }
}
