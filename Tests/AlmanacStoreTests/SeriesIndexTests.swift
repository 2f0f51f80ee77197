import AlmanacCore
import AlmanacPattern
import AlmanacTesting
import Testing

@testable import AlmanacStore

@Suite("SeriesIndex")
struct SeriesIndexTests {
  static let long = String(repeating: "long value ", count: 60)
  static let names = ["host", "pool", "dc", "a", "é", "e\u{301}", long]
  static let values = [
    "", "", "a", "ab", "b", "ba", "é", "e\u{301}", "日本", "ÿ\u{10FFFF}", "x y=z,", long + "1",
    long + "2", long,
  ]
  static let metrics = ["cpu", "memory", "cpu_usage", "é"]
  static let patterns = [
    "a.*", "a|b", "", ".*", ".+", "[ab]+", "(?i)A.*", ".*b", ".*long.*", "é.*", "a?", "u1[0-9]",
    "u[0-9]+", "[^a].*", "long value .*1", "cpu.*", "b|", "日.", "u.*[02468]", "(a|b)b?",
  ]

  /// An index beside the plain list of what must be in it.
  struct Model {
    let index = SeriesIndex()
    var keys: [SeriesID: SeriesKey] = [:]
    var ids: [SeriesKey: SeriesID] = [:]
    var next: UInt64 = 1

    mutating func keep(_ key: SeriesKey, _ id: SeriesID) {
      keys[id] = key
      ids[key] = id
      next = id.rawValue + 1
    }

    mutating func forget(_ gone: [SeriesID]) {
      for id in gone { keys.removeValue(forKey: id).map { ids[$0] = nil } }
    }

    func all(_ matchers: [LabelMatcher]) -> [SeriesID] {
      keys.filter { _, key in
        matchers.allSatisfy { matcher in
          matcher.passes(SeriesIndexTests.value(of: matcher.name, in: key))
        }
      }.keys.sorted()
    }
  }

  static func value(of name: String, in key: SeriesKey) -> String {
    if name == SeriesKey.metricLabel { return key.metric }
    return key.labels.all.first { $0.name.utf8.elementsEqual(name.utf8) }?.value ?? ""
  }

  /// Distinct texts in order of bytes; the empty one is none.
  static func sorted(_ texts: some Sequence<String>) -> [[UInt8]] {
    Set(texts.map { Array($0.utf8) }).filter { !$0.isEmpty }
      .sorted { $0.lexicographicallyPrecedes($1) }
  }

  static func bytes(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

  static func randomKey(_ random: inout SeededGenerator) -> SeriesKey {
    var labels = names.filter { _ in Int.random(in: 0..<3, using: &random) > 0 }
      .map { ($0, values.randomElement(using: &random) ?? "") }
    if Bool.random(using: &random) { labels.append(("id", "u\(random.next() % 500)")) }
    return SeriesKey(
      metric: metrics.randomElement(using: &random) ?? "", labels: Labels(labels))
  }

  static func randomMatcher(_ random: inout SeededGenerator) throws -> LabelMatcher {
    let name =
      (names + ["id", "id", SeriesKey.metricLabel, "none"]).randomElement(using: &random) ?? ""
    func value() -> String {
      (values + metrics + ["u7", "u12", "none"]).randomElement(using: &random) ?? ""
    }
    let list = (0..<Int.random(in: 0...4, using: &random)).map { _ in value() }
    let pattern = try Pattern(patterns.randomElement(using: &random) ?? "")
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return LabelMatcher(name: name, .equal(value()))
    case 1: return LabelMatcher(name: name, .notEqual(value()))
    case 2: return LabelMatcher(name: name, .oneOf(list))
    case 3: return LabelMatcher(name: name, .noneOf(list))
    case 4: return LabelMatcher(name: name, .matches(pattern))
    default: return LabelMatcher(name: name, .notMatches(pattern))
    }
  }

  /// Compares all that can be asked with what a scan over the list finds.
  static func compare(_ model: Model, _ random: inout SeededGenerator) throws {
    let index = model.index
    #expect(index.count == model.keys.count)
    #expect(index.lastID == SeriesID(rawValue: model.next - 1))
    for (id, key) in model.keys {
      #expect(index.key(of: id) == key)
      #expect(key.encoded.withUnsafeBytes { index.find($0) } == id)
    }
    for _ in 0..<12 {
      let matchers = try (0..<Int.random(in: 0...4, using: &random)).map { _ in
        try randomMatcher(&random)
      }
      let expected = model.all(matchers)
      #expect(index.series(passing: matchers) == expected, "\(matchers)")
      if let few = index.fewSeries(passing: matchers, limit: 64) {
        #expect(few.map(\.id) == expected, "\(matchers)")
        #expect(few.map(\.key) == expected.map { model.keys[$0] }, "\(matchers)")
      }
      let keys = expected.compactMap { model.keys[$0] }
      let labels = keys.flatMap { $0.labels.all.map(\.name) }
      #expect(
        bytes(index.labelNames(passing: matchers))
          == sorted(labels + (keys.isEmpty ? [] : [SeriesKey.metricLabel])), "\(matchers)")
      let name = (names + ["id", SeriesKey.metricLabel]).randomElement(using: &random) ?? ""
      #expect(
        bytes(index.values(ofLabel: name, passing: matchers))
          == sorted(keys.map { value(of: name, in: $0) }), "\(name) \(matchers)")
    }
  }

  @Test(
    "finds what a scan over all series finds, while series come, go and are taken back",
    arguments: 0..<10 as Range<UInt64>)
  func property(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var model = Model()
    for _ in 0..<6 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        let part = Double.random(in: 0...1, using: &random)
        let gone = model.keys.keys.filter { _ in Double.random(in: 0...1, using: &random) < part }
        model.index.remove(gone + [SeriesID(rawValue: 0), SeriesID(rawValue: .max)])
        model.forget(gone)
        if let id = gone.first {
          #expect(!model.index.contains(id))
          #expect(model.index.key(of: id) == nil)
        }
      case 1:
        let last = UInt64.random(in: 0..<model.next, using: &random)
        model.index.truncate(to: SeriesID(rawValue: last))
        model.forget(model.keys.keys.filter { $0.rawValue > last })
        model.next = last + 1
      case 2:
        // At start: numbers with gaps.
        for _ in 0..<Int.random(in: 0..<100, using: &random) {
          let key = Self.randomKey(&random)
          guard model.ids[key] == nil else { continue }
          let gap = UInt64.random(in: 0...3_000, using: &random)
          let id = SeriesID(rawValue: model.next + gap)
          key.encoded.withUnsafeBytes { model.index.add($0, as: id) }
          model.keep(key, id)
        }
      default:
        for _ in 0..<Int.random(in: 0..<150, using: &random) {
          let key = Self.randomKey(&random)
          let known = model.ids[key]
          let (id, isNew) = key.encoded.withUnsafeBytes { bytes in
            Bool.random(using: &random)
              ? model.index.findOrAdd(bytes) : model.index.update { $0.findOrAdd(bytes) }
          }
          #expect(isNew == (known == nil))
          #expect(id == known ?? SeriesID(rawValue: model.next))
          if isNew { model.keep(key, id) }
        }
      }
      try Self.compare(model, &random)
    }
  }

  @Test("memory comes back when series come and go, and what stays is found")
  func churn() throws {
    let index = SeriesIndex()
    var highest = 0
    var live: [SeriesID] = []
    for round in 0..<20 {
      index.update { writer in
        for number in 0..<2_000 {
          let key = SeriesKey(
            metric: "cpu",
            labels: Labels([
              ("pod", "pod-\(round)-\(number)-" + String(repeating: "x", count: 200)),
              ("zone", "z\(number % 3)"),
            ]))
          live.append(key.encoded.withUnsafeBytes { writer.findOrAdd($0).id })
        }
      }
      // One in a hundred stays.
      index.remove(live.filter { $0.rawValue % 100 != 0 })
      live = live.filter { $0.rawValue % 100 == 0 }
      if round == 5 { highest = index.memoryBytes }
    }
    #expect(index.count == 400)
    #expect(index.memoryBytes < highest * 2)
    #expect(index.series(passing: []) == live)
    #expect(index.values(ofLabel: "pod", passing: []).count == 400)
    let zones = index.values(ofLabel: "zone", passing: [])
    #expect(zones == ["z0", "z1", "z2"])
    for id in live {
      let key = try #require(index.key(of: id))
      #expect(key.encoded.withUnsafeBytes { index.find($0) } == id)
      let pod = try #require(key.labels["pod"])
      #expect(index.series(passing: [LabelMatcher(name: "pod", .equal(pod))]) == [id])
    }
  }

  @Test("values that differ only far behind, or not at all before one ends, are in order")
  func order() {
    let index = SeriesIndex()
    let start = String(repeating: "s", count: 30_000)
    let values = [
      start + "b", start, start + "a", "ss", "s", "ssssssss", "sssssssss", "sssssss", start + "é",
    ]
    for (number, value) in values.enumerated() {
      let key = SeriesKey(metric: "m", labels: Labels([("l", value)]))
      _ = key.encoded.withUnsafeBytes { index.findOrAdd($0) }
      // Asked in between: the new ones are merged in.
      #expect(
        Self.bytes(index.values(ofLabel: "l", passing: []))
          == Self.sorted(values[...number]))
    }
  }

  @Test("a pattern finds the first and the last value that it may match")
  func ends() throws {
    let index = SeriesIndex()
    for number in 0..<100 {
      let key = SeriesKey(metric: "m", labels: Labels([("l", "u\(number)")]))
      _ = key.encoded.withUnsafeBytes { index.findOrAdd($0) }
    }
    for (text, count) in [("u1[0-9]", 10), ("u[0-9]", 10), ("u(10|99|5)", 3), ("u9.*", 11)] {
      let matcher = LabelMatcher(name: "l", .matches(try Pattern(text)))
      #expect(index.series(passing: [matcher]).count == count, "\(text)")
      let others = LabelMatcher(name: "l", .notMatches(try Pattern(text)))
      #expect(index.series(passing: [others]).count == 100 - count, "\(text)")
    }
  }

  @Test("cardinality counts as Prometheus does")
  func cardinality() {
    let index = SeriesIndex()
    for number in 0..<10 {
      let key = SeriesKey(
        metric: number < 7 ? "cpu" : "memory",
        labels: Labels([("host", "h\(number)"), ("dc", number < 4 ? "east" : "w")]))
      _ = key.encoded.withUnsafeBytes { index.findOrAdd($0) }
    }
    index.remove([SeriesID(rawValue: 10)])
    let found = index.cardinality(top: 2)
    typealias Entry = Cardinality.Entry
    #expect(found.seriesCount == 9)
    #expect(found.labelPairCount == 13)
    #expect(
      found.seriesCountByMetricName
        == [Entry(name: "cpu", count: 7), Entry(name: "memory", count: 2)])
    #expect(found.labelValueCountByLabelName.first == Entry(name: "host", count: 9))
    #expect(
      found.memoryInBytesByLabelName
        == [Entry(name: "__name__", count: 33), Entry(name: "dc", count: 21)])
    #expect(
      found.seriesCountByLabelValuePair
        == [Entry(name: "__name__=cpu", count: 7), Entry(name: "dc=w", count: 5)])
    #expect(index.cardinality(top: 0).seriesCountByMetricName.isEmpty)
  }

  @Test("few series are handed out where one value has no more of them than asked for")
  func few() {
    let index = SeriesIndex()
    for host in 0..<20 {
      let labels = Labels([("host", "h\(host)"), ("pool", host % 2 == 0 ? "even" : "odd")])
      let key = SeriesKey(metric: "m", labels: labels)
      _ = key.encoded.withUnsafeBytes { index.findOrAdd($0) }
    }
    let equal = { (name: String, value: String) in LabelMatcher(name: name, .equal(value)) }
    let found = { index.fewSeries(passing: $0, limit: 10)?.map(\.key.labels["host"]) }
    #expect(found([equal("host", "h3")]) == ["h3"])
    #expect(found([equal("host", "h3"), equal("__name__", "m")]) == ["h3"])
    #expect(found([equal("pool", "odd")])?.count == 10)
    #expect(found([equal("__name__", "m")]) == nil)
    #expect(found([LabelMatcher(name: "host", .notEqual("h3"))]) == nil)
    #expect(found([equal("host", "none")]) == [])
    #expect(found([]) == nil)
  }

  @Test("keys are handed out in the order asked for, those of missing series left out")
  func keys() {
    let index = SeriesIndex()
    for number in 0..<3_000 {
      let key = SeriesKey(metric: "m\(number)", labels: .none)
      _ = key.encoded.withUnsafeBytes { index.findOrAdd($0) }
    }
    index.remove([SeriesID(rawValue: 2)])
    let ids = (0...3_001 as ClosedRange<UInt64>).reversed().map(SeriesID.init(rawValue:))
    var found: [Int: String] = [:]
    index.withKeys(of: ids) { place, key in
      found[place] = SeriesKey(encoded: Array(key))?.metric
    }
    for (place, id) in ids.enumerated() {
      let isThere = id.rawValue >= 1 && id.rawValue <= 3_000 && id.rawValue != 2
      #expect(found[place] == (isThere ? "m\(id.rawValue - 1)" : nil))
    }
  }

  @Test("readers see whole series while a writer adds, removes and takes back")
  func concurrent() async throws {
    let index = SeriesIndex()
    let pattern = try Pattern("h[0-9]*7")
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for round in 0..<60 {
          index.update { writer in
            for number in 0..<200 {
              let key = SeriesKey(
                metric: "cpu",
                labels: Labels([("host", "h\(round * 200 + number)"), ("odd", "\(number % 2)")]))
              _ = key.encoded.withUnsafeBytes { writer.findOrAdd($0) }
            }
          }
          let last = index.lastID.rawValue
          if round % 3 == 0 {
            index.remove((last - 150...last - 60).map(SeriesID.init(rawValue:)))
          }
          if round % 5 == 0 { index.truncate(to: SeriesID(rawValue: last - 20)) }
        }
      }
      for reader in 0..<3 {
        group.addTask {
          for _ in 0..<120 {
            let matchers = [
              LabelMatcher(name: "host", .matches(pattern)), LabelMatcher(name: "odd", .equal("1")),
            ]
            let found = index.series(passing: reader == 0 ? matchers : [matchers[1]])
            #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 })
            index.withKeys(of: found) { _, bytes in
              let key = SeriesKey(encoded: Array(bytes))
              #expect(key?.metric == "cpu" && key?.labels.all.count == 2)
            }
            let hosts = index.values(ofLabel: "host", passing: [])
            #expect(zip(hosts, hosts.dropFirst()).allSatisfy { $0 < $1 })
            #expect(index.labelNames(passing: []).count <= 3)
            _ = index.cardinality(top: 3)
            _ = index.memoryBytes
          }
        }
      }
    }
    #expect(index.series(passing: []).count == index.count)
  }
}
