import AlmanacCodec
import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct ChunkTests {
  /// Ways in which real and unreal signals look.
  enum Shape: CaseIterable {
    case constant, integers, decimals, walk, special, randomBits, denormal
  }

  static func values(_ shape: Shape, count: Int, _ random: inout SeededGenerator) -> [Double] {
    var level = 50.0
    let special: [Double] = [
      .nan, -.nan, Double(nan: 7, signaling: false), Double(nan: 5, signaling: true), .infinity,
      -.infinity, 0, -0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -1,
    ]
    return (0..<count).map { _ in
      switch shape {
      case .constant: return 42.5
      case .integers: return Double(Int.random(in: 0...100, using: &random))
      case .decimals: return Double(Int.random(in: 0...10_000, using: &random)) / 100
      case .walk:
        level += random.normal()
        return level
      case .special: return special[Int.random(in: 0..<special.count, using: &random)]
      case .randomBits: return Double(bitPattern: random.next())
      case .denormal: return Double(bitPattern: random.next() & 0xFFFF_FFFF_FFFF)
      }
    }
  }

  static func samples(_ shape: Shape, _ random: inout SeededGenerator) -> Samples {
    let count = Int.random(in: 1...400, using: &random)
    let unit: Int64 = [1, 1_000, 1_000_000, 1_000_000_000].randomElement(using: &random) ?? 1
    let jitter: Int64 = [0, 1, 100, 1_000_000].randomElement(using: &random) ?? 0
    var time = Int64.random(in: -1_000_000...2_000_000, using: &random) * unit
    let times = (0..<count).map { _ in
      time += (60_000_000 + Int64.random(in: 0...jitter, using: &random)) * unit % (1 << 50) + unit
      return time
    }
    return Samples(timestamps: times, values: values(shape, count: count, &random))
  }

  @Test("a chunk decodes to the same bits", arguments: Shape.allCases, [true, false])
  func roundTrip(shape: Shape, isCold: Bool) throws {
    for seed in 0..<150 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let samples = Self.samples(shape, &random)
      let chunk = Chunk.encode(samples, isCold: isCold)
      #expect(try Chunk.decode(chunk) == samples, "seed \(seed)")
      let header = try chunk.withUnsafeBytes { try Chunk.header($0) }
      #expect(header.count == samples.count)
      #expect(header.range.start == samples.firstTime)
      #expect(header.range.end == samples.lastTime)
    }
  }

  @Test("times at the ends of the range survive")
  func extremes() throws {
    for times in [[Int64.min, Int64.max], [Int64.min, -1, 0, 1, Int64.max], [0], [Int64.max]] {
      let samples = Samples(timestamps: times, values: times.map(Double.init))
      #expect(try Chunk.decode(Chunk.encode(samples, isCold: false)) == samples)
    }
  }

  @Test("every flipped bit of a chunk is an error", arguments: [true, false])
  func flippedBits(isCold: Bool) throws {
    var random = SeededGenerator(seed: 1)
    let samples = Samples(
      timestamps: (0..<200).map { Int64($0) * 60_000_000_000 },
      values: Self.values(.decimals, count: 200, &random))
    let chunk = Chunk.encode(samples, isCold: isCold)
    for bit in 0..<chunk.count * 8 {
      var damaged = chunk
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: CodecError.self, "bit \(bit)") { try Chunk.decode(damaged) }
    }
  }

  @Test("every truncation of a chunk is an error")
  func truncation() {
    let samples = Samples(timestamps: [1, 2, 3, 7], values: [1, 2, 2, .nan])
    let chunk = Chunk.encode(samples, isCold: false)
    for count in 0..<chunk.count {
      #expect(throws: CodecError.self, "\(count) bytes") {
        try Chunk.decode(Array(chunk.prefix(count)))
      }
    }
  }

  @Test("a regular constant signal takes less than a bit and a half a sample")
  func density() {
    let samples = Samples(
      timestamps: (0..<1920).map { Int64($0) * 10_000_000_000 },
      values: [Double](repeating: 3, count: 1920))
    #expect(Chunk.encode(samples, isCold: false).count < 1920 * 3 / 8)
    #expect(Chunk.encode(samples, isCold: true).count < 120)
  }

  @Test("the bytes of format version 1 stay as they are")
  func golden() {
    let samples = Samples(
      timestamps: [
        1_788_220_800_000_000_000, 1_788_220_860_000_000_000, 1_788_220_925_000_000_000,
      ],
      values: [15.5, 14.0625, 3.25])
    let hex = Chunk.encode(samples, isCold: false)
      .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(hex == Self.goldenHex)
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
  }

  static let goldenHex =
    "0100090003000000100000000000f7db5709d11800a28bf67409d118"
    + "9e4140402f000000000000dc2e751331fbbcafef"
}
