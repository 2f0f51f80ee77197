import AlmanacCodec
import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct ChunkTests {
  @Test("a chunk decodes to the same bits", arguments: Shape.allCases)
  func roundTrip(shape: Shape) throws {
    for seed in 0..<100 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let limit = seed % 10 == 0 ? Chunk.maximumCount : 400
      let samples = shape.samples(Int.random(in: 1...limit, using: &random), &random)
      let chunk = Chunk.encode(samples)
      #expect(try Chunk.decode(chunk) == samples, "seed \(seed)")
      let header = try chunk.withUnsafeBytes { try Chunk.header($0) }
      #expect(header.count == samples.count)
      #expect(header.range.start == samples.firstTime)
      #expect(header.range.end == samples.lastTime)
      #expect(header.size == chunk.count)
    }
  }

  @Test("every number of samples works", arguments: [Shape.decimalWalk, .walk, .counter, .gaps])
  func counts(shape: Shape) throws {
    var random = SeededGenerator(seed: 3)
    for count in Array(1...70) + Array(1020...1030) + Array(8188...8192) {
      let samples = shape.samples(count, &random)
      #expect(try Chunk.decode(Chunk.encode(samples)) == samples, "\(count) samples")
    }
  }

  @Test("times at the ends of the range survive")
  func extremes() throws {
    let columns: [[Int64]] = [
      [.min, .max], [.min, -1, 0, 1, .max], [0], [.max], [.min], [.min, .min + 1, .min + 2],
      [.max - 2, .max - 1, .max], [-10_000_000_000, 0, 10_000_000_000],
      [.min, 0], [-1, .max], [0, .max], [.min / 2 - 1, .max / 2 + 1],
    ]
    for times in columns {
      let samples = Samples(timestamps: times, values: times.map(Double.init))
      #expect(try Chunk.decode(Chunk.encode(samples)) == samples, "\(times)")
    }
  }

  @Test("values at the ends of the integers survive")
  func extremeValues() throws {
    for bound in [0x1p49, 0x1p51, 0x1p53, 0x1p63, 1e308] {
      let values = (0..<300).map { $0 % 2 == 0 ? bound : 3 - bound }
      let samples = Samples(timestamps: values.indices.map(Int64.init), values: values)
      #expect(try Chunk.decode(Chunk.encode(samples)) == samples, "\(bound)")
    }
  }

  @Test("one encoder and one decoder serve many chunks, which may lie in one buffer")
  func reuse() throws {
    var random = SeededGenerator(seed: 9)
    var encoder = ChunkEncoder()
    var decoder = ChunkDecoder()
    var buffer: [UInt8] = []
    var pieces: [(samples: Samples, start: Int)] = []
    for round in 0..<200 {
      let shape = Shape.allCases[round % Shape.allCases.count]
      let samples = shape.samples(Int.random(in: 1...1500, using: &random), &random)
      pieces.append((samples, buffer.count))
      samples.timestamps.withUnsafeBufferPointer { times in
        samples.values.withUnsafeBufferPointer { values in
          encoder.encode(timestamps: times, values: values, into: &buffer)
        }
      }
    }
    for (index, piece) in pieces.enumerated() {
      let end = index + 1 < pieces.count ? pieces[index + 1].start : buffer.count
      let chunk = Array(buffer[piece.start..<end])
      #expect(chunk == Chunk.encode(piece.samples))
      var times = [Int64](repeating: 0, count: piece.samples.count)
      var values = [Double](repeating: 0, count: piece.samples.count)
      try decode(chunk, with: &decoder, &times, &values)
      #expect(Samples(timestamps: times, values: values) == piece.samples)
    }
  }

  private func decode(
    _ chunk: [UInt8], with decoder: inout ChunkDecoder, _ times: inout [Int64],
    _ values: inout [Double]
  ) throws {
    try times.withUnsafeMutableBufferPointer { times in
      try values.withUnsafeMutableBufferPointer { values in
        let timesBase = try #require(times.baseAddress)
        let valuesBase = try #require(values.baseAddress)
        try chunk.withUnsafeBytes {
          try decoder.decode($0, timestamps: timesBase, values: valuesBase)
        }
      }
    }
  }

  // MARK: Density

  static let start: Int64 = 1_780_272_000_000_000_000

  /// A walk of normal steps inside 0...100, rounded.
  static func gauge(
    _ count: Int, step: Double, decimals: Double, seconds: Int64, seed: UInt64
  ) -> Samples {
    var random = SeededGenerator(seed: seed)
    var level = 50.0
    let values = (0..<count).map { _ in
      level = min(100, max(0, level + step * random.normal()))
      return (level * decimals).rounded() / decimals
    }
    let times = (0..<Int64(count)).map { start + $0 * seconds * 1_000_000_000 }
    return Samples(timestamps: times, values: values)
  }

  @Test("a gauge of whole numbers takes 0.3 bytes a sample, hours included")
  func wholeGauge() {
    let bytes = (0..<20).reduce(0) { sum, seed in
      let samples = Self.gauge(4320, step: 1, decimals: 1, seconds: 10, seed: UInt64(seed))
      return sum + Chunk.encode(samples).count
    }
    #expect(Double(bytes) < 20 * 4320 * 0.3)
  }

  @Test("a gauge of two decimals takes little more than its entropy of 0.96 bytes")
  func decimalGauge() {
    for (count, limit) in [(4320, 0.98), (240, 1.04), (60, 1.17)] {
      let bytes = (0..<40).reduce(0) { sum, seed in
        let samples = Self.gauge(count, step: 0.5, decimals: 100, seconds: 60, seed: UInt64(seed))
        return sum + Chunk.encode(samples).count
      }
      #expect(Double(bytes) < 40 * limit * Double(count), "\(count) samples")
    }
  }

  @Test("constants and even counters take two dozen bytes, however many samples")
  func lines() {
    let times = (0..<8192).map { Self.start + Int64($0) * 10_000_000_000 }
    for slope in [0.0, 1, 17] {
      let values = times.indices.map { 4000 + slope * Double($0) }
      #expect(Chunk.encode(Samples(timestamps: times, values: values)).count < 24)
    }
  }
}
