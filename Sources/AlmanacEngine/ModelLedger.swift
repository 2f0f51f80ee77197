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
    var kept: Timestamp
  }

  private var entries: [String: Entry] = [:]
  private var uses: [String: Timestamp] = [:]
  private var bytes = 0
  /// Whether the models that the store had before are in it.
  private(set) var isComplete = false

  /// When a model was of use to this process; nil where it was not.
  func lastUse(of id: String) -> Timestamp? { uses[id] }

  /// Notes a model of `bytes` that is kept since `time`.
  mutating func put(_ id: String, bytes: Int, at time: Timestamp) {
    self.bytes += bytes - (entries[id]?.bytes ?? 0)
    entries[id] = Entry(bytes: bytes, kept: time)
  }

  /// Notes the models that the store has, but for those that are noted already.
  mutating func complete(with models: [StoredModel]) {
    for model in models where entries[model.id] == nil {
      put(model.id, bytes: model.bytes, at: model.record.created)
    }
    isComplete = true
  }

  /// Notes that a model was of use at `time`.
  mutating func use(_ id: String, at time: Timestamp) {
    uses[id] = time
  }

  /// Forgets a model.
  mutating func remove(_ id: String) {
    bytes -= entries.removeValue(forKey: id)?.bytes ?? 0
    uses[id] = nil
  }

  /// The models that must go at `now`: those idle for too long, then the longest idle until the
  /// rest is small enough. They are forgotten here.
  mutating func evict(_ limits: Limits, now: Timestamp) -> [String] {
    let idle = entries.map { id, entry in (id: id, since: max(uses[id] ?? entry.kept, entry.kept)) }
    var victims: [String] = []
    for (id, since) in idle.sorted(by: { ($0.since, $0.id) < ($1.since, $1.id) })
    where since < now - limits.unusedFor || bytes > limits.bytes {
      victims.append(id)
      remove(id)
    }
    return victims
  }
}
