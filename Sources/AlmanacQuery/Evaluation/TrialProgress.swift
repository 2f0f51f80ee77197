internal import Synchronization

/// How many parts of a trial are done, told to its job.
final class TrialProgress: Sendable {
  private let run: any ModelRun
  private let count: Int
  private let done = Mutex(0)

  /// - Parameter count: how many parts there are.
  init(_ run: any ModelRun, of count: Int) {
    self.run = run
    self.count = count
  }

  /// One more is done.
  func advance() {
    done.withLock { done in
      done += 1
      run.report(done: done, of: count)
    }
  }
}
