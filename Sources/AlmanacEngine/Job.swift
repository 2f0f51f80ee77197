internal import AlmanacForecast
public import AlmanacCore
internal import AlmanacNeural
internal import Synchronization

/// One training under way or ended.
public final class Job: Sendable {
  /// Where a training stands.
  public enum State: String, Sendable {
    case queued, running, done, failed, cancelled
  }

  /// What is shown of a training.
  public struct Status: Sendable {
    /// Where it stands.
    public var state = State.queued
    /// Share of the steps done, 0 to 1.
    public var progress = 0.0
    /// Step of the optimiser, from 1.
    public var step = 0
    /// Loss of that step.
    public var loss: Double?
    /// Seconds left, guessed from the steps done.
    public var secondsLeft: Double?
  }

  /// The number that the API knows it by.
  public let id: Int
  /// The series that is trained on.
  public let key: SeriesKey
  /// What is trained: the canonical text.
  public let plan: String
  let flight = Flight<ModelRecord>()
  /// Trainings that were begun for this one.
  private let parts = Mutex<[Job]>([])
  private let current = Mutex(Status())
  private let isCancelled = Mutex(false)
  private let began = ContinuousClock.now

  init(id: Int, key: SeriesKey, plan: String) {
    self.id = id
    self.key = key
    self.plan = plan
  }

  /// Where it stands now.
  public var status: Status { current.withLock { $0 } }

  /// Stops the training: at once where it waits for a thread, else at its next step.
  public func cancel() {
    isCancelled.withLock { $0 = true }
    let isQueued = current.withLock { $0.state == .queued }
    if isQueued { finish(.failure(ForecastError.trainingCancelled)) }
    endParts()
  }

  /// Stops the trainings that were begun for this one.
  func endParts() {
    for part in parts.withLock({ $0 }) { part.cancel() }
  }

  /// Takes on a training that goes when this one does.
  func adopt(_ part: Job) {
    parts.withLock { parts in
      parts.removeAll(where: \.hasEnded)
      parts.append(part)
    }
    if wasCancelled { part.cancel() }
  }

  /// Whether somebody asked to stop it.
  var wasCancelled: Bool { isCancelled.withLock { $0 } }

  /// Whether it will not change any more.
  var hasEnded: Bool { [.done, .failed, .cancelled].contains(status.state) }

  /// Begins the training; throws where it was cancelled while it waited.
  func start() throws(ForecastError) {
    if wasCancelled { throw ForecastError.trainingCancelled }
    current.withLock { $0.state = .running }
  }

  /// The series of a job that is about several.
  static let noSeries = SeriesKey(metric: "", labels: .none)

  /// Notes how far the training is; false where it must stop.
  func report(_ progress: TrainingProgress) -> Bool {
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    current.withLock { status in
      status.step = progress.step
      status.progress = Double(progress.step) / Double(max(progress.steps, 1))
      status.loss = Double(progress.loss)
      status.secondsLeft = status.progress > 0 ? seconds / status.progress - seconds : nil
    }
    return !isCancelled.withLock { $0 }
  }

  /// Notes how many of several models there are.
  func report(done: Int, of count: Int) {
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    current.withLock { status in
      status.step = done
      status.progress = Double(done) / Double(max(count, 1))
      status.secondsLeft = done > 0 ? seconds / status.progress - seconds : nil
    }
  }

  func finish(_ result: Result<ModelRecord, any Error>) {
    if case .success = result { end(failed: false) } else { end(failed: true) }
    flight.finish(result)
  }

  /// Ends what has no single model as its result.
  func end(failed: Bool) {
    let cancelled = wasCancelled
    current.withLock { status in
      if failed {
        status.state = cancelled ? .cancelled : .failed
      } else {
        status.state = .done
        status.progress = 1
        status.secondsLeft = 0
      }
    }
  }
}

extension ForecastError {
  /// Somebody asked to end it.
  static let trainingCancelled = ForecastError(.cancelled, "the training was cancelled")
}
