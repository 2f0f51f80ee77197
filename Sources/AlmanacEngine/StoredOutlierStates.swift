internal import AlmanacCore
internal import AlmanacQuery
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// States of outliers in the store. One that nobody went on from for a while is forgotten.
final class StoredOutlierStates: OutlierStateStore {
  /// States are put at each refit, four times a day.
  private static let unused = Interval.days(3)
  private static let betweenCleanings = Interval.hours(6)

  private let store: Store
  private let clock: @Sendable () -> Timestamp
  private let logger: Logger
  private let cleaned = Mutex<Timestamp?>(nil)

  init(store: Store, clock: @escaping @Sendable () -> Timestamp, logger: Logger) {
    self.store = store
    self.clock = clock
    self.logger = logger
  }

  func load(_ name: String) -> [UInt8]? { try? store.outlierState(name) }

  func save(_ states: [(name: String, bytes: [UInt8])]) async throws {
    let now = clock()
    do {
      try await store.putOutlierStates(states, at: now)
      let isDue = cleaned.withLock { last in
        if let last, now < last + Self.betweenCleanings { return false }
        last = now
        return true
      }
      if isDue { _ = try await store.removeOutlierStates(putBefore: now - Self.unused) }
    } catch {
      logger.warning("cannot keep states of outliers: \(error)")
      throw error
    }
  }
}
