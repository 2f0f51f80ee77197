import AlmanacCore
import AlmanacPattern
import AlmanacTesting
import Logging
import Testing

@testable import AlmanacStore

@Suite("the log of changes") struct ChangeLogTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  func open() throws -> Store {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try Store(directory: directory.path, logger: logger)
  }

  static func range(_ from: Int64, _ to: Int64) -> TimeRange {
    TimeRange(start: Timestamp(nanoseconds: from), end: Timestamp(nanoseconds: to))
  }

  func write(_ times: [Int64], to store: Store) async throws {
    let key = SeriesKey(metric: "m", labels: .none)
    try await store.write(
      Points(
        key: key,
        samples: Samples(timestamps: times, values: [Double](repeating: 1, count: times.count))))
  }

  @Test("a write changes the times of its points and no others")
  func writes() async throws {
    let store = try open()
    let before = store.dataVersion
    try await write([100, 300], to: store)
    #expect(store.dataVersion > before)
    #expect(!store.isUnchanged(since: before, in: Self.range(100, 100)))
    #expect(!store.isUnchanged(since: before, in: Self.range(200, 200)))
    #expect(store.isUnchanged(since: before, in: Self.range(0, 99)))
    #expect(store.isUnchanged(since: before, in: Self.range(301, 999)))
    #expect(store.isUnchanged(since: store.dataVersion, in: .all))
  }

  @Test("a deletion changes its times")
  func deletions() async throws {
    let store = try open()
    try await write([100, 300], to: store)
    let before = store.dataVersion
    try await store.delete([], in: Self.range(250, 350))
    #expect(!store.isUnchanged(since: before, in: Self.range(300, 300)))
    #expect(store.isUnchanged(since: before, in: Self.range(0, 200)))
  }

  @Test("of many changes none is forgotten, and new ones leave old times alone")
  func many() {
    var log = ChangeLog()
    log.note(Self.range(1000, 1000))
    let before = log.version
    for time in 1000..<4000 as Range<Int64> { log.note(Self.range(time, time)) }
    #expect(log.isUnchanged(since: before, in: Self.range(0, 999)))
    for time in [1000, 1001, 2000, 3998, 3999] as [Int64] {
      #expect(!log.isUnchanged(since: before, in: Self.range(time, time)))
    }
    let late = log.version
    log.note(Self.range(1, 1))
    #expect(!log.isUnchanged(since: late, in: Self.range(1, 1)))
    #expect(log.isUnchanged(since: late, in: Self.range(2, 999)))
    #expect(log.isUnchanged(since: log.version, in: .all))
  }
}
