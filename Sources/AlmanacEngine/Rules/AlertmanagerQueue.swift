internal import AlmanacCore
internal import AlmanacRules
internal import Logging
internal import Synchronization

/// What one Alertmanager is to be told: of each alert the newest news, in order of arrival.
///
/// Nothing is kept on disk: what fires is told again and again.
final class AlertmanagerQueue: Sendable {
  /// Alerts that may wait; the longest waiting go where there are more.
  static let capacity = 10_000
  private static let batch = 64

  private struct State {
    var order: [Labels] = []
    var newest: [Labels: AlertMessage] = [:]
  }

  let target: AlertTarget
  private let state = Mutex(State())
  private let wakeUp = WakeUp()

  init(_ url: String, _ transport: any AlertTransport, _ logger: Logger) {
    var base = url
    while base.hasSuffix("/") { base.removeLast() }
    let path = "/api/v2/alerts"
    let whole = base.hasSuffix(path) ? base : base + path
    target = AlertTarget(
      url: whole, name: AlertTarget.withoutSecrets(whole), transport: transport, logger: logger)
  }

  /// How many alerts wait.
  var count: Int { state.withLock { $0.order.count } }

  func add(_ messages: [AlertMessage]) {
    guard !messages.isEmpty else { return }
    let dropped = state.withLock { state in
      for message in messages {
        if state.newest.updateValue(message, forKey: message.labels) == nil {
          state.order.append(message.labels)
        }
      }
      let surplus = max(0, state.order.count - Self.capacity)
      for labels in state.order.prefix(surplus) { state.newest[labels] = nil }
      state.order.removeFirst(surplus)
      return surplus
    }
    if dropped > 0 { target.count { $0.dropped += dropped } }
    wakeUp.call()
  }

  /// Sends what comes until the task is cancelled.
  func run() async {
    for await _ in wakeUp.calls {
      var failures = 0
      while !Task.isCancelled, let messages = take() {
        switch await target.post(AlertmanagerBody.json(messages), count: messages.count) {
        case .taken: failures = 0
        case .refused:
          failures = 0
          target.count { $0.dropped += messages.count }
        case .failed:
          failures += 1
          putBack(messages)
          try? await Task.sleep(for: AlertTarget.pause(after: failures))
        }
      }
    }
  }

  private func take() -> [AlertMessage]? {
    state.withLock { state in
      guard !state.order.isEmpty else { return nil }
      let labels = state.order.prefix(Self.batch)
      let messages = labels.compactMap { state.newest.removeValue(forKey: $0) }
      state.order.removeFirst(labels.count)
      return messages
    }
  }

  /// What was not sent comes first again, unless there is newer news of it.
  private func putBack(_ messages: [AlertMessage]) {
    state.withLock { state in
      let old = messages.filter { state.newest[$0.labels] == nil }
      for message in old { state.newest[message.labels] = message }
      state.order.insert(contentsOf: old.map(\.labels), at: 0)
    }
  }
}
