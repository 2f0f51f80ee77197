import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct SamplesTests {
  @Test(
    "inserting in any order keeps time order and the last write", arguments: 0..<50 as Range<UInt64>
  )
  func insert(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var samples = Samples()
    var model: [Int64: Double] = [:]
    for _ in 0..<Int.random(in: 0..<200, using: &random) {
      let time = Int64.random(in: 0..<100, using: &random)
      let value = Double.random(in: 0..<1, using: &random)
      samples.insert(time: time, value: value)
      model[time] = value
    }
    let expected = model.sorted { $0.key < $1.key }
    #expect(samples.timestamps == expected.map(\.key), "seed \(seed)")
    #expect(samples.values == expected.map(\.value), "seed \(seed)")
  }

  @Test(
    "late samples merge as single inserts do, many or few, newest first or not",
    arguments: 0..<60 as Range<UInt64>)
  func mergeLate(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var merged = Samples(timestamps: [10, 20, 30], values: [1, 2, 3])
    var inserted = merged
    var late = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
      (
        time: Int64.random(in: 0..<40, using: &random),
        value: Double.random(in: 0..<1, using: &random)
      )
    }
    if seed % 2 == 0 { late.sort { $0.time > $1.time } }
    for (time, value) in late { inserted.insert(time: time, value: value) }
    merged.merge(late: late)
    #expect(merged == inserted, "seed \(seed)")
    let isTaken = merged.append(time: 5, value: 0)
    #expect(!isTaken)
  }

  @Test("merging prefers the newer side", arguments: 0..<50 as Range<UInt64>)
  func merge(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var model: [Int64: Double] = [:]
    var sides = [Samples(), Samples()]
    for side in 0..<2 {
      for _ in 0..<Int.random(in: 0..<40, using: &random) {
        let time = Int64.random(in: 0..<60, using: &random)
        let value = Double.random(in: 0..<1, using: &random)
        sides[side].insert(time: time, value: value)
        model[time] = value
      }
    }
    let merged = sides[0].merging(sides[1])
    let expected = model.sorted { $0.key < $1.key }
    #expect(merged.timestamps == expected.map(\.key), "seed \(seed)")
    #expect(merged.values == expected.map(\.value), "seed \(seed)")
  }

  @Test("a range takes both of its ends")
  func inside() {
    let samples = Samples(timestamps: [10, 20, 30, 40], values: [1, 2, 3, 4])
    let range = { (a: Int64, b: Int64) in
      samples.inside(
        TimeRange(start: Timestamp(nanoseconds: a), end: Timestamp(nanoseconds: b))
      ).timestamps
    }
    #expect(range(10, 40) == [10, 20, 30, 40])
    #expect(range(20, 30) == [20, 30])
    #expect(range(11, 19) == [])
    #expect(range(41, 50) == [])
    #expect(range(30, 20) == [])
  }

  @Test("a series key reads back from its bytes")
  func keys() {
    let key = SeriesKey(
      metric: "memory", labels: Labels([("host", "x"), ("dc", "eu-1"), ("empty", "")]))
    #expect(key.encoded == Array("memory\0dc\0eu-1\0host\0x\0".utf8))
    #expect(SeriesKey(encoded: key.encoded) == key)
    #expect(SeriesKey(encoded: Array("memory".utf8)) == nil)
    #expect(key.description == "memory<dc=eu-1,host=x>")
  }
}
