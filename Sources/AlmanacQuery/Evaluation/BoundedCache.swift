/// Values by key that take so many bytes together at most: the longest unused go for others.
struct BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct Entry {
    var value: Value
    var bytes: Int
    /// When it was used last, in uses of the cache.
    var lastUse: UInt64
  }

  private var entries: [Key: Entry] = [:]
  private var uses: UInt64 = 0
  private let limit: Int
  /// What it did and holds.
  private(set) var statistics = CacheStatistics()

  /// Without values yet; 0 as `limit` keeps none.
  init(limit: Int) {
    self.limit = limit
  }

  /// The value under `key`, without using it.
  func peek(_ key: Key) -> Value? { entries[key]?.value }

  /// Uses the value under `key` where there is one, and lets `change` change it.
  @discardableResult
  mutating func use(_ key: Key, _ change: (inout Value) -> Void = { _ in }) -> Value? {
    uses += 1
    guard let index = entries.index(forKey: key) else {
      statistics.misses += 1
      return nil
    }
    statistics.hits += 1
    entries.values[index].lastUse = uses
    change(&entries.values[index].value)
    return entries.values[index].value
  }

  /// Counts a value that was there and is not valid any more.
  mutating func miss() { statistics.misses += 1 }

  /// Keeps `value` in place of what is under `key`; false, without a change, where it takes over a
  /// quarter of all that may be kept.
  @discardableResult
  mutating func put(_ value: Value, bytes: Int, under key: Key) -> Bool {
    guard bytes <= limit / 4 else { return false }
    remove(key)
    uses += 1
    entries[key] = Entry(value: value, bytes: bytes, lastUse: uses)
    statistics.entries = entries.count
    statistics.bytes += bytes
    guard statistics.bytes > limit else { return true }
    // Some more than must go, so that not every value sorts all of them.
    for (key, _) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
      guard statistics.bytes > limit / 8 * 7 else { break }
      remove(key)
      statistics.evictions += 1
    }
    return true
  }

  /// Forgets the value under `key`.
  mutating func remove(_ key: Key) {
    statistics.bytes -= entries.removeValue(forKey: key)?.bytes ?? 0
    statistics.entries = entries.count
  }
}
