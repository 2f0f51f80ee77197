import AlmanacCore
import AlmanacStore
import AlmanacTesting
import Logging
import Testing

@Suite struct StoreTests {
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
    options.mapSize = 1 << 30
    options.isReadOnly = readOnly
    options.sealAfterSamples = sealAfter
    return try Store(directory: directory.path, options: options, logger: logger)
  }

  static func key(_ metric: String, _ labels: (String, String)...) -> SeriesKey {
    SeriesKey(metric: metric, labels: Labels(labels))
  }

  static func contents(_ store: Store) throws -> [SeriesKey: Samples] {
    try store.read { snapshot throws(StoreError) in
      var all: [SeriesKey: Samples] = [:]
      for id in try snapshot.series(passing: []) {
        all[try snapshot.key(of: id)] = try snapshot.samples(of: id, in: .all)
      }
      return all
    }
  }

  @Test(
    "a store answers as a dictionary does, sealed or not, reopened or not",
    arguments: 0..<8 as Range<UInt64>)
  func modelBased(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    var model: [SeriesKey: [Int64: Double]] = [:]
    var opened: Store? = try open(sealAfter: 3_000)
    for _ in 0..<40 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0: try await opened?.compact()
      case 1:
        await opened?.close()
        opened = nil  // One process opens a directory once.
        opened = try open()
      default:
        let key = Self.key("m", ("host", "h\(Int.random(in: 0..<5, using: &random))"))
        var samples = Samples()
        let base = Int64.random(in: 0..<20_000, using: &random)
        for index in 0..<Int64(Int.random(in: 1..<900, using: &random)) {
          let time = base + index * Int64.random(in: 1...2, using: &random)
          samples.insert(time: time, value: Double(bitPattern: random.next()))
        }
        try await opened?.write(Points(key: key, samples: samples))
        for (time, value) in zip(samples.timestamps, samples.values) {
          model[key, default: [:]][time] = value
        }
      }
      let found = try Self.contents(try #require(opened))
      #expect(Set(found.keys) == Set(model.keys), "seed \(seed)")
      for (key, values) in model {
        let expected = values.sorted { $0.key < $1.key }
        #expect(
          found[key] == Samples(timestamps: expected.map(\.key), values: expected.map(\.value)),
          "seed \(seed)")
      }
    }
    // A few reads of parts, and the last sample of each.
    let store = try #require(opened)
    try await store.compact()
    try store.read { snapshot throws(StoreError) in
      for id in try snapshot.series(passing: []) {
        let all = try snapshot.samples(of: id, in: .all)
        for _ in 0..<20 {
          let range = TimeRange(
            start: Timestamp(nanoseconds: Int64.random(in: -10..<22_000, using: &random)),
            end: Timestamp(nanoseconds: Int64.random(in: -10..<22_000, using: &random)))
          #expect(try snapshot.samples(of: id, in: range) == all.inside(range), "seed \(seed)")
          let last = try snapshot.lastSample(of: id, in: range)
          #expect(last?.time == all.inside(range).timestamps.last, "seed \(seed)")
        }
      }
    }
  }

  @Test("matchers find what a scan over all series finds", arguments: 0..<20 as Range<UInt64>)
  func matchers(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let store = try open()
    let long = String(repeating: "long value ", count: 60)
    let values = ["", "a", "ab", "b", long + "1", long + "2"]
    var keys: Set<SeriesKey> = []
    for _ in 0..<60 {
      let labels = ["host", "pool", "dc"].map { ($0, values.randomElement(using: &random) ?? "") }
      keys.insert(
        SeriesKey(
          metric: ["cpu", "memory"].randomElement(using: &random) ?? "", labels: Labels(labels)))
    }
    for key in keys {
      try await store.write(Points(key: key, samples: Samples(timestamps: [1], values: [1])))
    }
    for _ in 0..<40 {
      let chosen = (0..<Int.random(in: 0...3, using: &random)).map { _ -> LabelMatcher in
        let name = ["host", "pool", "dc", "__name__", "none"].randomElement(using: &random) ?? ""
        let value = (values + ["cpu"]).randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return LabelMatcher(name: name, equals: value)
        case 1: return LabelMatcher(name: name) { $0 != value }
        case 2: return LabelMatcher(name: name) { $0.hasPrefix("a") }
        default: return LabelMatcher(name: name) { !$0.hasPrefix("a") }
        }
      }
      let expected = keys.filter { key in
        chosen.allSatisfy { matcher in
          matcher.matches(
            matcher.name == LabelMatcher.metricLabel ? key.metric : key.labels[matcher.name] ?? "")
        }
      }
      let found = try store.read { snapshot throws(StoreError) in
        var found: Set<SeriesKey> = []
        for id in try snapshot.series(passing: chosen) { found.insert(try snapshot.key(of: id)) }
        return found
      }
      #expect(found == expected, "seed \(seed)")
    }
    try store.read { snapshot throws(StoreError) in
      let expected = Set(keys.compactMap { $0.labels["host"] })
      #expect(Set(try snapshot.values(ofLabel: "host")) == expected, "seed \(seed)")
      #expect(try snapshot.values(ofLabel: "hos").isEmpty)
      #expect(try snapshot.labelNames().contains("__name__"))
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
            try store.read { snapshot throws(StoreError) in
              for id in try snapshot.series(passing: []) {
                let samples = try snapshot.samples(of: id, in: .all)
                #expect(samples.timestamps == Array(0..<Int64(samples.count)))
              }
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

  @Test("models are kept, listed, replaced and removed")
  func models() async throws {
    var opened: Store? = try open()
    try await opened?.putModel("b", [1, 2])
    try await opened?.putModel("a", [3])
    try await opened?.putModel("b", [4, 5, 6])
    await opened?.close()
    opened = nil
    let store = try open()
    let models = try store.read { snapshot throws(StoreError) in try snapshot.models() }
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
