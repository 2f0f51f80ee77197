import AlmanacCore
import AlmanacPattern
import AlmanacStore
import AlmanacTesting
import Foundation
import Logging
import Testing

@Suite struct StoreTests {
  static let isSoak = ProcessInfo.processInfo.environment["ALMANAC_SOAK"] == "1"
  let directory: TemporaryDirectory
  let logger: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }()

  init() throws {
    directory = try TemporaryDirectory()
  }

  func open(readOnly: Bool = false, sealAfter: Int = 4_000_000) throws -> Store {
    var options = Store.Options()
    options.isReadOnly = readOnly
    options.sealAfterSamples = sealAfter
    return try Store(directory: directory.path, options: options, logger: logger)
  }

  static func key(_ metric: String, _ labels: (String, String)...) -> SeriesKey {
    SeriesKey(metric: metric, labels: Labels(labels))
  }

  /// All series with all their samples; those without samples are left out.
  static func contents(_ store: Store) throws -> [SeriesKey: Samples] {
    let snapshot = store.snapshot()
    var reader = snapshot.reader(in: .all)
    var all: [SeriesKey: Samples] = [:]
    for id in snapshot.series(passing: []) {
      let samples = try reader.samples(of: id)
      if !samples.isEmpty { all[try #require(snapshot.key(of: id))] = samples }
    }
    return all
  }

  /// Random times: near the epoch, across the ends of months, far away.
  static func base(_ random: inout SeededGenerator) -> Int64 {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return Int64.random(in: Int64.min...(Int64.max - 4_000), using: &random)
    case 1: return 1_769_904_000_000_000_000 - Int64.random(in: 0..<1_000, using: &random)
    default: return Int64.random(in: 0..<20_000, using: &random)
    }
  }

  @Test(
    "a store answers as a dictionary does, sealed, merged, deleted from or reopened",
    arguments: 0..<(StoreTests.isSoak ? 200 : 12) as Range<UInt64>)
  func modelBased(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    var model: [SeriesKey: [Int64: Double]] = [:]
    let hosts = (0..<5).map { Self.key("m", ("host", "h\($0)")) }
    var opened: Store? = try open(sealAfter: 3_000)
    for _ in 0..<40 {
      switch Int.random(in: 0..<12, using: &random) {
      case 0: try await opened?.compact()
      case 1:
        await opened?.close()
        opened = nil  // One process opens a directory once.
        opened = try open(sealAfter: Int.random(in: 10...4_000, using: &random))
      case 2:
        let host = hosts.randomElement(using: &random) ?? hosts[0]
        let start = Self.base(&random)
        let range = TimeRange(
          start: Timestamp(nanoseconds: start),
          end: Timestamp(nanoseconds: start + Int64.random(in: 0..<4_000, using: &random)))
        let matcher = LabelMatcher(name: "host", .equal(host.labels["host"] ?? ""))
        try await opened?.delete([matcher], in: range)
        model[host] = model[host]?.filter { !range.contains(Timestamp(nanoseconds: $0.key)) }
      default:
        let key = hosts.randomElement(using: &random) ?? hosts[0]
        let base = Self.base(&random)
        let step = Int64.random(in: 1...3, using: &random)
        var times = (0..<Int64.random(in: 1..<900, using: &random)).map { base + $0 * step }
        if Bool.random(using: &random) { times.shuffle(using: &random) }
        if Bool.random(using: &random) { times += times.prefix(3) }
        let values = times.map { _ in Double(bitPattern: random.next()) }
        var points = Points(key: key, samples: Samples())
        points.series = times.map { _ in 0 }
        points.timestamps = times
        points.values = values
        try await opened?.write(points)
        for (time, value) in zip(times, values) { model[key, default: [:]][time] = value }
      }
      model = model.filter { !$0.value.isEmpty }
      let found = try Self.contents(try #require(opened))
      #expect(Set(found.keys) == Set(model.keys), "seed \(seed)")
      for (key, values) in model {
        let expected = values.sorted { $0.key < $1.key }
        #expect(
          found[key] == Samples(timestamps: expected.map(\.key), values: expected.map(\.value)),
          "seed \(seed)")
      }
    }
    // A few reads of ranges, and the last sample of each.
    let store = try #require(opened)
    try await store.compact()
    let snapshot = store.snapshot()
    for id in snapshot.series(passing: []) {
      let all = try snapshot.samples(of: id, in: .all)
      for _ in 0..<20 {
        let range = TimeRange(
          start: Timestamp(nanoseconds: Int64.random(in: -10..<22_000, using: &random)),
          end: Timestamp(nanoseconds: Int64.random(in: -10..<22_000, using: &random)))
        var reader = snapshot.reader(in: range)
        #expect(try reader.samples(of: id) == all.inside(range), "seed \(seed)")
        let last = try reader.lastSample(of: id)
        #expect(last?.time == all.inside(range).timestamps.last, "seed \(seed)")
      }
    }
  }

  @Test("a second writer on the directory is refused and told why")
  func locked() throws {
    let store = try open()
    withExtendedLifetime(store) {
      _ = #expect { _ = try open() } throws: { error in
        guard let error = error as? StoreError else { return false }
        return error.code == .locked && error.message.contains("another Almanac server")
      }
    }
  }

  @Test("writes from many tasks all arrive, sharing commits")
  func concurrentWrites() async throws {
    let store = try open(sealAfter: 5_000)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for host in 0..<8 {
        group.addTask {
          for index in 0..<50 as Range<Int64> {
            let times = (0..<40).map { index * 40 + $0 }
            try await store.write(
              Points(
                key: Self.key("m", ("host", "\(host)")),
                samples: Samples(timestamps: times, values: times.map(Double.init))))
          }
        }
        group.addTask {
          // A reader never sees a hole while samples move from the head into chunks.
          for _ in 0..<50 {
            let snapshot = store.snapshot()
            for id in snapshot.series(passing: []) {
              let samples = try snapshot.samples(of: id, in: .all)
              #expect(samples.timestamps == Array(0..<Int64(samples.count)))
            }
            await Task.yield()
          }
        }
      }
      try await group.waitForAll()
    }
    let contents = try Self.contents(store)
    #expect(contents.count == 8)
    #expect(contents.values.allSatisfy { $0.count == 2_000 })
  }

  @Test("few samples in memory are quick to read, in the head and in parts, and many are not")
  func quick() async throws {
    let store = try open()
    let times = Array(0..<Int64(20_000))
    let samples = Samples(timestamps: times, values: times.map { Double($0 * 7 % 13) })
    try await store.write(Points(key: Self.key("long"), samples: samples))
    try await store.write(Points(key: Self.key("short"), samples: samples.slice(0..<100)))
    for _ in 0..<2 {
      let snapshot = store.snapshot()
      var reader = snapshot.reader(in: .all)
      let id = { (metric: String) in
        snapshot.series(passing: [LabelMatcher(name: SeriesKey.metricLabel, .equal(metric))])
      }
      let areQuick = [
        reader.isQuick(id("short")), reader.isQuick(id("long")),
        reader.isQuick(id("short") + id("long")),
      ]
      #expect(areQuick == [true, false, false])
      try await store.compact()
    }
  }

  @Test("models are kept, listed, replaced and removed")
  func models() async throws {
    var opened: Store? = try open()
    try await opened?.putModel("b", [1, 2])
    try await opened?.putModel("a", [3])
    try await opened?.putModel("b", [4, 5, 6])
    await opened?.close()
    opened = nil
    let store = try open()
    let models = try store.models()
    #expect(models.map(\.key) == ["a", "b"])
    #expect(models.map(\.bytes) == [[3], [4, 5, 6]])
    #expect(try await store.removeModel("a"))
    #expect(try await !store.removeModel("a"))
  }

  @Test("after close writes are refused, not lost silently")
  func closed() async throws {
    let store = try open()
    await store.close()
    await #expect(throws: StoreError.self) {
      try await store.write(
        Points(key: Self.key("m"), samples: Samples(timestamps: [1], values: [1])))
    }
  }
}
