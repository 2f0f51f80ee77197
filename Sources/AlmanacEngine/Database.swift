public import AlmanacCore
public import AlmanacIngest
internal import AlmanacNeural
public import AlmanacQuery
public import AlmanacStore
public import Logging
internal import Synchronization

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
    /// Bytes of results of stages that are kept for other queries; 0 keeps none.
    public var stageCacheBytes = 64 << 20
    /// Bytes of forecasts that are kept for other queries; 0 keeps none.
    public var forecastCacheBytes = 64 << 20
    /// Bytes of memory for states of outliers, which make a poll cost the new samples only; 0 keeps
    /// none.
    public var outlierStateBytes = 256 << 20
    /// Bytes that models may take in the store: the longest unused go first.
    public var modelBytes = 1 << 30
    /// How long a model may lie unused.
    public var modelsUnusedFor = Interval.days(30)
    /// Trainings at once; each uses two threads.
    public var trainings = 1
    /// What time it is.
    public var clock: @Sendable () -> Timestamp = { .now() }
    /// Whether nothing will be written; works beside a server that writes.
    public var isReadOnly: Bool {
      get { store.isReadOnly }
      set { store.isReadOnly = newValue }
    }

    /// The defaults.
    public init() {}
  }

  /// What the engine did since it started.
  public let metrics = EngineMetrics()
  /// What time it is.
  public let clock: @Sendable () -> Timestamp
  /// Where it lies.
  public let directory: String
  /// The numbers of series by the bytes of the lines that bring them.
  let series: SeriesCache
  let store: Store
  let logger: Logger
  let readers: ThreadPool
  let parsers: ThreadPool
  let models: ModelCache
  /// Limits of each query.
  public let limits: Query.Limits
  let lets: LetStore
  let refreshes: RefreshSchedule
  let feedback: FeedbackStore
  /// Results of stages that queries share.
  let stages: StageCache
  /// Forecasts that queries share.
  let curves: CurveCache
  /// What is remembered of series whose outliers were asked for.
  let outliers: OutlierStates
  /// Trainings that `train` began and that run.
  let runs = Mutex<[ObjectIdentifier: Task<Void, Never>]>([:])

  /// Opens the database in `directory`, made where it is missing.
  ///
  /// Chooses the BLAS kernel, so call it before other threads compute.
  public init(directory: String, options: Options, logger: Logger) throws {
    logger.info("BLAS kernel \(BLASKernel.select())")
    let series = SeriesCache()
    self.series = series
    var storeOptions = options.store
    storeOptions.seriesRemoved = {
      series.invalidate()
      return series.generation
    }
    store = try Store(directory: directory, options: storeOptions, logger: logger)
    self.directory = directory
    self.logger = logger
    clock = options.clock
    limits = options.limits
    readers = ThreadPool(label: "almanac.readers", width: options.readers)
    parsers = ThreadPool(label: "almanac.parsers", width: options.parsers)
    models = ModelCache(
      store: store, readers: readers,
      trainers: ThreadPool(
        label: "almanac.trainers", width: options.trainings, isBackground: true),
      limits: ModelLedger.Limits(
        bytes: options.modelBytes, unusedFor: options.modelsUnusedFor),
      metrics: metrics, logger: logger, clock: options.clock)
    lets = try LetStore(store: store, logger: logger)
    refreshes = try RefreshSchedule(store: store, logger: logger)
    feedback = try FeedbackStore(store: store, logger: logger, clock: options.clock)
    stages = StageCache(limit: options.stageCacheBytes, changes: StoreChanges(store: store))
    curves = CurveCache(limit: options.forecastCacheBytes)
    outliers = OutlierStates(
      limit: options.outlierStateBytes, changes: StoreChanges(store: store),
      store: store.isReadOnly
        ? nil : StoredOutlierStates(store: store, clock: options.clock, logger: logger))
    models.reserveJobs(upTo: refreshes.all.last?.job ?? 0)
  }

  /// Stops trainings, finishes writes under way, refuses new ones. Call it before the process ends.
  public func close() async {
    await models.close()
    await finishRuns()
    await outliers.flush()
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
    let now = clock()
    let lines = LineProtocol(precision: precision, now: now, database: database, cache: series)
    var (batch, outcome) = try await write(body, lines)
    if outcome == nil {
      // Series were forgotten since the body was read: by their keys all is found or made anew.
      let lines = LineProtocol(precision: precision, now: now, database: database)
      (batch, outcome) = try await write(body, lines)
    }
    metrics.add(.linesRejected, Double(batch.rejectedLines))
    metrics.add(.stringsSkipped, Double(batch.skippedStrings))
    metrics.add(.integersRounded, Double(batch.roundedIntegers))
    let refused = outcome?.refusedPoints ?? 0
    metrics.addWrite(of: batch.values.count, refused: refused)
    return WriteReport(
      errors: batch.errors, acceptedLines: batch.acceptedLines,
      rejectedLines: batch.rejectedLines, refusedPoints: refused)
  }

  /// Parses and stores a body; no outcome where the numbers of series that the parser knew are not
  /// valid any more, and nothing was stored.
  private func write(
    _ body: [UInt8], _ lines: LineProtocol
  ) async throws -> (Batch, Store.WriteOutcome?) {
    let batch = try await parsers.run { lines.parse(body) }
    let points = Points(
      keyBytes: batch.keyBytes, keyEnds: batch.keyEnds, ids: batch.ids,
      cacheGeneration: batch.cacheGeneration, series: batch.series,
      timestamps: batch.timestamps, values: batch.values)
    do {
      let outcome = try await store.write(points)
      if !batch.lessons.isEmpty {
        try await parsers.run { [series] in series.learn(batch.lessons, ids: outcome.ids) }
      }
      return (batch, outcome)
    } catch let error as StoreError where error.code == .seriesForgotten {
      return (batch, nil)
    } catch {
      metrics.add(.writesFailed)
      throw error
    }
  }

  // MARK: - Asking

  /// The result of the query `text` as rows.
  ///
  /// - Parameter timeout: how long it may take, up to the limit of all queries; nil for that.
  public func query(
    _ text: String, at time: QueryTime, timeout: Duration? = nil
  ) async throws -> Table {
    let query = try read(text)
    return try await measured(timeout) { budget in
      let result = try await evaluate(query, at: time, budget)
      try budget.hold(result.tableByteCount)
      return try await readers.run { try result.table() }
    }
  }

  /// The query `text`, read and checked.
  public func read(_ text: String) throws(QueryError) -> Query {
    do throws(QueryError) {
      return try Query(text, lets: lets.all)
    } catch {
      metrics.add(.queries)
      metrics.add(.queriesFailed)
      throw error
    }
  }

  /// The result of `query`.
  ///
  /// - Parameter timeout: how long it may take, up to the limit of all queries; nil for that.
  public func evaluate(
    _ query: Query, at time: QueryTime, timeout: Duration? = nil
  ) async throws -> QueryResult {
    try await measured(timeout) { try await evaluate(query, at: time, $0) }
  }

  private func evaluate(
    _ query: Query, at time: QueryTime, _ budget: QueryBudget
  ) async throws -> QueryResult {
    try await perform(query, at: time, budget)
  }

  /// Runs one query within its budget and counts it.
  private func measured<T>(
    _ timeout: Duration?, _ body: (QueryBudget) async throws -> T
  ) async throws -> T {
    var limits = limits
    if let timeout { limits.timeout = min(timeout, limits.timeout ?? timeout) }
    let budget = QueryBudget(limits)
    metrics.queryBegan()
    defer { metrics.queryEnded(after: budget.cost.duration) }
    do {
      return try await body(budget)
    } catch {
      metrics.queryFailed(error)
      throw error
    }
  }

  /// Where work on results is done that takes long.
  public var computePool: any ComputePool { readers }

  /// What the cache of stages did and holds.
  public var stageStatistics: CacheStatistics { stages.statistics }

  /// What the cache of forecasts did and holds.
  public var forecastStatistics: CacheStatistics { curves.statistics }

  /// What is remembered of series whose outliers were asked for.
  public var outlierStatistics: OutlierStates.Statistics { outliers.statistics }

  /// What the store holds.
  public func statistics() -> Store.Statistics { store.statistics() }

  /// Why writes fail at the moment; nil while they do not.
  public var writeTrouble: StoreError? { store.trouble }

  // MARK: - Models

  /// The models that are kept.
  public func models() async throws -> [StoredModel] {
    try await models.list()
  }

  /// One of them; nil where there is none.
  public func model(_ id: String) async throws -> StoredModel? {
    try await models.kept(id)
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
  /// Points of accepted lines that were left out, as there are too many series.
  public let refusedPoints: Int
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
