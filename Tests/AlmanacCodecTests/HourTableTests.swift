import AlmanacCodec
import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct HourTableTests {
  private static func hours(_ samples: Samples) throws -> [Summary]? {
    var decoder = ChunkDecoder()
    return try Chunk.encode(samples).withUnsafeBytes { try decoder.hours($0) }
  }

  @Test(
    "the hours of a chunk are those of its samples to the bit",
    arguments: [
      Shape.integers, .decimals, .decimalWalk, .counter, .multiples, .negative, .manyDecimals,
      .sparse, .huge, .spikes, .walk, .gaps,
    ])
  func equality(shape: Shape) throws {
    for seed in 0..<60 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let samples = shape.samples(Int.random(in: 1...3000, using: &random), &random)
      if let hours = try Self.hours(samples) {
        #expect(hours == samples.summaries(of: .hour), "seed \(seed)")
      }
    }
  }

  @Test("ten-second samples have hours, regular or not", arguments: [false, true])
  func present(isIrregular: Bool) throws {
    for decimals in [1.0, 100, 1000] {
      let regular = ChunkTests.gauge(4320, step: 1, decimals: decimals, seconds: 10, seed: 4)
      var samples = Samples()
      for (index, time) in regular.timestamps.enumerated() where !isIrregular || index % 90 != 7 {
        samples.insert(time: time, value: regular.values[index])
      }
      let hours = try #require(try Self.hours(samples))
      #expect(hours == samples.summaries(of: .hour))
      #expect(hours.count == 13)
    }
  }

  @Test("an hour without samples between others is no hour of the chunk")
  func pause() throws {
    let times = (0..<2000).map { Int64($0 < 900 ? $0 : $0 + 3000) * 10_000_000_000 }
    let samples = Samples(timestamps: times, values: times.indices.map { Double($0 % 7) })
    let hours = try #require(try Self.hours(samples))
    #expect(hours == samples.summaries(of: .hour))
    #expect(hours.map(\.end).contains(5 * Resolution.hour.length) == false)
  }

  @Test("the hours at the ends of time are right")
  func ends() throws {
    for start in [Int64.min, Int64.max - 999 * 10_000_000_000] {
      let times = (0..<1000).map { start + Int64($0) * 10_000_000_000 }
      let samples = Samples(timestamps: times, values: times.indices.map { Double($0 * $0 % 101) })
      #expect(try Self.hours(samples) == samples.summaries(of: .hour))
    }
  }

  @Test("sparse hours, lines, exceptions and fractions have no table")
  func absent() throws {
    let minutes = ChunkTests.gauge(600, step: 1, decimals: 1, seconds: 60, seed: 1)
    #expect(try Self.hours(minutes) == nil)
    let times = ChunkTests.gauge(720, step: 1, decimals: 1, seconds: 10, seed: 1).timestamps
    for shape in [Shape.constant, .line, .walk, .gaps] {
      var random = SeededGenerator(seed: 1)
      let samples = Samples(timestamps: times, values: shape.values(720, &random))
      #expect(try Self.hours(samples) == nil)
    }
  }
}
