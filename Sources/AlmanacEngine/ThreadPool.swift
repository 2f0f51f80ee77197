internal import AlmanacNeural
internal import Dispatch
internal import Synchronization

/// Runs blocking work (disk, decoding, training) away from Swift's cooperative threads, at most
/// `width` pieces at once, in the order they came.
final class ThreadPool: Sendable {
  private struct State {
    /// Jobs in order; those before `next` were taken.
    var waiting: [(@Sendable () -> Void)?] = []
    var next = 0
    var running = 0
  }

  let width: Int
  private let isBackground: Bool
  private let queue: DispatchQueue
  private let state = Mutex(State())

  /// How much background work leaves to others, as `nice` counts: nearly all of a processor
  /// that they want too.
  static let niceness: Int32 = 19

  /// - Parameter isBackground: whether the work may wait for other threads' work.
  init(label: String, width: Int, isBackground: Bool = false) {
    self.width = width
    self.isBackground = isBackground
    queue = DispatchQueue(
      label: label, qos: isBackground ? .utility : .userInitiated, attributes: .concurrent)
  }

  /// Jobs that may wait; more are refused.
  private static let limit = 100_000

  /// Runs `body` on a thread of the pool and hands back what it returns or throws.
  ///
  /// - Throws: what `body` throws, or `PoolBusy` where too many jobs wait already.
  func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    let result = await withCheckedContinuation { continuation in
      let isTaken = submit { continuation.resume(returning: Result { try body() }) }
      if !isTaken { continuation.resume(returning: .failure(PoolBusy())) }
    }
    return try result.get()
  }

  private func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
    let (isTaken, startsThread) = state.withLock { state in
      guard state.waiting.count - state.next < Self.limit else { return (false, false) }
      state.waiting.append(job)
      guard state.running < width else { return (true, false) }
      state.running += 1
      return (true, true)
    }
    if startsThread { queue.async { self.drain() } }
    return isTaken
  }

  /// Returns when all work that was handed in before has ended.
  func finish() async {
    await withCheckedContinuation { continuation in
      queue.async(flags: .barrier) { continuation.resume() }
    }
  }

  private func drain() {
    // Of this thread alone, which serves no queue of another quality.
    if isBackground { Niceness.raise(to: Self.niceness) }
    while let job = state.withLock({ Self.take(&$0) }) { job() }
  }

  private static func take(_ state: inout State) -> (@Sendable () -> Void)? {
    guard state.next < state.waiting.count else {
      state.waiting = []
      state.next = 0
      state.running -= 1
      return nil
    }
    // What a job captured goes with it, not when the queue is empty.
    let job = state.waiting[state.next]
    state.waiting[state.next] = nil
    state.next += 1
    if state.next > 1024, state.next > state.waiting.count / 2 {
      state.waiting.removeFirst(state.next)
      state.next = 0
    }
    return job
  }
}

/// More work waits than may wait; it may be tried again.
public struct PoolBusy: Error, CustomStringConvertible {
  /// What a user reads.
  public let description = "too many requests wait for a thread; try again"
}
