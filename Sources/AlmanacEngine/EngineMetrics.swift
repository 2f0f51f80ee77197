internal import AlmanacQuery
internal import Synchronization

/// Counters of what the engine did since it started.
public final class EngineMetrics: Sendable {
  /// One counter.
  public enum Counter: String, Sendable, CaseIterable {
    case samplesWritten = "almanac_samples_written_total"
    case linesRejected = "almanac_lines_rejected_total"
    case stringsSkipped = "almanac_string_fields_skipped_total"
    case integersRounded = "almanac_integers_rounded_total"
    case pointsRefused = "almanac_points_refused_total"
    case writesFailed = "almanac_writes_failed_total"
    case queries = "almanac_queries_total"
    case queriesFailed = "almanac_queries_failed_total"
    case queriesTimedOut = "almanac_queries_timed_out_total"
    case queriesCancelled = "almanac_queries_cancelled_total"
    case querySeconds = "almanac_query_seconds_total"
    case modelHits = "almanac_model_cache_hits_total"
    case modelMisses = "almanac_model_cache_misses_total"
    case modelsStale = "almanac_model_cache_stale_total"
    case modelsEvicted = "almanac_model_cache_evictions_total"
    case trainings = "almanac_trainings_total"
    case trainingFailures = "almanac_trainings_failed_total"
    case trainingSeconds = "almanac_training_seconds_total"

    /// What it counts.
    public var help: String {
      switch self {
      case .samplesWritten: "Samples acknowledged."
      case .linesRejected: "Lines of line protocol that were refused."
      case .stringsSkipped: "String fields that were skipped: only numbers are kept."
      case .integersRounded: "Integers past 2^53 that were rounded to the nearest double."
      case .pointsRefused: "Points left out as their series would have been too many."
      case .writesFailed: "Write requests that the store could not take."
      case .queries: "Queries answered or refused."
      case .queriesFailed: "Queries that ended in an error."
      case .queriesTimedOut: "Queries that took longer than they may."
      case .queriesCancelled: "Queries that ended as nobody waited for them."
      case .querySeconds: "Seconds spent answering queries, waiting included."
      case .modelHits: "Models found in the cache."
      case .modelMisses: "Models that were not in the cache."
      case .modelsStale: "Answers by an older model while a newer one was trained."
      case .modelsEvicted: "Models forgotten as there were too many or they were not used."
      case .trainings: "Trainings that ended in a model."
      case .trainingFailures: "Trainings that failed or were cancelled."
      case .trainingSeconds: "Seconds spent training."
      }
    }
  }

  private let running = Atomic(0)
  private let values = Mutex([Double](repeating: 0, count: Counter.allCases.count))

  /// Adds `amount` to a counter.
  public func add(_ counter: Counter, _ amount: Double = 1) {
    guard let index = Counter.allCases.firstIndex(of: counter) else { return }
    values.withLock { $0[index] += amount }
  }

  /// Adds a write of `points`, of which `refused` were left out.
  func addWrite(of points: Int, refused: Int) {
    add(.pointsRefused, Double(refused))
    add(.samplesWritten, Double(points - refused))
  }

  /// Queries that are evaluated now.
  public var runningQueries: Int { running.load(ordering: .relaxed) }

  func queryBegan() {
    add(.queries)
    running.wrappingAdd(1, ordering: .relaxed)
  }

  func queryEnded(after duration: Duration) {
    running.wrappingSubtract(1, ordering: .relaxed)
    add(.querySeconds, duration / .seconds(1))
  }

  func queryFailed(_ error: any Error) {
    add(.queriesFailed)
    switch (error as? QueryError)?.code {
    case .deadline: add(.queriesTimedOut)
    case .cancelled: add(.queriesCancelled)
    default: break
    }
  }

  /// All counters with their values now.
  public func all() -> [(counter: Counter, value: Double)] {
    Array(zip(Counter.allCases, values.withLock { $0 }))
  }
}
