internal import AlmanacForecast
internal import AlmanacQuery
internal import Synchronization

/// Gives a training in the background its models, one after the other: queries that train in the
/// meantime wait for one of them at most.
final class TrainingSource: ModelSource {
  private struct State {
    var asked = 0
    var done = 0
    var isBusy = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  /// Longer than any training.
  private static let patience = Duration.seconds(365 * 86_400)

  private let cache: ModelCache
  private let job: Job
  private let state = Mutex(State())

  init(cache: ModelCache, job: Job) {
    self.cache = cache
    self.job = job
  }

  func model(_ request: ModelRequest) async throws -> ModelAnswer {
    await takeTurn()
    defer { endTurn() }
    if job.wasCancelled { throw ForecastError.trainingCancelled }
    var request = request
    request.wait = Self.patience
    do {
      return try await cache.model(request, for: job)
    } catch let error as ForecastError where error.code != .cancelled {
      // One series that cannot be trained on must not keep the others from it.
      return .pending(job: job.id)
    }
  }

  private func takeTurn() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        state.asked += 1
        guard state.isBusy else {
          state.isBusy = true
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
  }

  private func endTurn() {
    let (next, done, asked) = state.withLock { state in
      state.done += 1
      let next = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
      state.isBusy = next != nil
      return (next, state.done, state.asked)
    }
    job.report(done: done, of: asked)
    next?.resume()
  }
}
