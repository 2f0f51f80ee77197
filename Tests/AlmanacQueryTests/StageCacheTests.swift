import AlmanacCore
import AlmanacPattern
import AlmanacTesting
import Synchronization
import Testing

@testable import AlmanacQuery

@Suite struct StageCacheTests {
  /// Data whose changes are told by hand.
  final class Changes: DataChanges {
    private let log = Mutex<[TimeRange]>([])

    var version: UInt64 { UInt64(log.withLock { $0.count }) }

    func isUnchanged(since version: UInt64, in range: TimeRange) -> Bool {
      log.withLock { !$0.dropFirst(Int(version)).contains { $0.overlaps(range) } }
    }

    func change(_ from: Double, _ to: Double) {
      log.withLock {
        $0.append(
          TimeRange(
            start: Timestamp(nanoseconds: Int64(from * 1e9)),
            end: Timestamp(nanoseconds: Int64(to * 1e9))))
      }
    }
  }

  /// Counts reads.
  final class Counted: SeriesSource {
    let source: Mutex<MemorySource>
    private let reads = Atomic(0)

    init(_ source: MemorySource) { self.source = Mutex(source) }

    /// How often anything was read since the last call.
    func takeReads() -> Int { reads.exchange(0, ordering: .relaxed) }

    func samples(
      passing matchers: [LabelMatcher], in range: TimeRange
    ) async throws -> [LabelledSamples] {
      reads.wrappingAdd(1, ordering: .relaxed)
      return try await source.withLock { $0 }.samples(passing: matchers, in: range)
    }

    func lastSamples(
      passing matchers: [LabelMatcher], in range: TimeRange
    ) async throws -> [LabelledSamples] {
      reads.wrappingAdd(1, ordering: .relaxed)
      return try await source.withLock { $0 }.lastSamples(passing: matchers, in: range)
    }
  }

  static func source(seed: UInt64 = 1) -> MemorySource {
    var random = SeededGenerator(seed: seed)
    var source = MemorySource()
    for host in ["x", "y", "z"] {
      source.add(
        "memory", ["host": host],
        (0..<600).map { (Double($0) * 60, 10 + random.normal() + Double($0 % 60) / 10) })
    }
    return source
  }

  let source = Counted(StageCacheTests.source())
  let changes = Changes()
  let cache: StageCache

  init() { cache = StageCache(changes: changes) }

  static let hour = 3600.0

  func ask(
    _ text: String, from start: Double? = hour, to end: Double? = 9 * hour, step: Double? = 60,
    at time: Double? = nil, cache: StageCache?
  ) async throws -> QueryResult {
    let time = try QueryTime(
      now: Timestamp(nanoseconds: 0), time: time.map { "\($0)" }, start: start.map { "\($0)" },
      end: end.map { "\($0)" }, step: step.map { "\($0)" })
    return try await Query(text).evaluate(
      at: time, series: source, models: NoModels(), pool: CallersThread(), stages: cache)
  }

  static func bits(_ result: QueryResult) throws -> [String] {
    let table = try result.table()
    return table.series.flatMap { series in
      zip(series.times, series.columns.first.map(numbers) ?? []).map {
        "\(series.key) \($0.nanoseconds) \($1)"
      }
    } + table.warnings
  }

  static func numbers(_ column: Table.Column) -> [UInt64] {
    guard case .numbers(let numbers) = column else { return [] }
    return numbers.map { $0?.bitPattern ?? 0 }
  }

  @Test("a query that differs in its last stage reads nothing again")
  func lastStage() async throws {
    _ = try await ask("sum by (host) (avg_over_time(memory[5m]))", cache: cache)
    #expect(source.takeReads() > 0)
    let statistics = cache.statistics
    #expect(statistics.entries == 2)
    let maximum = try await ask("max(avg_over_time(memory[5m]))", cache: cache)
    #expect(source.takeReads() == 0)
    #expect(cache.statistics.hits == statistics.hits + 1)
    #expect(
      try Self.bits(maximum)
        == Self.bits(try await ask("max(avg_over_time(memory[5m]))", cache: nil)))
  }

  @Test("other text, other times and a plain selector are no hits")
  func keys() async throws {
    let query = "sum(avg_over_time(memory[5m]))"
    _ = try await ask(query, cache: cache)
    _ = source.takeReads()
    _ = try await ask(query, to: 8 * Self.hour, cache: cache)
    #expect(source.takeReads() > 0)
    _ = try await ask(query, step: 120, cache: cache)
    #expect(source.takeReads() > 0)
    _ = try await ask("sum(avg_over_time(memory[6m]))", cache: cache)
    #expect(source.takeReads() > 0)
    _ = try await ask("sum(avg_over_time(memory<host=x>[5m]))", cache: cache)
    #expect(source.takeReads() > 0)
    _ = try await ask("memory", cache: cache)
    _ = try await ask("memory", cache: cache)
    #expect(source.takeReads() == 2)
    _ = try await ask(query, cache: cache)
    #expect(source.takeReads() == 0)
  }

  @Test("a change inside of what was read counts, one outside does not")
  func invalidation() async throws {
    let query = "sum(avg_over_time(memory[5m]))"
    let before = try Self.bits(try await ask(query, cache: cache))
    _ = source.takeReads()
    // After the last moment, and before the first window.
    changes.change(9 * Self.hour + 1, 9 * Self.hour + 2)
    changes.change(0, Self.hour - 300)
    #expect(try Self.bits(try await ask(query, cache: cache)) == before)
    #expect(source.takeReads() == 0)
    source.source.withLock { source in
      source.add("memory", ["host": "late"], [(5 * Self.hour, 1000)])
    }
    changes.change(5 * Self.hour, 5 * Self.hour)
    let after = try Self.bits(try await ask(query, cache: cache))
    #expect(source.takeReads() > 0)
    #expect(after != before)
    #expect(after == (try Self.bits(try await ask(query, cache: nil))))
  }

  @Test("a stage inside of another makes the outer one depend on what it read")
  func nested() async throws {
    _ = try await ask("avg_over_time(memory[1h])", cache: cache)
    // The outer stage finds the inner one kept, and reads nothing itself.
    _ = try await ask("sum(avg_over_time(memory[1h]))", cache: cache)
    changes.change(60, 60)
    _ = source.takeReads()
    _ = try await ask("sum(avg_over_time(memory[1h]))", cache: cache)
    #expect(source.takeReads() > 0)
  }

  @Test("a fixed moment is the same for queries of any range, @ end is not")
  func moments() async throws {
    let fixed = "sum(avg_over_time(memory[1h]) @ 7200)"
    _ = try await ask("memory<host=x> - on() \(fixed)", cache: cache)
    _ = source.takeReads()
    _ = try await ask("max(\(fixed))", from: nil, to: nil, step: nil, at: 9000, cache: cache)
    #expect(source.takeReads() == 0)
    let end = "sum(avg_over_time(memory[1h] @ end))"
    let one = try Self.bits(try await ask(end, to: 3 * Self.hour, cache: cache))
    #expect(one == (try Self.bits(try await ask(end, to: 3 * Self.hour, cache: nil))))
    let other = try Self.bits(try await ask(end, to: 4 * Self.hour, cache: cache))
    #expect(other == (try Self.bits(try await ask(end, to: 4 * Self.hour, cache: nil))))
  }

  @Test(
    "answers have the same bits with the cache and without, whatever is in it",
    arguments: [1, 2, 3] as [UInt64])
  func sameBits(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let inner = [
      "avg_over_time(memory[5m])", "rate(memory[10m])", "memory<host=x>[2h] | interpolate",
      "memory[2h] | interpolate | scale", "sum by (host) (max_over_time(memory[7m]))",
      "memory<host=~\"x|y\">[3h] | interpolate | scale(minmax)",
    ]
    let outer = ["sum(%)", "%", "max by (host) (%)", "(%) * 2", "topk(2, %)", "(%) - (%)"]
    for _ in 0..<120 {
      let part = inner[Int(random.next() % UInt64(inner.count))]
      let text = outer[Int(random.next() % UInt64(outer.count))].replacing("%", with: part)
      let isRange = random.next() % 2 == 0
      let end = Double(3 + random.next() % 3) * Self.hour
      let time = isRange ? nil : end
      let range = isRange ? Self.hour : nil as Double?
      let kept = try await ask(
        text, from: range, to: isRange ? end : nil, step: isRange ? 60 : nil, at: time,
        cache: cache)
      let plain = try await ask(
        text, from: range, to: isRange ? end : nil, step: isRange ? 60 : nil, at: time, cache: nil)
      #expect(try Self.bits(kept) == Self.bits(plain), "\(text)")
    }
    #expect(cache.statistics.hits > 50)
  }

  @Test("warnings of a stage come again with its result")
  func warnings() async throws {
    source.source.withLock { $0.add("single", [:], [(4000, 1)]) }
    let query = "sum(single[1h] | interpolate)"
    let first = try await ask(query, from: nil, to: nil, step: nil, at: 4000, cache: cache)
    let second = try await ask(query, from: nil, to: nil, step: nil, at: 4000, cache: cache)
    #expect(first.warnings.count == 1)
    #expect(second.warnings == first.warnings)
    #expect(cache.statistics.hits > 0)
  }

  @Test("what stages filled in is said, also of a kept result")
  func infos() async throws {
    source.source.withLock { $0.add("gappy", [:], [(3700, 1), (3760, 2), (3820, 3), (4000, 6)]) }
    for query in ["gappy[1h] | interpolate | clip(max=5)", "sum(gappy[1h] | interpolate)"] {
      for _ in 0..<2 {
        let table = try await ask(query, from: nil, to: nil, step: nil, at: 4000, cache: cache)
        #expect(table.infos.count == 1)
        #expect(table.infos[0].hasPrefix("preparation filled 2"), "\(table.infos)")
      }
    }
    #expect(cache.statistics.hits > 0)
  }

  @Test("the cache stays below its bytes and throws out what was used long ago")
  func bound() async throws {
    let small = StageCache(limit: 200_000, changes: changes)
    for minute in 1...40 {
      _ = try await ask("avg_over_time(memory[\(minute)m])", cache: small)
      #expect(small.statistics.bytes <= 200_000)
    }
    #expect(small.statistics.evictions > 0)
    #expect(small.statistics.entries > 0)
    _ = source.takeReads()
    _ = try await ask("avg_over_time(memory[40m])", cache: small)
    #expect(source.takeReads() == 0)
    _ = try await ask("avg_over_time(memory[1m])", cache: small)
    #expect(source.takeReads() == 1)
    let none = StageCache(limit: 0, changes: changes)
    _ = try await ask("avg_over_time(memory[1m])", cache: none)
    #expect(none.statistics.entries == 0)
  }
}
