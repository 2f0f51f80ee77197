import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacIngest

/// Writes bodies whose lines come again, in other words, and with mistakes.
private struct BodyWriter {
  var generator: SeededGenerator

  private static let prefixes = [
    "m", "m,a=1", "m,a=1,b=2", "m,b=2,a=1", "cpu,host=h1", "cpu,host=h2", #"c\ pu,ho\,st=a\=b"#,
    "m,db=own", "m,a=x,db=b", "温度,場所=東京", #"m,a\\b=c\d"#, "m_v,a=1", "m,a=1,a=2", "m,a",
    "m,=1", "m,__name__=x", ",a=1", "m,a=\0",
  ]
  private static let fields = [
    "value", "v", "v", "w", "usage_user", "usage_system", "usage_user_x", #"a\ b"#, #"a\,b"#, "値",
    "", "a b", "\0",
  ]
  private static let values = [
    "1", "1.5", "-2.25", "17i", "3u", "t", "FALSE", "\"s\"", "\"a\nb\"", "1e3", "123456789.123",
    "x", "", "9007199254740993i", ".5", "5.", "1.2.3", "1234.567", "\"",
  ]
  private static let times = [
    " 1767225600000000000", " 1767225600000000000", " 1767225600000000001", "", " 5", " -5", " x",
    " 9223372036854775807", " 1767225600000000000 ",
  ]

  mutating func pick<T>(_ choices: [T], bad: Int) -> T {
    // The last ones are mistakes, which should be rare.
    let count = Int.random(in: 0..<20, using: &generator) == 0 ? choices.count : choices.count - bad
    return choices[Int.random(in: 0..<count, using: &generator)]
  }

  mutating func line() -> String {
    var text = pick(Self.prefixes, bad: 6)
    if Int.random(in: 0..<4, using: &generator) == 0 {
      text = "wide,host=h\(Int.random(in: 0..<200, using: &generator))"
    }
    var fields: [String] = []
    let count = pick([1, 1, 2, 3, 6, 40], bad: 1)
    for index in 0..<count {
      let name = count == 40 ? "f\(index % 30)" : pick(Self.fields, bad: 3)
      fields.append(name + "=" + pick(Self.values, bad: 8))
    }
    text += " " + fields.joined(separator: ",")
    return text + pick(Self.times, bad: 3)
  }

  mutating func body() -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 0..<60, using: &generator) {
      let again = pick([1, 1, 1, 12], bad: 0)
      let line = line()
      for _ in 0..<again { bytes += Array((line + pick(["\n", "\r\n", "\n#\n"], bad: 2)).utf8) }
    }
    if Int.random(in: 0..<3, using: &generator) == 0, !bytes.isEmpty {
      let position = Int.random(in: bytes.indices, using: &generator)
      bytes[position] = UInt8(truncatingIfNeeded: generator.next())
    }
    return bytes
  }
}

private func lines(_ cache: SeriesCache?, _ database: String? = nil) -> LineProtocol {
  LineProtocol(
    precision: .nanoseconds, now: Timestamp(nanoseconds: testNow), database: database,
    cache: cache)
}

@Suite("Series cache") struct SeriesCacheTests {
  @Test(
    "with the cache a body gives the same points and errors as without",
    arguments: UInt64(0)..<24, [UInt32.max, 7, 0])
  func sameResults(seed: UInt64, tagMask: UInt32) {
    var writer = BodyWriter(generator: SeededGenerator(seed: seed))
    let cache = SeriesCache(limit: [1 << 20, 20_000, 6_000][Int(seed % 3)], tagMask: tagMask)
    var ledger = Ledger()
    var known = 0
    for round in 0..<30 {
      let database = [nil, "a", "b"][round % 3]
      let bytes = writer.body()
      // Memory of exactly this size, so that a sanitizer sees a read behind it.
      let body = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
      defer { body.deallocate() }
      body.copyBytes(from: bytes)
      let plain = lines(nil, database).parse(UnsafeRawBufferPointer(body))
      let batch = lines(cache, database).parse(UnsafeRawBufferPointer(body))
      let shown = "seed \(seed): \(String(decoding: bytes, as: UTF8.self).debugDescription)"
      #expect(batch.errors == plain.errors, "\(shown)")
      #expect(ledger.points(of: batch) == plain.points, "\(shown)")
      #expect(batch.acceptedLines == plain.acceptedLines, "\(shown)")
      #expect(batch.rejectedLines == plain.rejectedLines, "\(shown)")
      #expect(batch.skippedStrings == plain.skippedStrings, "\(shown)")
      #expect(batch.roundedIntegers == plain.roundedIntegers, "\(shown)")
      #expect(batch.ids.count == batch.seriesCount && batch.cacheGeneration == 1)
      #expect(Set(batch.series).count == batch.seriesCount, "\(shown)")
      known += batch.ids.count { $0 != 0 }
      cache.learn(batch.lessons, ids: ledger.ids(of: batch))
      #expect(cache.bytes <= [1 << 20, 20_000, 6_000][Int(seed % 3)])
    }
    #expect(known > 50, "seed \(seed)")
  }

  @Test("lines that are read ahead are not what they seem", arguments: UInt64(0)..<20)
  func readingAhead(seed: UInt64) {
    var writer = BodyWriter(generator: SeededGenerator(seed: seed))
    let odd = [
      "\n", "# m,a=1 v=1 1\n", " m,b=2 v=1 1\n", "m s=\"\nwide,host=h7 v=1 1\n\",v=2 1\n",
      "m,a=\\ \\ x v=1 1\n", "wide,host=h8\n", "m\n", "m v=1 1\r\n", "m,a=b v= 1\n", "\t\n",
      "wide,host=h999999999999999 v=1 1\n", "m s=\"\n",
    ]
    let cache = SeriesCache()
    var ledger = Ledger()
    for round in 0..<4 {
      var text = ""
      for host in 0..<200 {
        text += "wide,host=h\(host) v=\(host) 1\n"
        if round > 0, Int.random(in: 0..<30, using: &writer.generator) == 0 {
          text += writer.pick(odd, bad: 1)
        }
      }
      text.removeLast(Int.random(in: 0..<20, using: &writer.generator))
      let batch = lines(cache).parse(Array(text.utf8))
      let plain = lines(nil).parse(Array(text.utf8))
      #expect(batch.errors == plain.errors, "seed \(seed)")
      #expect(ledger.points(of: batch) == plain.points, "seed \(seed)")
      #expect(batch.acceptedLines == plain.acceptedLines, "seed \(seed)")
      cache.learn(batch.lessons, ids: ledger.ids(of: batch))
    }
  }

  @Test("a known series has a number and no key, and nothing to teach")
  func knownSeries() {
    let cache = SeriesCache()
    let body = Array("m,b=1,a=2 v=1,w=2 1\nm,a=2,b=1 v=3 1\nm value=1 2".utf8)
    let first = lines(cache).parse(body)
    #expect(first.ids == [0, 0, 0] && first.seriesCount == 3)
    cache.learn(first.lessons, ids: [7, 9, 8])
    let second = lines(cache).parse(body)
    // One that is spelled in two ways is listed twice.
    #expect(second.ids == [7, 9, 7, 8])
    #expect(second.series == [0, 1, 2, 3] && second.values == first.values)
    #expect(second.keyBytes.isEmpty && second.keyEnds == [0, 0, 0, 0])
    #expect(second.lessons.isEmpty && !first.lessons.isEmpty)
  }

  @Test("a new field of a known prefix gets its key, known ones keep their numbers")
  func newFields() {
    let cache = SeriesCache()
    cache.learn(lines(cache).parse(Array("m,b=1,a=2 v=1,w=2".utf8)).lessons, ids: [1, 2])
    let batch = lines(cache).parse(Array(#"m,b=1,a=2 w=1,x\ y=2,v=3"#.utf8))
    #expect(batch.ids == [2, 0, 1])
    let labels = Labels([("a", "2"), ("b", "1")])
    #expect(Array(batch.key(1)) == SeriesKey(metric: "m_x y", labels: labels).encoded)
    cache.learn(batch.lessons, ids: [2, 3, 1])
    #expect(lines(cache).parse(Array(#"m,b=1,a=2 x\ y=2,v=1,w=1"#.utf8)).ids == [3, 1, 2])
  }

  @Test("the same prefix is another series in another database")
  func databases() {
    let cache = SeriesCache()
    let body = Array("m,a=1 v=1".utf8)
    for (index, database) in [nil, "a", "b", "m,a=1"].enumerated() {
      let batch = lines(cache, database).parse(body)
      #expect(batch.ids == [0])
      cache.learn(batch.lessons, ids: [UInt32(index + 1)])
    }
    for (index, database) in [nil, "a", "b", "m,a=1", ""].enumerated() {
      #expect(lines(cache, database).parse(body).ids == [UInt32(index % 4 + 1)])
    }
  }

  @Test("more fields than a prefix keeps are still read")
  func manyFields() {
    let cache = SeriesCache()
    var ledger = Ledger()
    let names = (0..<CacheHalf.fieldLimit + 50).map { "field_\($0)" }
    for order in [names, names.reversed(), names] {
      let text = "m,a=1 " + order.map { "\($0)=1" }.joined(separator: ",")
      let batch = lines(cache).parse(Array(text.utf8))
      #expect(ledger.points(of: batch) == parse(text).points)
      cache.learn(batch.lessons, ids: ledger.ids(of: batch))
    }
    let last = lines(cache).parse(Array("m,a=1 field_5=1,field_1060=1".utf8))
    #expect(last.ids.map { $0 != 0 } == [true, false])
  }

  @Test("what is used stays known while what is not is forgotten, in bounded memory")
  func halves() {
    let limit = 40_000
    let cache = SeriesCache(limit: limit)
    var ledger = Ledger()
    func write(_ text: String) -> [UInt32] {
      let batch = lines(cache).parse(Array(text.utf8))
      cache.learn(batch.lessons, ids: ledger.ids(of: batch))
      #expect(cache.bytes <= limit)
      return batch.ids
    }
    #expect(write("m,host=idle v=1") == [0])
    #expect(write("m,host=busy v=1,w=1") == [0, 0])
    #expect(write("m,host=idle v=1") == [1])
    for index in 0..<4000 {
      #expect(write("m,host=busy v=1") == [2])
      #expect(write("m,host=h\(index) v=1") == [0])
    }
    // The field that no line had for long came along.
    #expect(write("m,host=busy w=1") == [3])
    #expect(write("m,host=idle v=1") == [0])
    #expect(write("m,host=idle v=1") == [1])
    #expect(write("m,host=h3999 v=1") != [0])
  }

  @Test("what does not fit is not kept")
  func tooSmall() {
    for limit in [0, 100, 2000] {
      let cache = SeriesCache(limit: limit)
      let body = Array("m,a=\(String(repeating: "x", count: 1000)) v=1".utf8)
      cache.learn(lines(cache).parse(body).lessons, ids: [1])
      #expect(lines(cache).parse(body).ids == [0])
    }
  }

  @Test("250,000 series of short prefixes take less than 20 MB")
  func memory() {
    let cache = SeriesCache()
    for start in stride(from: 0, to: 250_000, by: 25_000) {
      let text = (start..<start + 25_000).map { "memory,host=h\($0 + 1_000_000) value=1\n" }
      let batch = lines(cache).parse(Array(text.joined().utf8))
      cache.learn(batch.lessons, ids: (1...25_000).map { UInt32(start + $0) })
    }
    #expect(cache.bytes < 20 << 20)
    #expect(lines(cache).parse(Array("memory,host=h1000000 value=1".utf8)).ids == [1])
    #expect(lines(cache).parse(Array("memory,host=h1249999 value=1".utf8)).ids == [250_000])
  }

  @Test("an invalidated cache knows nothing and learns nothing of before")
  func invalidation() {
    let cache = SeriesCache()
    let body = Array("m,a=1 v=1".utf8)
    let before = lines(cache).parse(body)
    #expect(before.cacheGeneration == 1 && cache.generation == 1)
    cache.learn(before.lessons, ids: [1])
    let between = lines(cache).parse(body)
    cache.invalidate()
    #expect(between.ids == [1] && between.cacheGeneration == 1 && cache.generation == 2)
    cache.learn(before.lessons, ids: [1])
    let after = lines(cache).parse(body)
    #expect(after.ids == [0] && after.cacheGeneration == 2)
    cache.learn(after.lessons, ids: [5])
    #expect(lines(cache).parse(body).ids == [5])
    let plain = lines(nil).parse(body)
    #expect(plain.cacheGeneration == 0 && plain.lessons.isEmpty)
  }

  @Test("parsers see right numbers while others learn and forget", arguments: [30_000, 1 << 20])
  func concurrency(limit: Int) async {
    let cache = SeriesCache(limit: limit)
    // The number of a series is that of its host: whoever knows one knows the right one.
    func body(_ generator: inout SeededGenerator) -> (text: [UInt8], hosts: [UInt32]) {
      let hosts = (0..<100).map { _ in UInt32.random(in: 1...2000, using: &generator) }
      return (Array(hosts.map { "m,host=h\($0) v=\($0) 1\n" }.joined().utf8), hosts)
    }
    let known = await withTaskGroup(of: Int.self) { group in
      for thread in 0..<4 {
        group.addTask {
          var generator = SeededGenerator(seed: UInt64(thread))
          var known = 0
          for round in 0..<400 {
            let (text, hosts) = body(&generator)
            let batch = lines(cache).parse(text)
            #expect(batch.values == hosts.map(Double.init))
            var ids = batch.ids
            for (index, series) in batch.series.enumerated() {
              if batch.ids[Int(series)] != 0 {
                known += 1
                #expect(batch.ids[Int(series)] == hosts[index])
              }
              ids[Int(series)] = hosts[index]
            }
            cache.learn(batch.lessons, ids: ids)
            if thread == 0, round % 100 == 99 { cache.invalidate() }
          }
          return known
        }
      }
      return await group.reduce(0, +)
    }
    #expect(known > 1000)
  }
}
