import AlmanacCore
import AlmanacStore
import AlmanacTesting
import Logging
import Testing

@Suite struct LongChunkTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  @Test(
    "any range of long chunks and what was written later reads the same each time",
    arguments: UInt64(0)..<12)
  func ranges(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    var options = Store.Options()
    options.sealAfterSamples = 4_000_000
    let store = try Store(
      directory: directory.path, options: options, logger: Logger(label: "test"))
    var model: [SeriesKey: [Int64: Double]] = [:]
    for round in 0..<3 {
      for host in 0..<4 {
        let key = StoreTests.key("m", ("host", "\(host)"))
        // The first lot is long; later ones come behind it or lie over it.
        let count = round == 0 ? Int.random(in: 1...12_000, using: &random) : 40
        let first = round == 0 ? 0 : Int64.random(in: 0..<13_000, using: &random)
        let jitter: Int64 = host == 3 ? 1_000_000_000 : 0
        var value = 0.0
        var samples = Samples()
        for index in 0..<Int64(count) {
          value += Double(Int.random(in: 0...400, using: &random))
          if Int.random(in: 0..<2_000, using: &random) == 0 { value = 0 }
          let time = (first + index) * 15_000_000_000
          let moved = time + (jitter > 0 ? Int64.random(in: 0..<jitter, using: &random) : 0)
          _ = samples.append(time: moved, value: value)
          model[key, default: [:]][moved] = value
        }
        try await store.write(Points(key: key, samples: samples))
      }
      if round == 0 || Bool.random(using: &random) { try await store.compact() }
    }
    let snapshot = store.snapshot()
    for _ in 0..<20 {
      let start = Int64.random(in: -1_000..<13_000, using: &random) * 15_000_000_000
      let length = Int64.random(in: 0..<3_000, using: &random) * 15_000_000_000
      let range = TimeRange(
        start: Timestamp(nanoseconds: start + Int64.random(in: -1...1, using: &random)),
        end: Timestamp(nanoseconds: start + length))
      for _ in 0..<2 {
        var reader = snapshot.reader(in: range)
        for id in snapshot.series(passing: []) {
          let key = try #require(snapshot.key(of: id))
          let expected = try #require(model[key])
            .filter { range.contains(Timestamp(nanoseconds: $0.key)) }.sorted { $0.key < $1.key }
          #expect(
            try reader.samples(of: id)
              == Samples(timestamps: expected.map(\.key), values: expected.map(\.value)),
            "seed \(seed)")
        }
      }
    }
    await store.close()
  }
}
