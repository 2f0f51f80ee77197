public import AlmanacCore
public import AlmanacForecast
public import AlmanacPattern

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

  /// What `transform` makes of each series of `samples(passing:in:)`, in the same order, without
  /// those that it makes nothing of; it leaves the keys as they are. A source may call it on several threads at once, while the
  /// samples of a series are still in the processor's cache.
  func map(
    passing matchers: [LabelMatcher], in range: TimeRange,
    _ transform: @escaping @Sendable (LabelledSamples) throws -> LabelledSamples?
  ) async throws -> [LabelledSamples]

  /// As `samples(passing:in:)`, with whole buckets of `resolution` summed up.
  ///
  /// - Parameters:
  ///   - range: whole buckets: it begins one nanosecond after a multiple of the resolution and ends
  ///     at one.
  ///   - rollups: the longest buckets whose stored rollups may be used; nil is for none. A bucket
  ///     of `resolution` may then come in several pieces.
  func summaries(
    passing matchers: [LabelMatcher], in range: TimeRange, of resolution: Resolution,
    rollups: Resolution?
  ) async throws -> [LabelledSummaries]

  /// How many series pass all `matchers`, and what a few of them have in `range`.
  func outline(
    passing matchers: [LabelMatcher], in range: TimeRange, limit: Int
  ) async throws -> SeriesOutline

  /// How long samples of `key` are kept; nil is for ever.
  func retention(of key: SeriesKey) -> Interval?
}

extension SeriesSource {
  /// Reads all samples first, then transforms them one by one.
  public func map(
    passing matchers: [LabelMatcher], in range: TimeRange,
    _ transform: @escaping @Sendable (LabelledSamples) throws -> LabelledSamples?
  ) async throws -> [LabelledSamples] {
    try await samples(passing: matchers, in: range).compactMap(transform)
  }

  /// For ever.
  public func retention(of key: SeriesKey) -> Interval? { nil }

  /// Reads the samples and sums them up.
  public func summaries(
    passing matchers: [LabelMatcher], in range: TimeRange, of resolution: Resolution,
    rollups: Resolution?
  ) async throws -> [LabelledSummaries] {
    try await samples(passing: matchers, in: range).map { one in
      LabelledSummaries(key: one.key, summaries: one.samples.summaries(of: resolution))
    }
  }
}

/// One series with the summaries of its buckets.
public struct LabelledSummaries: Sendable, Equatable {
  /// Metric and labels.
  public var key: SeriesKey
  /// Those that have samples, in order of time.
  public var summaries: [Summary]

  /// Summaries of the series `key`.
  public init(key: SeriesKey, summaries: [Summary]) {
    self.key = key
    self.summaries = summaries
  }
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
  /// The series that share a network with this one; nil where it has its own.
  public var group: ModelGroup?
}

/// Series that share a network.
public struct ModelGroup: Sendable {
  /// The histories of all members, in order of key.
  public let members: [RegularSeries]
  /// What its members are alike in.
  public let name: String
  /// Names the group and all of its data.
  public let hash: String

  /// A group of `members` that are alike in what `name` says.
  public init(_ name: String, _ members: [(key: SeriesKey, history: RegularSeries)]) {
    self.members = members.map(\.history)
    self.name = name
    var hash = StableHash()
    hash.combine(name)
    for (key, history) in members {
      hash.combine(key.encoded)
      hash.combine(history)
    }
    self.hash = hash.hexadecimal
  }
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

  /// What is known of the models of an input: those that are kept, of any series and time.
  func known(plan: String, options: ForecastOptions) async throws -> [KnownModel]

  /// Begins a work of many models that is seen and cancelled as one, by what it is: a query.
  func begin(_ text: String) -> any ModelRun
}

/// A work of many models. Its models are trained for it: they go when it is cancelled.
public protocol ModelRun: ModelSource {
  /// Notes how far it is.
  func report(done: Int, of count: Int)

  /// Ends it, with its trainings where it failed.
  func end(failed: Bool)
}

/// Where an evaluation writes series: stored forecasts.
public protocol SeriesSink: Sendable {
  /// Writes all samples; when it returns they are kept.
  func write(_ series: [LabelledSamples]) async throws
}

/// Where an evaluation computes: away from the threads that serve requests.
public protocol ComputePool: Sendable {
  /// How many bodies run at once, at least 1.
  var width: Int { get }

  /// Runs `body` and hands back what it returns or throws.
  func compute<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T
}

extension ComputePool {
  /// What `transform` makes of each element, in order, without those that it makes nothing of.
  ///
  /// - Parameter weight: about how much work there is, in samples: a little is done at once where
  ///   it is, much is split over the threads of the pool.
  public func map<T: Sendable, U: Sendable>(
    _ elements: [T], weight: Int, _ transform: @escaping @Sendable (T) throws -> U?
  ) async throws -> [U] {
    if weight <= Self.smallWeight { return try elements.compactMap(transform) }
    let size = max(1, (elements.count + width - 1) / width)
    return try await withThrowingTaskGroup(of: (Int, [U]).self) { group in
      for start in stride(from: 0, to: elements.count, by: size) {
        let part = elements[start..<min(start + size, elements.count)]
        group.addTask { (start, try await compute { try part.compactMap(transform) }) }
      }
      var parts: [Int: [U]] = [:]
      for try await (start, part) in group { parts[start] = part }
      return parts.sorted { $0.key < $1.key }.flatMap(\.value)
    }
  }

  /// Runs `body`: here where there is little to do, else on a thread of the pool.
  public func compute<T: Sendable>(
    weight: Int, _ body: @escaping @Sendable () throws -> T
  ) async throws -> T {
    if weight <= Self.smallWeight { return try body() }
    return try await compute(body)
  }

  /// Handing work to another thread costs about as much as this many samples.
  private static var smallWeight: Int { 4096 }
}
