internal import AlmanacCore
internal import Dispatch
public import Logging
internal import Synchronization

/// Series, samples and models in one directory.
///
/// A write is acknowledged when its journal record is synced to disk; its samples are then in the
/// head and readable. Sealing moves the head into chunks and drops the journal behind it.
/// docs/architecture.md tells the whole way of a point; docs/format has the bytes.
public final class Store: Sendable {
  /// How a store is opened.
  public struct Options: Sendable {
    /// Address space for the map, bytes: an upper limit of the file, not memory.
    public var mapSize = 1 << 40
    /// The head is sealed when it took this many samples.
    public var sealAfterSamples = 4_000_000
    /// Points that may wait for their commit before writes are refused as `busy`.
    public var maximumQueuedPoints = 8_000_000
    /// Whether nothing will be written; works beside a server that writes.
    public var isReadOnly = false

    /// The defaults.
    public init() {}
  }

  /// The tables, each with the code that knows its keys.
  struct Tables {
    let meta, series, journal, models: Environment.Table
    let labelIndex: LabelIndex
    let chunks: ChunkTable
  }

  let environment: Environment
  let tables: Tables
  let options: Options
  let logger: Logger
  let head: Mutex<Head>
  let queue: Mutex<WriteQueue>
  let committer: Committer
  /// Commits run here, one at a time, off the cooperative pool.
  let commits = DispatchQueue(label: "almanac.store.commit")
  /// Sealing runs here, so that commits go on meanwhile.
  let sealing = DispatchQueue(label: "almanac.store.seal")
  private let lock: DirectoryLock?

  /// Opens the store in `directory`, made where it is missing, and reads the journal back.
  public init(
    directory: String, options: Options = Options(), logger: Logger
  ) throws(StoreError) {
    if !options.isReadOnly { try DirectoryLock.makeDirectory(directory) }
    lock = options.isReadOnly ? nil : try DirectoryLock(directory: directory)
    let environment = try Environment(
      path: directory, tables: Keys.Table.allCases.map(\.rawValue), mapSize: options.mapSize,
      maximumReaders: 512, isReadOnly: options.isReadOnly)
    // The files just made must be found again after a power cut, not only their contents.
    if !options.isReadOnly { try DirectoryLock.sync(directory) }
    let table = { (name: Keys.Table) throws(StoreError) -> Environment.Table in
      guard let table = environment.tables[name.rawValue] else {
        throw StoreError(.damaged, "cannot open \(directory): its table \(name) is missing")
      }
      return table
    }
    let tables = Tables(
      meta: try table(.meta), series: try table(.series), journal: try table(.journal),
      models: try table(.models), labelIndex: LabelIndex(table: try table(.labels)),
      chunks: ChunkTable(table: try table(.chunks)))
    let recovered = try Recovery(environment: environment, tables: tables, directory: directory)
    self.environment = environment
    self.tables = tables
    self.options = options
    self.logger = logger
    head = Mutex(recovered.head)
    queue = Mutex(WriteQueue())
    committer = Committer(series: recovered.series, nextSequence: recovered.nextSequence)
    if recovered.replayedPoints > 0 {
      logger.info("read \(recovered.replayedPoints) points back from the journal")
    }
  }

  /// Runs `body` over one view in which every acknowledged write is present.
  ///
  /// Blocks while it reads from disk: call it from a thread that may.
  public func read<T>(
    _ body: (borrowing Snapshot) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    // Registered first: the head keeps what moves into chunks after the view was taken.
    let began = head.withLock { $0.beginRead() }
    defer { head.withLock { $0.endRead(began) } }
    return try environment.read { transaction throws(StoreError) in
      // The closure's transaction is a borrow; the snapshot has its own name for it.
      try body(Snapshot(store: self, transaction: transaction.alias()))
    }
  }

  /// Whether nothing can be written.
  public var isReadOnly: Bool { options.isReadOnly }

  func headSamples(of id: SeriesID) -> Samples {
    head.withLock { $0.samples(id) }
  }

  /// What the store holds, for people and for metrics.
  public struct Statistics: Sendable {
    /// Series ever written.
    public var series: Int
    /// Chunks on disk.
    public var chunks: Int
    /// Journal records not yet sealed.
    public var journalRecords: Int
    /// Samples in the head.
    public var headSamples: Int
    /// Bytes of the file that were ever used.
    public var usedBytes: Int
    /// Bytes that the map may grow to.
    public var mapBytes: Int
    /// Points waiting for their commit.
    public var queuedPoints: Int
  }

  /// Counts what the store holds now.
  public func statistics() throws(StoreError) -> Statistics {
    let (used, size) = environment.mapUse
    let headSamples = head.withLock { $0.recentCount }
    let queuedPoints = queue.withLock { $0.queuedPoints }
    return try environment.read { transaction throws(StoreError) in
      Statistics(
        series: try transaction.count(of: tables.series),
        chunks: try transaction.count(of: tables.chunks.table),
        journalRecords: try transaction.count(of: tables.journal), headSamples: headSamples,
        usedBytes: used, mapBytes: size, queuedPoints: queuedPoints)
    }
  }
}
