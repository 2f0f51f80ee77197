public import AlmanacCore
internal import AlmanacForecast
internal import Synchronization

/// When the samples of a store changed.
public protocol DataChanges: Sendable {
  /// A number that grows with every change, once readers see it.
  var version: UInt64 { get }

  /// Whether all samples inside `range` are as they were at `version`; false where that is not
  /// known any more.
  func isUnchanged(since version: UInt64, in range: TimeRange) -> Bool

  /// The times whose samples may have changed since `version`.
  func ranges(since version: UInt64) -> [TimeRange]
}

extension DataChanges {
  /// All times, unless nothing changed at all.
  public func ranges(since version: UInt64) -> [TimeRange] {
    self.version == version ? [] : [.all]
  }
}

/// Results of stages, shared by all queries: a query that differs from an earlier one in its last
/// stage only works out no more than that.
///
/// A result counts as long as no sample in the times that it was worked out from has changed; an
/// answer has the same bits with the cache and without. Results that a model took part in are not
/// kept here.
public final class StageCache: Sendable {
  /// What is kept under: text, times, and the form of the result.
  struct Key: Hashable {
    var text: String
    var context: Evaluator.Context
    /// Whether this is a grid after its stages.
    var isPrepared: Bool
  }

  /// A result with what it was worked out from.
  struct Entry: Sendable {
    var value: Value
    var texts: Warnings.Texts
    /// The times that were read; nil where nothing was.
    var range: TimeRange?
    /// The data that it is of.
    var version: UInt64
    /// Samples that were read for it: they count for each query.
    var samples: Int
  }

  /// Bytes that it may hold.
  public let limit: Int
  private let changes: any DataChanges
  private let cache: Mutex<BoundedCache<Key, Entry>>

  /// An empty cache of at most `limit` bytes; 0 keeps nothing.
  public init(limit: Int = 64 << 20, changes: any DataChanges) {
    self.limit = limit
    self.changes = changes
    cache = Mutex(BoundedCache(limit: limit))
  }

  /// What the cache did and holds now.
  public var statistics: CacheStatistics { cache.withLock { $0.statistics } }

  /// The data as of now: to be asked for before anything is read.
  var version: UInt64 { changes.version }

  /// The result under `key` where it is still valid.
  ///
  /// - Parameter isLook: whether this is only a look that does not count.
  func entry(_ key: Key, isLook: Bool = false) -> Entry? {
    let found = cache.withLock { $0.peek(key) }
    let version = changes.version
    let isValid = found.map { entry in
      entry.version == version
        || (entry.range.map { changes.isUnchanged(since: entry.version, in: $0) } ?? true)
    }
    if isLook { return isValid == true ? found : nil }
    return cache.withLock { cache in
      guard let found, isValid == true else {
        cache.miss()
        // Another query may have put a newer one there meanwhile.
        if let found, cache.peek(key)?.version == found.version { cache.remove(key) }
        return nil
      }
      // What was looked at before need not be looked at again.
      cache.use(key) { if $0.version == found.version { $0.version = version } }
      return found
    }
  }

  /// Keeps a result of so many bytes, unless it is large against the cache.
  func keep(_ entry: Entry, bytes: Int, under key: Key) {
    cache.withLock { _ = $0.put(entry, bytes: bytes, under: key) }
  }
}

extension Value {
  /// About how many bytes of memory it takes; nil for what is not kept.
  var keptBytes: Int? {
    let fixed = 512
    switch self {
    case .series(let all):
      return all.reduce(fixed) { $0 + Self.bytes($1.key) + 16 * $1.samples.count }
    case .grid(let all):
      return all.reduce(fixed) { $0 + Self.bytes($1.key) + 8 * $1.base.count }
    case .outliers(let all):
      return all.reduce(fixed) {
        $0 + Self.bytes($1.key) + 8 * $1.grid.count + 256 * $1.samples.count
      }
    case .number, .string, .forecast, .report: return nil
    }
  }

  private static func bytes(_ key: SeriesKey) -> Int {
    key.labels.all.reduce(128 + key.metric.utf8.count) {
      $0 + 64 + $1.name.utf8.count + $1.value.utf8.count
    }
  }
}
