internal import AlmanacCore
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// A training that comes again.
struct Refresh: Sendable, Equatable {
  /// The number of its job, in every process.
  let job: Int
  /// The query whose models are trained, in canonical form.
  let text: String
  /// From one training to the next.
  var interval: Interval
  /// When it is trained next.
  var next: Timestamp
}

/// The trainings that come again: all of them in memory, each as a record in the store.
final class RefreshSchedule: Sendable {
  private let store: Store
  private let refreshes: Mutex<[Refresh]>

  /// Reads what is stored; what cannot be read is left out with a warning.
  init(store: Store, logger: Logger) throws {
    self.store = store
    refreshes = Mutex(
      try store.readRecords(
        .refreshes, "refresh of job", logger: logger, Refresh.init(name:record:)))
  }

  /// All of them, in order of job.
  var all: [Refresh] { refreshes.withLock { $0 }.sorted { $0.job < $1.job } }

  /// Keeps a refresh in place of the one with its job.
  func put(_ refresh: Refresh) async throws {
    try await store.putRecord(.refreshes, String(refresh.job), refresh.record)
    refreshes.withLock { refreshes in
      refreshes.removeAll { $0.job == refresh.job }
      refreshes.append(refresh)
    }
  }

  /// Ends the refresh of a job; false where there is none.
  func remove(job: Int) async throws -> Bool {
    guard refreshes.withLock({ $0.contains { $0.job == job } }) else { return false }
    try await store.removeRecords(.refreshes, [String(job)])
    refreshes.withLock { $0.removeAll { $0.job == job } }
    return true
  }
}

extension Refresh {
  /// Interval and next time in ns, then the query.
  fileprivate var record: String { "\(interval.nanoseconds)\n\(next.nanoseconds)\n\(text)" }

  /// Reads a record that is kept under the number of its job.
  fileprivate init?(name: String, record: String) {
    let lines = record.split(separator: "\n", maxSplits: 2)
    guard let job = Int(name), lines.count == 3, let interval = Int64(lines[0]), interval > 0,
      let next = Int64(lines[1])
    else { return nil }
    self.init(
      job: job, text: String(lines[2]), interval: Interval(nanoseconds: interval),
      next: Timestamp(nanoseconds: next))
  }
}
