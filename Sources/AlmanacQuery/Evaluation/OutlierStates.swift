internal import AlmanacCore
internal import Synchronization

/// Where states of outliers are kept beyond memory.
public protocol OutlierStateStore: Sendable {
  /// What was kept under `name`; nil where there is nothing, or nothing that can be read.
  func load(_ name: String) -> [UInt8]?

  /// Keeps all of `states`.
  func save(_ states: [(name: String, bytes: [UInt8])]) async throws
}

/// What is remembered of series whose outliers were asked for, so that the next question costs the new
/// samples only: in memory up to a limit, and as of their last refit in the store.
public final class OutlierStates: Sendable {
  /// What it did and holds.
  public struct Statistics: Sendable, Equatable {
    /// Series that were judged from a state and their new samples.
    public var polls = 0
    /// Series whose samples were read again and found to be as they were.
    public var checks = 0
    /// Series that were refitted as that was due.
    public var refits = 0
    /// Series that were judged anew: they had no state, or their past had changed.
    public var rebuilds = 0
    /// States that were read from the store.
    public var loads = 0
    /// What is in memory.
    public var cache = CacheStatistics()
  }

  /// What a state is kept under.
  struct Key: Hashable {
    /// What was asked.
    var question: String
    var series: SeriesKey
  }

  /// What one question found out about all of its series.
  struct Round {
    /// The data that it saw.
    var version: UInt64
    /// The end of the times that it saw.
    var until: Timestamp
    /// The longest step.
    var step: Interval
  }

  private struct State {
    var cache: BoundedCache<Key, OutlierState>
    var rounds: [String: Round] = [:]
    /// States to be saved.
    var unsaved: [Key: OutlierState] = [:]
    var isSaving = false
    var statistics = Statistics()
  }

  /// How much is saved at once.
  private static let batch = 200
  /// States that wait to be saved; more are made again when they are missed.
  private static let mostUnsaved = 20_000

  /// Bytes that it may hold in memory.
  public let limit: Int
  let changes: any DataChanges
  private let store: (any OutlierStateStore)?
  private let process = UInt64.random(in: .min ... .max)
  private let state: Mutex<State>

  /// Without states yet; 0 as `limit` keeps none.
  public init(
    limit: Int = 256 << 20, changes: any DataChanges, store: (any OutlierStateStore)? = nil
  ) {
    self.limit = limit
    self.changes = changes
    self.store = store
    state = Mutex(State(cache: BoundedCache(limit: limit)))
  }

  /// What it did and holds now.
  public var statistics: Statistics {
    state.withLock { state in
      var statistics = state.statistics
      statistics.cache = state.cache.statistics
      return statistics
    }
  }

  /// What the last round of a question found out.
  func round(_ text: String) -> Round? { state.withLock { $0.rounds[text] } }

  /// Notes that a round of a question has ended.
  func end(_ round: Round, of text: String) {
    state.withLock { state in
      if state.rounds.count > 10_000 { state.rounds.removeAll() }
      state.rounds[text] = round
    }
  }

  /// Adds to what is counted.
  func count(_ change: (inout Statistics) -> Void) { state.withLock { change(&$0.statistics) } }

  // MARK: - States

  /// The state under `key`: in memory, or as of the last refit in the store.
  func state(_ key: Key) -> OutlierState? {
    let known = state.withLock { $0.cache.use(key) ?? $0.unsaved[key] }
    if let known { return known }
    guard let bytes = store?.load(Self.name(of: key)),
      let found = OutlierState(encoded: bytes, process: process)
    else { return nil }
    count { $0.loads += 1 }
    return found
  }

  /// Keeps a state, unless a newer one is there.
  ///
  /// - Parameter isRefitted: whether the store is to have it too.
  func keep(_ new: OutlierState, under key: Key, isRefitted: Bool) {
    let bytes = new.byteCount
    let starts = state.withLock { state in
      if let old = state.cache.peek(key), old.until > new.until { return false }
      guard state.cache.put(new, bytes: bytes, under: key) else { return false }
      guard isRefitted, store != nil, state.unsaved.count < Self.mostUnsaved else { return false }
      state.unsaved[key] = new
      defer { state.isSaving = true }
      return !state.isSaving
    }
    guard starts else { return }
    // Others may come in a moment.
    Task.detached(priority: .background) { [weak self] in
      try? await Task.sleep(for: .seconds(2))
      await self?.flush()
    }
  }

  // MARK: - Saving

  /// Saves all states that wait for it. What cannot be saved is made again when it is missed.
  public func flush() async {
    while true {
      let part = state.withLock { state -> [(name: String, state: OutlierState)] in
        let keys = state.unsaved.keys.prefix(Self.batch)
        let part = keys.compactMap { key in
          state.unsaved[key].map { (Self.name(of: key), $0) }
        }
        for key in Array(keys) { state.unsaved[key] = nil }
        if part.isEmpty { state.isSaving = false }
        return part
      }
      guard !part.isEmpty, let store else { return }
      let encoded = part.map { ($0.name, $0.state.encoded(process: process)) }
      do {
        try await store.save(encoded)
      } catch {
        state.withLock { state in
          state.unsaved.removeAll()
          state.isSaving = false
        }
        return
      }
    }
  }

  private static func name(of key: Key) -> String {
    var hash = StableHash()
    hash.combine(key.question)
    hash.combine(key.series.encoded)
    return hash.hexadecimal
  }
}
