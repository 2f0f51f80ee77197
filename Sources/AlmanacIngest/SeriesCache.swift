internal import Synchronization

/// The numbers of series by what lines say: measurement and tags as sent, the database and the
/// raw name of a field. All bodies share one, so that a known series costs a parser no key and the
/// store no look-up.
///
/// Parsers read without a lock while one thread at a time learns. Memory is bounded by two halves:
/// when the current one is full it becomes the old one, the old one is forgotten, and what is still
/// found in the old one is learned again.
public final class SeriesCache: Sendable {
  /// Secret, so that nobody can choose prefixes that collide.
  private let seed = UInt64.random(in: .min ... .max)
  private let learner: Mutex<CacheLearner>
  /// What new parsers see; locked only to copy it.
  private let published: Mutex<CacheView>

  /// An empty cache of at most `limit` bytes.
  public convenience init(limit: Int = 256 << 20) {
    self.init(limit: limit, tagMask: .max)
  }

  /// `tagMask` weakens the hash, for tests.
  init(limit: Int, tagMask: UInt32) {
    precondition(limit >= 0 && limit / 2 < 32 << 30, "BUG: a cache of \(limit) bytes")
    let learner = CacheLearner(limit: limit / 2, tagMask: tagMask, seed: seed)
    published = Mutex(learner.view)
    self.learner = Mutex(learner)
  }

  /// Knows nothing and is taught nothing.
  static let none = SeriesCache(limit: 0)

  /// Counts from 1; rises by one with each `invalidate`.
  public var generation: UInt64 { published.withLock { $0.generation } }

  /// Bytes in use.
  public var bytes: Int { learner.withLock { $0.bytes } }

  /// Forgets everything: numbers given so far may be wrong. Call it when the store removes series.
  public func invalidate() {
    learner.withLock { learner in
      learner.invalidate()
      let view = learner.view
      published.withLock { $0 = view }
    }
  }

  /// Learns from a body whose points are stored; nothing if the cache was invalidated since the
  /// body was parsed.
  ///
  /// - Parameter ids: The number in the store of each series of the batch, in order; 0 where
  ///   unknown.
  public func learn(_ lessons: Lessons, ids: [UInt32]) {
    if lessons.isEmpty { return }
    learner.withLock { learner in
      learner.learn(lessons, ids: ids)
      let view = learner.view
      published.withLock { $0 = view }
    }
  }

  /// What the cache knows now.
  var view: CacheView { published.withLock { $0 } }
}
