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
    var bytes: Int
    /// Samples that were read for it: they count for each query.
    var samples: Int
    /// When it was used last, in uses of the cache.
    var lastUse: UInt64 = 0
  }

  /// What the cache did and holds.
  public struct Statistics: Sendable, Equatable {
    /// Results found.
    public var hits = 0
    /// Results that were not there, or not any more valid.
    public var misses = 0
    /// Results thrown out for others.
    public var evictions = 0
    /// Results held.
    public var entries = 0
    /// About how many bytes they take.
    public var bytes = 0
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var uses: UInt64 = 0
    var statistics = Statistics()

    mutating func remove(_ key: Key) {
      guard let old = entries.removeValue(forKey: key) else { return }
      statistics.entries -= 1
      statistics.bytes -= old.bytes
    }
  }

  /// Bytes that it may hold.
  public let limit: Int
  private let changes: any DataChanges
  private let state = Mutex(State())

  /// An empty cache of at most `limit` bytes; 0 keeps nothing.
  public init(limit: Int = 64 << 20, changes: any DataChanges) {
    self.limit = limit
    self.changes = changes
  }

  /// What the cache did and holds now.
  public var statistics: Statistics { state.withLock { $0.statistics } }

  /// The data as of now: to be asked for before anything is read.
  var version: UInt64 { changes.version }

  /// The result under `key` where it is still valid.
  ///
  /// - Parameter isLook: whether this is only a look that does not count.
  func entry(_ key: Key, isLook: Bool = false) -> Entry? {
    let found = state.withLock { $0.entries[key] }
    let version = changes.version
    let isValid = found.map { entry in
      entry.version == version
        || (entry.range.map { changes.isUnchanged(since: entry.version, in: $0) } ?? true)
    }
    if isLook { return isValid == true ? found : nil }
    return state.withLock { state in
      guard let found, isValid == true else {
        state.statistics.misses += 1
        // Another query may have put a newer one there meanwhile.
        if let found, state.entries[key]?.version == found.version { state.remove(key) }
        return nil
      }
      state.statistics.hits += 1
      state.uses += 1
      state.entries[key]?.lastUse = state.uses
      // What was looked at before need not be looked at again.
      if state.entries[key]?.version == found.version { state.entries[key]?.version = version }
      return found
    }
  }

  /// Keeps a result, unless it is large against the cache.
  func keep(_ entry: Entry, under key: Key) {
    guard entry.bytes <= limit / 4 else { return }
    state.withLock { state in
      state.remove(key)
      var entry = entry
      state.uses += 1
      entry.lastUse = state.uses
      state.entries[key] = entry
      state.statistics.entries += 1
      state.statistics.bytes += entry.bytes
      guard state.statistics.bytes > limit else { return }
      // Some more than must go, so that not every result sorts all of them.
      for (key, _) in state.entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
        guard state.statistics.bytes > limit / 8 * 7 else { break }
        state.remove(key)
        state.statistics.evictions += 1
      }
    }
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
