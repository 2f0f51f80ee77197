public import AlmanacCore
public import AlmanacIngest
internal import AlmanacNeural
public import AlmanacQuery
public import AlmanacStore
public import Logging

/// A database: the one place where store, query language and forecasting meet.
public final class Database: Sendable {
  /// How a database is opened.
  public struct Options: Sendable {
    /// Options of the store.
    public var store = Store.Options()
    /// Limits of each query.
    public var limits = Query.Limits()
    /// Queries that read and compute at once.
    public var readers = 2
    /// Bodies of line protocol parsed at once.
    public var parsers = 2
    /// Trainings at once; each uses two threads.
    public var trainings = 1
    /// What time it is.
    public var clock: @Sendable () -> Timestamp = { .now() }
    /// Whether nothing will be written; works beside a server that writes.
    public var isReadOnly: Bool {
      get { store.isReadOnly }
      set { store.isReadOnly = newValue }
    }

    /// Samples in memory before they are sealed into chunks.
    public var sealAfterSamples: Int {
      get { store.sealAfterSamples }
      set { store.sealAfterSamples = newValue }
    }

    /// The defaults.
    public init() {}
  }

  /// What the engine did since it started.
  public let metrics = EngineMetrics()
  /// What time it is.
  public let clock: @Sendable () -> Timestamp
  let store: Store
  let readers: ThreadPool
  let parsers: ThreadPool
  let models: ModelCache
  let limits: Query.Limits

  /// Opens the database in `directory`, made where it is missing.
  ///
  /// Chooses the BLAS kernel, so call it before other threads compute.
  public init(directory: String, options: Options, logger: Logger) throws {
    logger.info("BLAS kernel \(BLASKernel.select())")
    store = try Store(directory: directory, options: options.store, logger: logger)
    clock = options.clock
    limits = options.limits
    readers = ThreadPool(label: "almanac.readers", width: options.readers)
    parsers = ThreadPool(label: "almanac.parsers", width: options.parsers)
    models = ModelCache(
      store: store, readers: readers,
      trainers: ThreadPool(
        label: "almanac.trainers", width: options.trainings, isBackground: true),
      metrics: metrics, logger: logger, clock: options.clock)
  }

  /// Stops trainings, finishes writes under way, refuses new ones. Call it before the process ends.
  public func close() async {
    await models.close()
    await store.close()
  }

  /// Stops every training, so that queries that wait for one end.
  public func cancelTrainings() {
    models.cancelAll()
  }

  // MARK: - Writing

  /// Writes line protocol. When this returns, what the report calls accepted is on disk.
  public func write(
    _ body: [UInt8], precision: Precision, database: String?
  ) async throws -> WriteReport {
    let lines = LineProtocol(precision: precision, now: clock(), database: database)
    let batch = try await parsers.run { lines.parse(body) }
    metrics.add(.linesRejected, Double(batch.rejectedLines))
    metrics.add(.stringsSkipped, Double(batch.skippedStrings))
    metrics.add(.integersRounded, Double(batch.roundedIntegers))
    do {
      try await store.write(
        Points(
          keyBytes: batch.keyBytes, keyEnds: batch.keyEnds, series: batch.series,
          timestamps: batch.timestamps, values: batch.values))
    } catch {
      metrics.add(.writesFailed)
      throw error
    }
    metrics.add(.samplesWritten, Double(batch.values.count))
    return WriteReport(
      errors: batch.errors, acceptedLines: batch.acceptedLines,
      rejectedLines: batch.rejectedLines)
  }

  /// Seals everything written so far into chunks.
  public func compact() async throws {
    try await store.compact()
  }

  // MARK: - Asking

  /// The result of the query `text` as rows.
  public func query(_ text: String, at time: QueryTime) async throws -> Table {
    metrics.add(.queries)
    let began = ContinuousClock.now
    defer { metrics.add(.querySeconds, (ContinuousClock.now - began) / .seconds(1)) }
    do {
      return try await Query(text).evaluate(
        at: time, series: StoreSeriesSource(store: store, pool: readers), models: models,
        pool: readers, limits: limits)
    } catch {
      metrics.add(.queriesFailed)
      throw error
    }
  }

  /// The distinct values of a label.
  public func labelValues(_ name: String) async throws -> [String] {
    try await readers.run { [store] in
      try store.read { snapshot throws(StoreError) in try snapshot.values(ofLabel: name) }
    }
  }

  /// What the store holds.
  public func statistics() async throws -> Store.Statistics {
    try await readers.run { [store] in try store.statistics() }
  }

  // MARK: - Models

  /// The models that are kept.
  public func models() async throws -> [StoredModel] {
    try await models.list()
  }

  /// Forgets a model; false where there is none.
  public func removeModel(_ id: String) async throws -> Bool {
    try await models.remove(id)
  }

  /// Trainings under way and those that ended lately, the newest first.
  public func jobs() -> [Job] {
    models.jobs()
  }
}

/// What became of the lines of one write.
public struct WriteReport: Sendable {
  /// Why lines were refused, at most 100 of them.
  public let errors: [LineError]
  /// Lines whose points are stored.
  public let acceptedLines: Int
  /// Lines that were refused.
  public let rejectedLines: Int
}

/// A model with what the cache knows about it.
public struct StoredModel: Sendable {
  /// Its key in the cache.
  public let id: String
  /// The model and how it came about.
  public let record: ModelRecord
  /// Bytes in the store.
  public let bytes: Int
  /// When a query last used it, since the start of this process.
  public let lastUsed: Timestamp?
}
