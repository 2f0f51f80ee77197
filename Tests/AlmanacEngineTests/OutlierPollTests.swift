import AlmanacCore
import AlmanacIngest
import AlmanacPattern
import AlmanacStore
import AlmanacTesting
import Testing

@testable import AlmanacEngine
@testable import AlmanacQuery

@Suite("Polls of outliers")
struct OutlierPollTests {
  static let start = Timestamp(nanoseconds: 1_788_220_800_000_000_000)

  /// Series with a rhythm, noise, gaps and spikes, written as time goes on; now and then late.
  struct Writer {
    let step: Interval
    let hosts: [String]
    var chance: SeededGenerator
    var now: Timestamp

    mutating func value(at time: Timestamp) -> Double {
      let hour = Double(time.nanoseconds / 1_000_000_000 % 86_400) / 86_400
      let noise = chance.normal()
      let spike = Int.random(in: 0..<60, using: &chance) == 0 ? 40.0 : 0
      return 50 + 20 * abs(hour - 0.5) + noise + spike
    }

    /// Writes until `time`, in random order of series, some samples left out.
    mutating func write(until time: Timestamp, to database: Database) async throws {
      var lines: [String] = []
      while now + step <= time {
        now = now + step
        for host in hosts where Int.random(in: 0..<20, using: &chance) > 0 {
          let jitter = Int64.random(in: 0..<step.nanoseconds / 4, using: &chance)
          lines.append("m,host=\(host) value=\(value(at: now)) \(now.nanoseconds + jitter)")
        }
      }
      try await Self.write(lines, to: database)
    }

    static func write(_ lines: [String], to database: Database) async throws {
      guard !lines.isEmpty else { return }
      let report = try await database.write(
        Array(lines.joined(separator: "\n").utf8), precision: .nanoseconds, database: nil)
      #expect(report.rejectedLines == 0)
    }
  }

  static func texts(_ table: Table) -> [String] {
    table.series.map { series in
      let rows = series.times.indices.map { row in
        "\(series.times[row]) "
          + series.columns.map { StatementTests.text($0, row) }.joined(separator: " ")
      }
      return "\(series.key)\n" + rows.joined(separator: "\n")
    }
  }

  /// The answer from scratch.
  static func batch(
    _ text: String, _ database: Database, at time: Timestamp
  ) async throws -> [String] {
    let budget = QueryBudget(database.limits)
    let result = try await Query(text).evaluate(
      at: QueryTime(time: time),
      series: StoreSeriesSource(store: database.store, pool: database.readers, budget: budget),
      models: database.models, pool: database.readers, budget: budget)
    return texts(try result.table())
  }

  static func polled(
    _ text: String, _ database: Database, at time: Timestamp
  ) async throws -> [String] {
    texts(try await database.query(text, at: QueryTime(time: time)))
  }

  @Test(
    "a poll answers what the whole history does: late samples, deletions, restarts, other moments",
    arguments: [("outliers(m[3h])", 30), ("outliers(m[20h], all=true)", 60)], [1, 2, 3])
  func sameAsBatch(_ poll: (query: String, minutes: Int64), seed: Int) async throws {
    let fixture = try DatabaseFixture()
    let readers = seed % 2 + 1
    var database: Database? = try fixture.open { $0.readers = readers }
    var writer = Writer(
      step: .minutes(poll.minutes), hosts: ["a", "b", "c"],
      chance: SeededGenerator(seed: UInt64(seed)), now: Self.start)
    var now = Self.start + .days(Int64.random(in: 2...40, using: &writer.chance))
    try await writer.write(until: now, to: try #require(database))
    var counted = (polls: 0, rebuilds: 0)
    let count = { (database: Database) in
      counted.polls += database.outlierStatistics.polls
      counted.rebuilds += database.outlierStatistics.rebuilds
    }
    for _ in 0..<40 {
      if try await Self.poll(poll.query, try #require(database), &writer, now) {
        count(try #require(database))
        await database?.close()
        database = nil
        database = try await fixture.reopen { $0.readers = readers }
      }
      let most = Int.random(in: 0..<10, using: &writer.chance) == 0 ? 24 * 9 : 3
      let steps = Int64.random(in: 1...Int64(most), using: &writer.chance)
      now = now + .minutes(poll.minutes * steps)
      try await writer.write(until: now, to: try #require(database))
    }
    count(try #require(database))
    #expect(counted.polls > 20)
    #expect(counted.rebuilds < counted.polls)
    await database?.close()
  }

  /// Asks at `now`, then lets something happen; whether that is a restart.
  static func poll(
    _ query: String, _ database: Database, _ writer: inout Writer, _ now: Timestamp
  ) async throws -> Bool {
    let answer = try await polled(query, database, at: now)
    #expect(answer == (try await batch(query, database, at: now)), "at \(now)")
    switch Int.random(in: 0..<8, using: &writer.chance) {
    case 0:
      // Late samples, near or far.
      let far = Bool.random(using: &writer.chance) ? 30 : 24 * 20
      let time = now - .minutes(30 * Int64.random(in: 1...Int64(far), using: &writer.chance))
      try await Writer.write(["m,host=a value=90 \(time.nanoseconds + 7)"], to: database)
    case 1:
      let end = now - .hours(Int64.random(in: 0...40, using: &writer.chance))
      _ = try await database.delete(
        [LabelMatcher(name: "host", .equal("b"))],
        in: TimeRange(start: end - .hours(3), end: end))
    case 2: return true
    case 3:
      // A question about a moment that is over.
      let time = now - .minutes(Int64.random(in: 1...600, using: &writer.chance))
      let answer = try await polled(query, database, at: time)
      #expect(answer == (try await batch(query, database, at: time)), "at \(time)")
    default: break
    }
    return false
  }

  @Test("states come back from the store, and what cannot be read is made anew")
  func restart() async throws {
    let fixture = try DatabaseFixture()
    let now = Self.start + .days(20)
    let first = try await Self.life(of: fixture) { database in
      var writer = Writer(
        step: .minutes(30), hosts: ["a", "b"], chance: SeededGenerator(seed: 9), now: Self.start)
      try await writer.write(until: now, to: database)
      let answer = try await Self.polled("outliers(m[6h])", database, at: now)
      #expect(database.outlierStatistics.rebuilds == 2)
      return answer
    }
    try await Self.life(of: fixture) { database in
      let answer = try await Self.polled("outliers(m[6h])", database, at: now)
      #expect(answer == first)
      #expect(database.outlierStatistics.loads == 2)
      #expect(database.outlierStatistics.rebuilds == 0)
      await database.outliers.flush()
      for (name, bytes) in try database.store.outlierStates() {
        try await database.store.putOutlierStates([(name, bytes.dropLast() + [7])], at: now)
      }
    }
    try await Self.life(of: fixture) { database in
      let answer = try await Self.polled("outliers(m[6h])", database, at: now)
      #expect(answer == first)
      #expect(database.outlierStatistics.loads == 0)
      #expect(database.outlierStatistics.rebuilds == 2)
      await database.outliers.flush()
      let removed = try await database.store.removeOutlierStates(putBefore: .now() + .days(365))
      #expect(removed == 2)
    }
  }

  /// What `body` answers from a database that is opened for it and closed.
  static func life<T>(
    of fixture: DatabaseFixture, _ body: (Database) async throws -> T
  ) async throws -> T {
    let database = try await fixture.reopen()
    let answer = try await body(database)
    await database.close()
    return answer
  }

  @Test("memory is bounded, and a state that went comes back from the store")
  func limit() async throws {
    let fixture = try DatabaseFixture()
    let database = try fixture.open { $0.outlierStateBytes = 60_000 }
    var writer = Writer(
      step: .minutes(30), hosts: (0..<12).map { "h\($0)" }, chance: SeededGenerator(seed: 3),
      now: Self.start)
    var now = Self.start + .days(15)
    try await writer.write(until: now, to: database)
    for _ in 0..<4 {
      let answer = try await Self.polled("outliers(m[3h])", database, at: now)
      #expect(answer == (try await Self.batch("outliers(m[3h])", database, at: now)))
      #expect(database.outlierStatistics.cache.bytes <= 60_000)
      now = now + .minutes(30)
      try await writer.write(until: now, to: database)
      await database.outliers.flush()
    }
    #expect(database.outlierStatistics.cache.evictions > 0)
    #expect(database.outlierStatistics.loads > 0)
    await database.close()
  }
}
