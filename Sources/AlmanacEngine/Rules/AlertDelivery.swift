internal import AlmanacCore
internal import AlmanacRules
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// Everybody who is told of alerts.
final class AlertDelivery: Sendable {
  /// Alerts of one body for a webhook.
  private static let alertsOfBody = 500

  let alertmanagers: [AlertmanagerQueue]
  let webhooks: [WebhookOutbox]
  private let externalURL: String
  private let lastNumber: Atomic<UInt64>

  /// - Parameters:
  ///   - now: where numbers of news begin: no two processes give the same one.
  ///   - logger: for what cannot be sent.
  init(
    _ options: RuleOptions, store: Store, transport: any AlertTransport, now: Timestamp,
    logger: Logger
  ) throws {
    let waiting = try store.readRecords(
      .notifications, "stored notification", logger: logger, WebhookNews.init(name:record:))
    for news in waiting where !options.webhooks.contains(news.url) {
      logger.warning(
        "\(news.count) alerts for \(AlertTarget.origin(news.url)) wait: it is no webhook now")
    }
    lastNumber = Atomic(
      max(waiting.map(\.number).max() ?? 0, UInt64(clamping: now.nanoseconds)))
    externalURL = options.externalURL
    alertmanagers = options.alertmanagers.map { AlertmanagerQueue($0, transport, logger) }
    webhooks = options.webhooks.map { url in
      WebhookOutbox(url, waiting.filter { $0.url == url }, store, transport, logger)
    }
  }

  /// News of `changes` for every webhook; nothing is sent before `send`.
  func news(_ changes: [AlertMessage], of group: RuleGroupID) -> [WebhookNews] {
    var news: [WebhookNews] = []
    for start in stride(from: 0, to: changes.count, by: Self.alertsOfBody) {
      let part = Array(changes[start..<min(start + Self.alertsOfBody, changes.count)])
      let body = WebhookBody(part, group: group, externalURL: externalURL).json
      for webhook in webhooks {
        let number = lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
        news.append(
          WebhookNews(number: number, url: webhook.url, count: part.count, body: body))
      }
    }
    return news
  }

  /// Tells webhooks what is in the store.
  func send(_ news: [WebhookNews]) {
    for one in news { webhooks.first { $0.url == one.url }?.add(one) }
  }

  /// Tells Alertmanagers.
  func send(_ messages: [AlertMessage]) {
    for alertmanager in alertmanagers { alertmanager.add(messages) }
  }

  /// Sends what comes until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      // Also where there is nobody to tell, until the end.
      group.addTask {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
      }
      for alertmanager in alertmanagers { group.addTask { await alertmanager.run() } }
      for webhook in webhooks { group.addTask { await webhook.run() } }
    }
  }
}
