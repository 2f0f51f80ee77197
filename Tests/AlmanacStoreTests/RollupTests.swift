import AlmanacCore
import AlmanacPattern
import AlmanacStore
import AlmanacTesting
import Foundation
import Logging
import Testing

@Suite struct RollupTests {
  /// 2026-02-01T00:00:00Z, the border of two months.
  static let border: Int64 = 1_769_904_000_000_000_000
  static let second: Int64 = 1_000_000_000

  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  func open(_ configure: (inout Store.Options) -> Void = { _ in }) throws -> Store {
    var options = Store.Options()
    options.rollups = Set(Resolution.allCases)
    configure(&options)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try Store(directory: directory.path, options: options, logger: logger)
  }

  /// Opens the store for `body`, then closes it.
  func use(
    _ configure: (inout Store.Options) -> Void = { _ in }, _ body: (Store) async throws -> Void
  ) async throws {
    let store = try open(configure)
    try await body(store)
    await store.close()
  }

  static func points(_ host: Int, _ times: [Int64], _ value: () -> Double) -> Points {
    var points = Points(
      key: SeriesKey(metric: "m", labels: Labels([("host", "\(host)")])), samples: Samples())
    points.series = times.map { _ in 0 }
    points.timestamps = times
    points.values = times.map { _ in value() }
    return points
  }

  /// The summaries by their definition, bucket by bucket.
  static func naive(_ samples: [Int64: Double], _ length: Int64) -> [Int64: Summary] {
    var buckets: [Int64: [(time: Int64, value: Double)]] = [:]
    for (time, value) in samples {
      let number = (Double(time / second) / Double(length / second)).rounded(.up)
      buckets[Int64(number) * length, default: []].append((time, value))
    }
    return Dictionary(
      uniqueKeysWithValues: buckets.map { end, points in
        var sum = CompensatedSum()
        for point in points.sorted(by: { $0.time < $1.time }) { sum.add(point.value) }
        let numbers = points.map(\.value).filter { !$0.isNaN }
        return (
          end,
          Summary(
            end: end, count: points.count, minimum: numbers.min() ?? .nan,
            maximum: numbers.max() ?? .nan, sum: sum.value)
        )
      })
  }

  static func isEqual(_ a: Double, _ b: Double) -> Bool { a == b || (a.isNaN && b.isNaN) }

  /// Whether what a reader finds is what the samples say, whatever rollups it may use.
  ///
  /// - Parameter areHours: whether no part has rollups of five minutes only.
  static func compare(
    _ store: Store, _ model: [Int: [Int64: Double]], _ random: inout SeededGenerator,
    areHours: Bool = true
  ) throws {
    let snapshot = store.snapshot()
    for resolution in Resolution.allCases {
      let length = resolution.length
      let start = border / length * length + Int64.random(in: -200...100, using: &random) * length
      let end = start + Int64.random(in: 1...300, using: &random) * length
      let range = TimeRange(
        start: Timestamp(nanoseconds: start + 1), end: Timestamp(nanoseconds: end))
      for rollups in [nil, Resolution.fiveMinutes, .hour] {
        var reader = snapshot.reader(in: range)
        for id in snapshot.series(passing: []) {
          let host = Int(snapshot.key(of: id)?.labels["host"] ?? "") ?? -1
          let inside = (model[host] ?? [:]).filter { start < $0.key && $0.key <= end }
          let wanted = naive(inside, length)
          let found = try reader.summaries(of: id, by: resolution, rollups: rollups)
          #expect(found.map(\.end) == found.map(\.end).sorted())
          let byBucket = Dictionary(grouping: found) {
            Summary.end(holding: $0.end, of: resolution)
          }
          #expect(Set(byBucket.keys) == Set(wanted.keys))
          for (end, pieces) in byBucket {
            let bucket = try #require(wanted[end])
            #expect(pieces.reduce(0) { $0 + $1.count } == bucket.count)
            let least = pieces.map(\.minimum).filter { !$0.isNaN }.min() ?? .nan
            let greatest = pieces.map(\.maximum).filter { !$0.isNaN }.max() ?? .nan
            #expect(isEqual(least, bucket.minimum) && isEqual(greatest, bucket.maximum))
            let sum = pieces.reduce(0) { $0 + $1.sum }
            // To the bit where buckets are those of the rollup.
            let isWhole =
              rollups == nil || resolution == .fiveMinutes || rollups == .hour && areHours
            #expect(!isWhole || pieces.count == 1)
            #expect(
              isEqual(sum, bucket.sum)
                || (!isWhole && abs(sum - bucket.sum) <= 1e-9 * Double(bucket.count)))
          }
        }
      }
    }
  }

  @Test(
    "summaries are those of the samples after late data, deletes, merges, retention and reopening",
    arguments: 1...(StoreTests.isSoak ? 100 : 6) as ClosedRange<UInt64>)
  func property(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    var model: [Int: [Int64: Double]] = [:]
    var opened: Store? = try open()
    for _ in 0..<20 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0...1:
        try await opened?.compact()
      case 2:
        await opened?.close()
        opened = nil
        let rollups = Resolution.allCases.filter { _ in Bool.random(using: &random) }
        let sealAfter = Int.random(in: 10...4_000, using: &random)
        opened = try open {
          $0.rollups = Set(rollups)
          $0.sealAfterSamples = sealAfter
        }
      case 3:
        let host = Int.random(in: 0..<3, using: &random)
        let start = Self.border + Int64.random(in: -200_000...200_000, using: &random) * Self.second
        let end = start + Int64.random(in: 0...40_000, using: &random) * Self.second
        let range = TimeRange(
          start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: end))
        try await opened?.delete([LabelMatcher(name: "host", .equal("\(host)"))], in: range)
        model[host] = model[host]?.filter { !(start...end).contains($0.key) }
      default:
        let host = Int.random(in: 0..<3, using: &random)
        let step = ([1, 10, 60, 300, 3600, 7] as [Int64]).randomElement(using: &random) ?? 1
        let tens = Int64.random(in: -20_000...20_000, using: &random)
        let start = Self.border + tens * 10 * Self.second
        let times = (0..<Int64.random(in: 1...1_500, using: &random)).map {
          start + $0 * step * Self.second
        }
        let kind = Int.random(in: 0..<8, using: &random)
        let points = Self.points(host, times) {
          switch kind {
          case 0: [.nan, .infinity, 1, -0.0].randomElement(using: &random) ?? 0
          case 1...3: Double(Int.random(in: 0...1_000, using: &random))
          case 4...5: Double(Int.random(in: -9_999...9_999, using: &random)) / 100
          default: random.normal()
          }
        }
        try await opened?.write(points)
        for (time, value) in zip(points.timestamps, points.values) {
          model[host, default: [:]][time] = value
        }
      }
      try Self.compare(try #require(opened), model, &random, areHours: false)
    }
    await opened?.close()
    opened = nil
    try await use { store in
      try await store.compact()
      #expect(store.statistics().parts % 3 == 0, "each part has two rollups")
      for _ in 0..<5 { try Self.compare(store, model, &random) }
      try await store.backup(to: directory.path + "/copy")
    }
    #expect(try StoreCheck(directory: directory.path + "/copy").damages.isEmpty)
    // What has outlived its retention is in no summary, also before its part is written again.
    let now = Timestamp(nanoseconds: Self.border + 100_000 * Self.second)
    for days in [2, 1] as [Int64] {
      model = model.mapValues { $0.filter { $0.key >= (now - .days(days)).nanoseconds } }
      try await use {
        $0.retention.period = .days(days)
      } _: { store in
        try await store.enforceRetention(now: now)
        for _ in 0..<5 { try Self.compare(store, model, &random) }
      }
    }
  }

  /// Makes a store with one part and one rollup, each of a day and several blocks.
  func makeDay() async throws {
    try await use {
      $0.rollups = [.fiveMinutes]
    } _: { store in
      var random = SeededGenerator(seed: 1)
      let times = (1...1_440).map { Self.border + $0 * 60 * Self.second }
      for host in 0..<40 { try await store.write(Self.points(host, times) { random.normal() }) }
      try await store.compact()
      #expect(store.statistics().parts == 2)
    }
  }

  /// All summaries of all series.
  static func summaries(_ store: Store, rollups: Resolution?) throws -> [[Summary]] {
    let snapshot = store.snapshot()
    let range = TimeRange(
      start: Timestamp(nanoseconds: border + 1),
      end: Timestamp(nanoseconds: border + 86_400 * second))
    var reader = snapshot.reader(in: range)
    var all: [[Summary]] = []
    for id in snapshot.series(passing: []) {
      all.append(try reader.summaries(of: id, by: .fiveMinutes, rollups: rollups))
    }
    return all
  }

  /// Flips a bit in the middle of the part that is the last but `skipped`.
  func damagePart(last skipped: Int) throws {
    let folder = directory.path + "/part"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .filter { $0.hasSuffix(".mdb") }
    let name = names[names.count - 1 - skipped]
    let url = URL(fileURLWithPath: folder + "/" + name)
    var bytes = try Data(contentsOf: url)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: url)
  }

  @Test("a rollup is read in the place of samples; damage in it is found, and samples mend it")
  func damage() async throws {
    try await makeDay()
    var expected: [[Summary]] = []
    try await use { store in
      expected = try Self.summaries(store, rollups: nil)
      #expect(try Self.summaries(store, rollups: .fiveMinutes) == expected)
    }
    try damagePart(last: 0)
    try await use { store in
      let samples = try Self.summaries(store, rollups: nil)
      #expect(samples == expected)
      #expect(throws: StoreError.self) {
        try Self.summaries(store, rollups: .fiveMinutes)
      }
    }
    #expect(try StoreCheck(directory: directory.path).damages.count == 1)
    let repaired = try StoreCheck(directory: directory.path, repair: true)
    #expect(repaired.damages.allSatisfy { $0.setAside != nil })
    #expect(repaired.sealedSamples == 40 * 1_440)
    let mended = try StoreCheck(directory: directory.path)
    #expect(mended.damages.isEmpty)
    try await use {
      $0.rollups = [.fiveMinutes]
    } _: { store in
      #expect(store.statistics().parts == 1)
      #expect(try Self.summaries(store, rollups: .fiveMinutes) == expected)
      try await store.compact()
      #expect(store.statistics().parts == 2)
      #expect(try Self.summaries(store, rollups: .fiveMinutes) == expected)
    }
    let whole = try StoreCheck(directory: directory.path)
    #expect(whole.damages.isEmpty)
    #expect(whole.blocks > mended.blocks + 1, "series lie across the ends of a rollup's blocks")
  }

  @Test("a part that is mended loses its rollups, and gets them anew")
  func mended() async throws {
    try await makeDay()
    try damagePart(last: 1)
    #expect(try StoreCheck(directory: directory.path, repair: true).damages.count == 1)
    #expect(try StoreCheck(directory: directory.path).damages.isEmpty)
    try await use { store in
      #expect(store.statistics().parts == 1)
      try await store.compact()
      #expect(store.statistics().parts == 3)
      let expected = try Self.summaries(store, rollups: nil)
      #expect(try Self.summaries(store, rollups: .fiveMinutes) == expected)
    }
  }

  @Test("compacting makes rollups what the options say")
  func options() async throws {
    try await makeDay()
    let bytes = try await size([.fiveMinutes])
    let none = try await size([])
    let again = try await size([.fiveMinutes])
    let both = try await size([.fiveMinutes, .hour])
    #expect(none < bytes && again == bytes && bytes < both)
  }

  /// Bytes of the parts when they have these rollups.
  func size(_ rollups: Set<Resolution>) async throws -> Int {
    var bytes = 0
    try await use {
      $0.rollups = rollups
    } _: { store in
      try await store.compact()
      #expect(store.statistics().parts == 1 + rollups.count)
      bytes = store.statistics().partBytes
    }
    return bytes
  }
}
