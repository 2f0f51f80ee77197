internal import Dispatch
internal import Synchronization

/// Runs blocking work (disk, decoding, training) away from Swift's cooperative threads, at most
/// `width` pieces at once, in the order they came.
final class ThreadPool: Sendable {
  private struct State {
    var waiting: [@Sendable () -> Void] = []
    var next = 0
    var running = 0
  }

  private let width: Int
  private let queue: DispatchQueue
  private let state = Mutex(State())

  /// - Parameter isBackground: whether the work may wait for other threads' work.
  init(label: String, width: Int, isBackground: Bool = false) {
    self.width = width
    queue = DispatchQueue(
      label: label, qos: isBackground ? .utility : .userInitiated, attributes: .concurrent)
  }

  /// Runs `body` on a thread of the pool and hands back what it returns or throws.
  func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    let result = await withCheckedContinuation { continuation in
      submit { continuation.resume(returning: Result { try body() }) }
    }
    return try result.get()
  }

  private func submit(_ job: @escaping @Sendable () -> Void) {
    let startsThread = state.withLock { state in
      state.waiting.append(job)
      guard state.running < width else { return false }
      state.running += 1
      return true
    }
    if startsThread { queue.async { self.drain() } }
  }

  private func drain() {
    while let job = state.withLock({ Self.take(&$0) }) { job() }
  }

  private static func take(_ state: inout State) -> (@Sendable () -> Void)? {
    guard state.next < state.waiting.count else {
      state.waiting = []
      state.next = 0
      state.running -= 1
      return nil
    }
    defer { state.next += 1 }
    return state.waiting[state.next]
  }
}
