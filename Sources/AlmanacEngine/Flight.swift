internal import Synchronization

/// One piece of work that many may wait for, each with a patience of their own.
///
/// Waiting ends when the work ends, when the patience ends, or when the waiting task is cancelled;
/// the work itself goes on in the last two cases.
final class Flight<Value: Sendable>: Sendable {
  private struct State {
    var result: Result<Value, any Error>?
    var waiting: [Int: CheckedContinuation<Result<Value, any Error>?, Never>] = [:]
    /// Who gave up before the wait began.
    var impatient: Set<Int> = []
    var nextWaiter = 0
  }

  private let state = Mutex(State())

  /// Ends the work with `result`; only the first call counts.
  func finish(_ result: Result<Value, any Error>) {
    let waiting =
      state.withLock { state in
        guard state.result == nil else { return [:] }
        state.result = result
        defer { state.waiting = [:] }
        return state.waiting
      } as [Int: CheckedContinuation<Result<Value, any Error>?, Never>]
    for continuation in waiting.values { continuation.resume(returning: result) }
  }

  /// The result, or nil where it did not come in time.
  func wait(atMost patience: Duration) async -> Result<Value, any Error>? {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    let timer = Task {
      try? await Task.sleep(for: patience)
      if !Task.isCancelled { self.giveUp(id) }
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known: Result<Value, any Error>?? = state.withLock { state in
          if let result = state.result { return .some(result) }
          if state.impatient.remove(id) != nil { return .some(nil) }
          state.waiting[id] = continuation
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      giveUp(id)
    }
  }

  private func giveUp(_ id: Int) {
    let continuation = state.withLock { state in
      let continuation = state.waiting.removeValue(forKey: id)
      if continuation == nil, state.result == nil { state.impatient.insert(id) }
      return continuation
    }
    continuation?.resume(returning: nil)
  }
}
