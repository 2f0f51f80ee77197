internal import AlmanacCore
internal import AlmanacRules
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// News for one webhook, kept in the store until it was taken.
struct WebhookNews: Sendable, Equatable {
  /// Its place among all news; names its record.
  let number: UInt64
  let url: String
  /// How many alerts it tells of.
  let count: Int
  /// The whole body.
  let body: String

  /// 20 digits, in the order of the numbers.
  var name: String {
    let digits = String(number)
    return String(repeating: "0", count: 20 - digits.count) + digits
  }

  /// The URL, the number of alerts, and the body: docs/format/alerts.md.
  var record: String { "\(url)\n\(count)\n\(body)" }

  init(number: UInt64, url: String, count: Int, body: String) {
    self.number = number
    self.url = url
    self.count = count
    self.body = body
  }

  /// Reads a record; nil where it is none.
  init?(name: String, record: String) {
    let lines = record.split(separator: "\n", maxSplits: 2)
    guard let number = UInt64(name), lines.count == 3, let count = Int(lines[1]) else { return nil }
    self.init(number: number, url: String(lines[0]), count: count, body: String(lines[2]))
  }
}

/// What one webhook was not told yet, in order. News is in the store before it is here, and leaves
/// the store once it was taken: a restart sends what was not, and nothing twice.
final class WebhookOutbox: Sendable {
  /// News that may wait; the oldest goes where there is more.
  static let capacity = 10_000

  private struct State {
    var waiting: [WebhookNews] = []
    /// Settled, but still in the store.
    var settled: [WebhookNews] = []
  }

  let url: String
  let target: AlertTarget
  private let store: Store
  private let logger: Logger
  private let state: Mutex<State>
  private let wakeUp = WakeUp()

  init(
    _ url: String, _ waiting: [WebhookNews], _ store: Store, _ transport: any AlertTransport,
    _ logger: Logger
  ) {
    self.url = url
    self.store = store
    self.logger = logger
    target = AlertTarget(
      url: url, name: AlertTarget.origin(url), transport: transport, logger: logger)
    state = Mutex(State(waiting: waiting))
    if !waiting.isEmpty { wakeUp.call() }
  }

  /// How much news waits.
  var count: Int { state.withLock { $0.waiting.count } }

  /// Takes in news that is in the store.
  func add(_ news: WebhookNews) {
    let dropped = state.withLock { state in
      state.waiting.append(news)
      let surplus = state.waiting.prefix(max(0, state.waiting.count - Self.capacity))
      state.waiting.removeFirst(surplus.count)
      state.settled += surplus
      return surplus.reduce(0) { $0 + $1.count }
    }
    if dropped > 0 { target.count { $0.dropped += dropped } }
    wakeUp.call()
  }

  /// Sends what comes until the task is cancelled.
  func run() async {
    for await _ in wakeUp.calls {
      var failures = 0
      while !Task.isCancelled {
        guard await forget() else {
          failures += 1
          try? await Task.sleep(for: AlertTarget.pause(after: failures))
          continue
        }
        guard let news = state.withLock({ $0.waiting.first }) else { break }
        let outcome = await target.post(
          Array(news.body.utf8), count: news.count,
          headers: [("Idempotency-Key", "\"almanac-\(news.number)\"")])
        if case .failed = outcome {
          failures += 1
          try? await Task.sleep(for: AlertTarget.pause(after: failures))
          continue
        }
        failures = 0
        if case .refused = outcome { target.count { $0.dropped += news.count } }
        state.withLock { state in
          state.waiting.removeAll { $0.number == news.number }
          if !state.settled.contains(where: { $0.number == news.number }) {
            state.settled.append(news)
          }
        }
      }
    }
  }

  /// Takes out of the store what is settled; false where the store cannot.
  private func forget() async -> Bool {
    let settled = state.withLock { $0.settled }
    guard !settled.isEmpty else { return true }
    do {
      try await store.changeRecords(settled.map { .remove(.notifications, $0.name) })
    } catch {
      logger.error("cannot forget news that \(target.name) has: \(error)")
      return false
    }
    let numbers = Set(settled.map(\.number))
    state.withLock { $0.settled.removeAll { numbers.contains($0.number) } }
    return true
  }
}
