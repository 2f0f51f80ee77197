import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacCodec

@Suite struct ChunkRangeTests {
  /// Decodes what lies inside `range`.
  static func decode(
    _ chunk: [UInt8], inside range: TimeRange, _ marks: inout ChunkMarks,
    with decoder: inout ChunkDecoder
  ) throws -> Samples {
    let count = try chunk.withUnsafeBytes { try Chunk.header($0) }.count
    var times = [Int64](repeating: 7, count: count)
    var values = [Double](repeating: 7, count: count)
    let bounds = try times.withUnsafeMutableBufferPointer { times in
      try values.withUnsafeMutableBufferPointer { values in
        let timesBase = try #require(times.baseAddress)
        let valuesBase = try #require(values.baseAddress)
        return try chunk.withUnsafeBytes {
          try decoder.decode(
            $0, inside: range, marks: &marks, timestamps: timesBase, values: valuesBase)
        }
      }
    }
    return Samples(timestamps: Array(times[bounds]), values: Array(values[bounds]))
  }

  /// A range that begins and ends at samples, next to them or far away.
  static func range(_ samples: Samples, _ random: inout SeededGenerator) -> TimeRange {
    func time(_ random: inout SeededGenerator) -> Timestamp {
      switch Int.random(in: 0..<12, using: &random) {
      case 0: return Timestamp(nanoseconds: .min)
      case 1: return Timestamp(nanoseconds: .max)
      default:
        let at = samples.timestamps.randomElement(using: &random) ?? 0
        return Timestamp(nanoseconds: at + Int64.random(in: -1...1, using: &random))
      }
    }
    return TimeRange(start: time(&random), end: time(&random))
  }

  @Test("what lies inside a range has the bits of the whole chunk", arguments: Shape.allCases)
  func ranges(shape: Shape) throws {
    var decoder = ChunkDecoder()
    for seed in 0..<30 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let limits = [1...3, 4...1023, 1024...1300, 1301...Chunk.maximumCount]
      let limit = limits.randomElement(using: &random) ?? 1...3
      let samples = shape.samples(Int.random(in: limit, using: &random), &random)
      let chunk = Chunk.encode(samples)
      var kept = ChunkMarks()
      for round in 0..<20 {
        let range = Self.range(samples, &random)
        var none = ChunkMarks()
        let expected = samples.inside(range)
        let found = try Self.decode(chunk, inside: range, &none, with: &decoder)
        #expect(found == expected, "seed \(seed), round \(round)")
        let again = try Self.decode(chunk, inside: range, &kept, with: &decoder)
        #expect(again == expected, "seed \(seed), round \(round), \(kept.count) marks")
      }
    }
  }

  @Test("every predictor of long columns can begin at a mark")
  func predictors() throws {
    var decoder = ChunkDecoder()
    var found: Set<Int> = []
    for shape in Shape.allCases {
      var random = SeededGenerator(seed: 4)
      let times = (0..<3000).map { Int64($0) * 15_000_000_000 }
      let samples = Samples(timestamps: times, values: shape.values(3000, &random))
      let chunk = Chunk.encode(samples)
      let opening = try chunk.withUnsafeBytes { try Chunk.opening($0) }
      var marks = ChunkMarks()
      for first in [0, 511, 512, 600, 2999, 2561] {
        let range = TimeRange(
          start: Timestamp(nanoseconds: times[first]), end: Timestamp(nanoseconds: .max))
        let samples = samples.inside(range)
        #expect(try Self.decode(chunk, inside: range, &marks, with: &decoder) == samples)
        #expect(first > 511 || marks.isEmpty)
      }
      let isColumn = opening.kind.code < 14
      let isMarked = isColumn && opening.head.isInterleaved(count: 3000)
      #expect(marks.count == (isMarked ? 11 : 0), "\(shape)")
      if isMarked { found.insert(opening.head.predictor.rawValue) }
    }
    #expect(found.isSuperset(of: [0, 1, 3]), "\(found)")
  }

  @Test(
    "damage is an error in any range", arguments: [Shape.decimalWalk, .counter, .noise, .spikes])
  func damage(shape: Shape) throws {
    var random = SeededGenerator(seed: 6)
    var decoder = ChunkDecoder()
    let samples = shape.samples(2000, &random)
    let chunk = Chunk.encode(samples)
    var marks = ChunkMarks()
    let end = TimeRange(start: Timestamp(nanoseconds: samples.timestamps[1900]), end: .max)
    _ = try Self.decode(chunk, inside: end, &marks, with: &decoder)
    for _ in 0..<500 {
      var damaged = chunk
      let bit = Int.random(in: 0..<chunk.count * 8, using: &random)
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: CodecError.self) {
        var other = marks
        _ = try Self.decode(damaged, inside: end, &other, with: &decoder)
      }
      // With a right checksum, and marks of another chunk, whatever comes out comes out.
      var body = Array(damaged.dropLast(4))
      body.append(littleEndian: CRC32C.checksum(body))
      for given in [marks, ChunkMarks()] {
        var given = given
        _ = try? Self.decode(body, inside: end, &given, with: &decoder)
      }
    }
  }
}

extension Timestamp {
  fileprivate static var max: Timestamp { Timestamp(nanoseconds: .max) }
}
