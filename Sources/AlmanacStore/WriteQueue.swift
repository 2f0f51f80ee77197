internal import AlmanacCore

/// Writes that wait for the next commit.
struct WriteQueue {
  /// One write and whom to tell.
  struct Request {
    let points: Points
    let done: @Sendable (Result<Store.WriteOutcome, StoreError>) -> Void
  }

  private(set) var waiting: [Request] = []
  private(set) var queuedPoints = 0
  private(set) var isClosed = false
  /// Whether a committer runs; it goes on until nothing waits.
  private(set) var isCommitting = false

  /// Takes `request`; true where the caller must start a committer.
  mutating func add(_ request: Request) -> Bool {
    waiting.append(request)
    queuedPoints += request.points.count
    defer { isCommitting = true }
    return !isCommitting
  }

  /// Everything that waits, or nothing: the committer then ends.
  mutating func takeAll() -> [Request] {
    let all = waiting
    waiting = []
    queuedPoints = 0
    if all.isEmpty { isCommitting = false }
    return all
  }

  /// Refuses every write from now on.
  mutating func close() {
    isClosed = true
  }
}
