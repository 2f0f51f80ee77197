public import AlmanacCore
public import AlmanacForecast

/// Where an evaluation reads series from.
public protocol SeriesSource: Sendable {
  /// The series that pass all `matchers`, in order of key, each with its samples inside `range`;
  /// series without samples there are left out.
  func samples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples]

  /// As `samples(passing:in:)`, with the newest sample only.
  func lastSamples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples]
}

/// What identifies a model, with all it takes to train it.
public struct ModelRequest: Sendable {
  /// The canonical text of the input's expression.
  public var plan: String
  /// The series.
  public var key: SeriesKey
  /// The history to train on; ends at `bucket`.
  public var history: RegularSeries
  /// The moment that training data ends before.
  public var bucket: Timestamp
  /// How to train.
  public var options: ForecastOptions
  /// How long to wait for a training.
  public var wait: Duration
}

/// A model, or the news that there is none yet.
public enum ModelAnswer: Sendable {
  /// The model, found (`hit`) or trained for this request.
  case model(ForecastModel, ModelInfo)
  /// Training takes longer than the request would wait, and goes on as job `job`.
  case pending(job: Int)
}

/// Where an evaluation gets trained models from.
public protocol ModelSource: Sendable {
  /// The model of `request`, from the cache or trained now, once for all who ask.
  func model(_ request: ModelRequest) async throws -> ModelAnswer
}

/// Where an evaluation computes: away from the threads that serve requests.
public protocol ComputePool: Sendable {
  /// Runs `body` and hands back what it returns or throws.
  func compute<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T
}
