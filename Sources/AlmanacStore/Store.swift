public import AlmanacCore
internal import Dispatch
public import Logging
internal import Synchronization

/// Series, samples and models in one directory.
///
/// A write is acknowledged when its journal record is synced to disk; its samples are then in the
/// head and readable. Sealing moves a full head segment into a part, merging makes few large parts
/// of many small ones. docs/architecture.md tells the whole way of a point; docs/format has the
/// bytes.
public final class Store: Sendable {
  /// How a store is opened.
  public struct Options: Sendable {
    /// Samples of a head segment: when it is full it is sealed.
    public var sealAfterSamples = 1 << 20
    /// Points that may wait for their commit before writes are refused as `busy`.
    public var maximumQueuedPoints = 8_000_000
    /// Series that there may be; points of further ones are refused.
    public var maximumSeries = 10_000_000
    /// How long samples are kept.
    public var retention = Retention()
    /// The resolutions that samples are summed up by when parts are merged for good.
    public var rollups: Set<Resolution> = []
    /// Called when series are forgotten, so that nobody uses their numbers again. Returns the
    /// generation that numbers in writes must be of from now on (`Points.cacheGeneration`).
    public var seriesRemoved: @Sendable () -> UInt64 = { 0 }
    /// Whether nothing will be written; works beside a server that writes.
    public var isReadOnly = false

    /// The defaults.
    public init() {}
  }

  /// What is readable, as one.
  struct State {
    var head: Head
    /// The parts of each window in order of generation.
    var parts: [Window: [Part]] = [:]
    /// In order of generation.
    var deletions: [Deletion] = []
    /// What retention leaves.
    var horizon = Horizon()
    /// What retention had left when a part was written, by the part's number.
    var trimmed: [UInt64: Horizon] = [:]
    /// Numbers of series in writes must be of this generation; 0 while none was forgotten.
    var cacheGeneration: UInt64 = 0
    /// The number that was given last to a head segment or a deletion.
    var lastGeneration: UInt64
    /// Why the oldest full segment could not be sealed, until it can.
    var sealError: StoreError?
    /// Why the last commit failed; nil where it did not.
    var writeError: StoreError?

    mutating func nextGeneration() -> UInt64 {
      lastGeneration += 1
      return lastGeneration
    }
  }

  let keyValues: any KeyValueStore
  let catalog: Catalog
  let options: Options
  let logger: Logger
  let index: SeriesIndex
  let state: Mutex<State>
  let queue: Mutex<WriteQueue>
  let drops = Mutex(Drops())
  let changes = Mutex(ChangeLog())
  /// Parts that a change of the catalog which failed would have made known.
  let abandoned = Mutex<[PartInfo]>([])
  /// Parts that cannot be merged, as they are damaged.
  let unmergeable = Mutex<Set<UInt64>>([])
  let isRetrying = Atomic<Bool>(false)
  let journal: Journal
  /// Numbers of parts to be made.
  let nextPart: Atomic<UInt64>
  let isClosing = Atomic<Bool>(false)
  /// Commits run here, one at a time, off the cooperative pool.
  let commits = DispatchQueue(label: "almanac.store.commit")
  /// Head segments are sealed here, oldest first, so that commits go on meanwhile.
  let sealing = DispatchQueue(label: "almanac.store.seal")
  /// Parts are merged here, so that neither commits nor seals wait for it.
  let merging = DispatchQueue(label: "almanac.store.merge", qos: .utility)
  /// Models are written here, so that commits do not wait for them.
  let cataloguing = DispatchQueue(label: "almanac.store.catalog")
  private let lock: DirectoryLock?

  /// Opens the store in `directory`, made where it is missing, and reads the journal back.
  public init(
    directory: String, options: Options = Options(), logger: Logger
  ) throws(StoreError) {
    if !options.isReadOnly { try Directory.make(directory) }
    lock = options.isReadOnly ? nil : try DirectoryLock(directory: directory)
    try Self.refuseFirstFormat(directory)
    let keyValues = try LMDBStore(directory: directory, isReadOnly: options.isReadOnly)
    catalog = try Catalog(keyValues, directory: directory)
    let recovered = try Self.recover(keyValues, catalog, options)
    self.keyValues = keyValues
    self.options = options
    self.logger = logger
    index = recovered.index
    state = Mutex(recovered.state)
    queue = Mutex(WriteQueue())
    journal = Journal(keyValues)
    nextPart = Atomic(recovered.nextPart)
    if recovered.replayedPoints > 0 {
      logger.info("read \(recovered.replayedPoints) points back from the journal")
    }
    if !options.isReadOnly { sealFull() }
  }

  /// How often a reader beside a server looks again after a file went away under it: what it held
  /// is in another one then.
  static let attempts = 10

  private static func recover(
    _ keyValues: any KeyValueStore, _ catalog: Catalog, _ options: Options
  ) throws(StoreError) -> Recovery {
    for attempt in 1... {
      do throws(StoreError) {
        return try Recovery(keyValues, catalog, capacity: options.sealAfterSamples)
      } catch {
        guard options.isReadOnly, error.code == .cannotOpen, attempt < attempts else { throw error }
      }
    }
    preconditionFailure("BUG: the loop above returns or throws")
  }

  /// The first format kept everything in one file of this name.
  private static func refuseFirstFormat(_ directory: String) throws(StoreError) {
    guard try Directory.files(in: directory).contains("data.mdb") else { return }
    throw StoreError(
      .unknownFormat,
      "cannot open \(directory): its format is 1 (data.mdb), this program knows "
        + "\(Catalog.formatVersion); use the version of Almanac that wrote it, or another "
        + "directory")
  }

  /// One view in which every acknowledged write is present, and which does not change.
  public func snapshot() -> Snapshot {
    let state = state.withLock { $0 }
    return Snapshot(
      index: index,
      segments: state.head.segments.map { Snapshot.Segment(segment: $0, limit: $0.published) },
      parts: state.parts.sorted { $0.key < $1.key }.map(\.value), deletions: state.deletions,
      horizon: state.horizon)
  }

  /// Whether nothing can be written.
  public var isReadOnly: Bool { options.isReadOnly }

  /// Refuses what would change a store that is open for reading only.
  func requireWritable() throws(StoreError) {
    if isReadOnly { throw StoreError(.readOnly, "the store is open for reading only") }
  }

  /// Why writes fail at the moment, or would soon; nil while all is well.
  public var trouble: StoreError? { state.withLock { $0.writeError ?? $0.sealError } }

  // MARK: - Statistics

  /// Which metrics, labels and values make how many series, `limit` of each kind at most.
  public func cardinality(top limit: Int) -> Cardinality { index.cardinality(top: limit) }

  /// What the store holds, for people and for metrics.
  public struct Statistics: Sendable {
    /// Series that have samples.
    public var series = 0
    /// Parts on disk, rollups included.
    public var parts = 0
    /// Samples in parts; those written twice count twice until parts are merged.
    public var sealedSamples = 0
    /// Samples in the head.
    public var headSamples = 0
    /// Bytes of all parts.
    public var partBytes = 0
    /// Bytes of memory for the series' keys and labels.
    public var indexBytes = 0
    /// Points waiting for their commit.
    public var queuedPoints = 0
  }

  /// Counts what the store holds now.
  public func statistics() -> Statistics {
    let state = state.withLock { $0 }
    var statistics = Statistics()
    statistics.series = index.count
    for part in state.parts.values.joined() {
      statistics.parts += part.infos.count
      statistics.sealedSamples += part.info.sampleCount
      statistics.partBytes += part.byteCount
    }
    statistics.headSamples = state.head.segments.reduce(0) { $0 + $1.published }
    statistics.indexBytes = index.memoryBytes
    statistics.queuedPoints = queue.withLock { $0.queuedPoints }
    return statistics
  }
}
