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
  /// About how many bytes the values take.
  private(set) var bytes = 0
  /// Values that went for others.
  private(set) var evictions = 0

  /// Without values yet; 0 as `limit` keeps none.
  init(limit: Int) {
    self.limit = limit
  }

  /// How many values there are.
  var count: Int { entries.count }

  /// The value under `key`, without using it.
  func peek(_ key: Key) -> Value? { entries[key]?.value }

  /// Uses the value under `key` where there is one, and lets `change` change it.
  @discardableResult
  mutating func use(_ key: Key, _ change: (inout Value) -> Void = { _ in }) -> Value? {
    uses += 1
    guard let index = entries.index(forKey: key) else { return nil }
    entries.values[index].lastUse = uses
    change(&entries.values[index].value)
    return entries.values[index].value
  }

  /// Keeps `value` in place of what is under `key`; false, without a change, where it takes over a
  /// quarter of all that may be kept.
  @discardableResult
  mutating func put(_ value: Value, bytes: Int, under key: Key) -> Bool {
    guard bytes <= limit / 4 else { return false }
    remove(key)
    uses += 1
    entries[key] = Entry(value: value, bytes: bytes, lastUse: uses)
    self.bytes += bytes
    guard self.bytes > limit else { return true }
    // Some more than must go, so that not every value sorts all of them.
    for (key, _) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
      guard self.bytes > limit / 8 * 7 else { break }
      remove(key)
      evictions += 1
    }
    return true
  }

  /// Forgets the value under `key`.
  mutating func remove(_ key: Key) {
    bytes -= entries.removeValue(forKey: key)?.bytes ?? 0
  }
}
