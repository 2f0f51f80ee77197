internal import AlmanacCore
internal import Logging
internal import Synchronization

/// Whom alerts are told: where, how it is called in logs and metrics, and how it went so far.
final class AlertTarget: Sendable {
  /// What was sent to it since the start.
  struct Counts: Sendable {
    var sent = 0
    var errors = 0
    var dropped = 0
    var seconds = 0.0
    var requests = 0
  }

  /// What became of a request.
  enum Outcome {
    case taken
    /// It makes no sense to try again.
    case refused
    case failed
  }

  /// Where requests go.
  let url: String
  /// How it is called: nothing secret.
  let name: String
  private let transport: any AlertTransport
  private let logger: Logger
  private let state = Mutex(Counts())

  init(url: String, name: String, transport: any AlertTransport, logger: Logger) {
    self.url = url
    self.name = name
    self.transport = transport
    self.logger = logger
  }

  var counts: Counts { state.withLock { $0 } }

  func count(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }

  /// Posts `body`, which tells of `count` alerts.
  func post(
    _ body: [UInt8], count: Int, headers: [(String, String)] = []
  ) async -> Outcome {
    let began = ContinuousClock.now
    let status: Int
    do {
      status = try await transport.post(body, to: url, headers: headers)
    } catch {
      self.count { $0.errors += count }
      if !Task.isCancelled { logger.warning("cannot send \(count) alerts to \(name): \(error)") }
      return .failed
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    self.count {
      $0.seconds += seconds
      $0.requests += 1
      if (200..<300).contains(status) { $0.sent += count } else { $0.errors += count }
    }
    if (200..<300).contains(status) { return .taken }
    logger.warning("cannot send \(count) alerts to \(name): it answered \(status)")
    // Others of 4xx would be answered the same again.
    return (400..<500).contains(status) && status != 408 && status != 429 ? .refused : .failed
  }

  /// How long to wait after so many failures in a row: half a second, doubled up to half a minute.
  static func pause(after failures: Int) -> Duration {
    .milliseconds(min(30_000, 500 << min(max(failures - 1, 0), 6)))
  }

  /// `url` without user and password.
  static func withoutSecrets(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return url }
    let rest = url[scheme.upperBound...]
    let host = rest.prefix { $0 != "/" }
    guard let at = host.lastIndex(of: "@") else { return url }
    return "\(url[..<scheme.upperBound])\(rest[rest.index(after: at)...])"
  }

  /// Scheme, host and port of `url`: the path of a webhook is often its secret.
  static func origin(_ url: String) -> String {
    let plain = withoutSecrets(url)
    guard let scheme = plain.firstRange(of: "://") else { return "webhook" }
    let host = plain[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
    return "\(plain[..<scheme.upperBound])\(host)"
  }
}

/// Wakes the one task that waits for work.
struct WakeUp: Sendable {
  let calls: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (calls, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func call() { continuation.yield() }
}
