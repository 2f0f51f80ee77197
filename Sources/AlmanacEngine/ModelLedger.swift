internal import AlmanacCore

/// Which models are kept, how large they are and when they were last of use.
struct ModelLedger: Sendable {
  /// What the models may take and how long they may lie idle.
  struct Limits: Sendable {
    var bytes: Int
    var unusedFor: Interval
  }

  private struct Entry {
    var bytes: Int
    var used: Timestamp
  }

  private var entries: [String: Entry] = [:]
  private(set) var bytes = 0

  /// Notes a model of `bytes` that was of use at `time`.
  mutating func put(_ id: String, bytes: Int, at time: Timestamp) {
    remove(id)
    entries[id] = Entry(bytes: bytes, used: time)
    self.bytes += bytes
  }

  /// Notes that a model was of use at `time`.
  mutating func use(_ id: String, at time: Timestamp) {
    entries[id]?.used = time
  }

  /// Forgets a model.
  mutating func remove(_ id: String) {
    bytes -= entries.removeValue(forKey: id)?.bytes ?? 0
  }

  /// The models that must go at `now`: those idle for too long, then the longest idle until the
  /// rest is small enough. They are forgotten here.
  mutating func evict(_ limits: Limits, now: Timestamp) -> [String] {
    var victims: [String] = []
    let byUse = entries.sorted { ($0.value.used, $0.key) < ($1.value.used, $1.key) }
    for (id, entry) in byUse where entry.used < now - limits.unusedFor || bytes > limits.bytes {
      victims.append(id)
      remove(id)
    }
    return victims
  }
}
