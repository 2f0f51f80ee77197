import AlmanacCore
import AlmanacPattern
import AlmanacStore
import AlmanacTesting
import Logging
import Testing

/// Which series have samples in a range.
@Suite struct PresenceTests {
  /// 2026-02-01T00:00:00Z, the border of two months.
  static let border: Int64 = 1_769_904_000
  static let hosts = 24

  static func points(_ host: Int, _ times: [Int64]) -> Points {
    var points = Points(
      key: SeriesKey(metric: "m", labels: Labels([("host", "\(host)")])), samples: Samples())
    points.series = times.map { _ in 0 }
    points.timestamps = times.map { $0 * 1_000_000_000 }
    points.values = times.map { Double($0) }
    return points
  }

  static func range(_ start: Int64, _ end: Int64) -> TimeRange {
    TimeRange(
      start: Timestamp(nanoseconds: start * 1_000_000_000),
      end: Timestamp(nanoseconds: end * 1_000_000_000))
  }

  static func hosts(_ snapshot: Snapshot, _ ids: [SeriesID]) -> [Int] {
    ids.compactMap { snapshot.key(of: $0)?.labels["host"].flatMap { Int($0) } }.sorted()
  }

  @Test(
    "they are those of the samples, in heads and parts, after late data and deletes",
    arguments: 1...(StoreTests.isSoak ? 100 : 8) as ClosedRange<UInt64>)
  func property(seed: UInt64) async throws {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: seed)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    var options = Store.Options()
    options.sealAfterSamples = Int.random(in: 20...3_000, using: &random)
    let store = try Store(directory: directory.path, options: options, logger: logger)
    var model: [Int: Set<Int64>] = [:]
    for round in 0..<30 {
      let start = Self.border + Int64.random(in: -200_000...200_000, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0: try await store.compact()
      case 1 where seed % 2 == 0:
        let end = start + Int64.random(in: 0...100_000, using: &random)
        let host = Int.random(in: 0..<Self.hosts, using: &random)
        _ = try await store.delete(
          [LabelMatcher(name: "host", .equal("\(host)"))],
          in: Self.range(start, end))
        model[host] = model[host]?.filter { $0 < start || $0 > end }
      default:
        let host = Int.random(in: 0..<Self.hosts, using: &random)
        let step = ([1, 60, 3_600] as [Int64]).randomElement(using: &random) ?? 1
        let times = (0..<Int64.random(in: 1...400, using: &random)).map { start + $0 * step }
        _ = try await store.write(Self.points(host, times))
        model[host, default: []].formUnion(times)
      }
      let snapshot = store.snapshot()
      for length in [0, 100, 10_000, 400_000] as [Int64] {
        let from = Self.border + Int64.random(in: -250_000...250_000, using: &random)
        let found = try snapshot.series(passing: [], in: Self.range(from, from + length))
        let wanted = model.filter { $0.value.contains { from <= $0 && $0 <= from + length } }.keys
        #expect(Self.hosts(snapshot, found) == wanted.sorted(), "round \(round)")
        let few = [LabelMatcher(name: "host", .equal("7"))]
        let one = try snapshot.series(passing: few, in: Self.range(from, from + length))
        #expect(Self.hosts(snapshot, one) == wanted.filter { $0 == 7 })
        #expect(snapshot.values(ofLabel: "host", among: found) == wanted.map { "\($0)" }.sorted())
        #expect(snapshot.labelNames(of: found) == (found.isEmpty ? [] : ["__name__", "host"]))
      }
      let all = try snapshot.series(passing: [], in: .all)
      #expect(Self.hosts(snapshot, all) == model.filter { !$0.value.isEmpty }.keys.sorted())
    }
    await store.close()
  }

  @Test("a series whose samples were all deleted is not among them, however long the range")
  func deletedAltogether() async throws {
    let directory = try TemporaryDirectory()
    let store = try Store(directory: directory.path, logger: Logger(label: "test"))
    for host in 0..<3 { _ = try await store.write(Self.points(host, [Self.border + 60])) }
    _ = try await store.delete([LabelMatcher(name: "host", .equal("1"))], in: .all)
    let snapshot = store.snapshot()
    for range in [TimeRange.all, Self.range(Self.border, Self.border + 3_600)] {
      #expect(Self.hosts(snapshot, try snapshot.series(passing: [], in: range)) == [0, 2])
      #expect(!snapshot.isWhole(in: range))
    }
    try await store.compact()
    let compacted = store.snapshot()
    #expect(Self.hosts(compacted, compacted.series(passing: [])) == [0, 2])
    #expect(compacted.isWhole(in: .all))
    await store.close()
  }
}
