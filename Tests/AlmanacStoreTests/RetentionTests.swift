import AlmanacCore
import AlmanacPattern
import AlmanacStore
import AlmanacTesting
import Foundation
import Logging
import Synchronization
import Testing

@Suite struct RetentionTests {
  static let day: Int64 = 86_400_000_000_000
  /// 2026-06-15T00:00:00Z, the middle of a month.
  static let now = Timestamp(nanoseconds: 1_781_481_600_000_000_000)

  let directory: TemporaryDirectory
  let generation = Generation()

  /// Counts as the cache of the line protocol does.
  final class Generation: Sendable {
    let value = Mutex<UInt64>(1)
    func next() -> UInt64 {
      value.withLock {
        $0 += 1
        return $0
      }
    }
  }

  init() throws {
    directory = try TemporaryDirectory()
  }

  func open(_ configure: (inout Store.Options) -> Void) throws -> Store {
    var options = Store.Options()
    options.seriesRemoved = { [generation] in generation.next() }
    configure(&options)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try Store(directory: directory.path, options: options, logger: logger)
  }

  static func key(_ host: String) -> SeriesKey {
    SeriesKey(metric: "memory", labels: Labels([("host", host)]))
  }

  /// One sample an hour for `days` days up to now.
  static func write(_ host: String, days: Int64, to store: Store) async throws {
    let times = (0..<days * 24).map { now.nanoseconds - $0 * day / 24 }.reversed()
    var random = SeededGenerator(seed: 1)
    try await store.write(
      Points(
        key: key(host),
        samples: Samples(
          timestamps: Array(times), values: times.map { _ in random.normal() })))
  }

  static func times(_ host: String, in store: Store) throws -> [Int64] {
    let snapshot = store.snapshot()
    let matcher = LabelMatcher(name: "host", .equal(host))
    guard let id = snapshot.series(passing: [matcher]).first else { return [] }
    return try snapshot.samples(of: id, in: .all).timestamps
  }

  @Test("samples past their retention are gone at once, others stay, and room comes back")
  func period() async throws {
    let store = try open { $0.retention.period = .days(30) }
    try await Self.write("a", days: 100, to: store)
    try await store.compact()
    let before = store.statistics()
    try await store.enforceRetention(now: Self.now)
    let times = try Self.times("a", in: store)
    #expect(times.count == 30 * 24 + 1 || times.count == 30 * 24)
    #expect(times.allSatisfy { $0 >= Self.now.nanoseconds - 30 * Self.day })
    let after = store.statistics()
    #expect(after.partBytes < before.partBytes)
    #expect(after.parts < before.parts)
  }

  @Test("the first rule that fits a series decides, the period for all others")
  func rules() async throws {
    let store = try open { options in
      options.retention.period = .days(30)
      options.retention.rules = [
        .init(matchers: [LabelMatcher(name: "host", .equal("short"))], period: .days(7)),
        .init(matchers: [LabelMatcher(name: "host", .equal("long"))], period: nil),
      ]
    }
    for host in ["short", "long", "other"] { try await Self.write(host, days: 60, to: store) }
    for _ in 0..<2 {
      try await store.enforceRetention(now: Self.now)
      #expect(abs(try Self.times("short", in: store).count - 7 * 24) <= 1)
      #expect(try Self.times("long", in: store).count == 60 * 24)
      #expect(abs(try Self.times("other", in: store).count - 30 * 24) <= 1)
      try await store.compact()
    }
    // What some series keep is no reason to write the part again and again.
    try await store.enforceRetention(now: Self.now)
    let before = Self.files(in: directory)
    try await store.enforceRetention(now: Self.now)
    #expect(Self.files(in: directory) == before)
  }

  static func files(in directory: TemporaryDirectory) -> Set<String> {
    let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path + "/part")
    return Set(names ?? [])
  }

  @Test("where parts take too much room the oldest samples go")
  func size() async throws {
    let store = try open { $0.retention.maximumBytes = 60_000 }
    for host in 0..<10 { try await Self.write("h\(host)", days: 60, to: store) }
    try await store.compact()
    #expect(store.statistics().partBytes > 60_000)
    for _ in 0..<4 { try await store.enforceRetention(now: Self.now) }
    #expect(store.statistics().partBytes <= 60_000)
    let times = try Self.times("h3", in: store)
    #expect(times.last == Self.now.nanoseconds)
    #expect(times.count > 24)
  }

  @Test("a series without samples is forgotten, and a write by its number is refused")
  func forgotten() async throws {
    let store = try open { $0.retention.period = .days(10) }
    let old = Points(
      key: Self.key("old"),
      samples: Samples(timestamps: [Self.now.nanoseconds - 20 * Self.day], values: [1]))
    let ids = try await store.write(old).ids
    try await Self.write("new", days: 2, to: store)
    try await store.compact()
    try await store.enforceRetention(now: Self.now)
    #expect(store.statistics().series == 1)
    #expect(store.snapshot().values(ofLabel: "host") == ["new"])

    var byNumber = old
    byNumber.keyBytes = []
    byNumber.keyEnds = [0]
    byNumber.ids = ids
    byNumber.cacheGeneration = 1
    await #expect {
      try await store.write(byNumber)
    } throws: { error in
      (error as? StoreError)?.code == .seriesForgotten
    }
    // By its key it comes back, under another number.
    let again = try await store.write(
      Points(
        key: Self.key("old"), samples: Samples(timestamps: [Self.now.nanoseconds], values: [2])))
    #expect(again.ids != ids)
    #expect(try Self.times("old", in: store) == [Self.now.nanoseconds])
  }

  @Test("points of series past the limit are left out and counted, known series go on")
  func tooManySeries() async throws {
    let store = try open { $0.maximumSeries = 2 }
    for host in ["a", "b"] { try await Self.write(host, days: 1, to: store) }
    let outcome = try await store.write(
      Points(key: Self.key("c"), samples: Samples(timestamps: [1, 2], values: [1, 2])))
    #expect(outcome.refusedPoints == 2)
    #expect(outcome.ids == [0])
    let known = try await store.write(
      Points(key: Self.key("a"), samples: Samples(timestamps: [1], values: [1])))
    #expect(known.refusedPoints == 0)
    #expect(store.statistics().series == 2)
  }
}
