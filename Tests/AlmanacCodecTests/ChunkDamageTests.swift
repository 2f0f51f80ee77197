import AlmanacCodec
import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct ChunkDamageTests {
  @Test("every flipped bit of a chunk is an error", arguments: Shape.allCases)
  func flippedBits(shape: Shape) throws {
    var random = SeededGenerator(seed: 1)
    let chunk = Chunk.encode(shape.samples(120, &random))
    for bit in 0..<chunk.count * 8 {
      var damaged = chunk
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: CodecError.self, "bit \(bit)") { try Chunk.decode(damaged) }
      #expect(throws: CodecError.self, "bit \(bit)") { try Self.hours(damaged) }
    }
  }

  @Test("every truncation of a chunk is an error", arguments: Shape.allCases)
  func truncation(shape: Shape) {
    var random = SeededGenerator(seed: 2)
    let chunk = Chunk.encode(shape.samples(150, &random))
    for count in 0..<chunk.count {
      let damaged = Array(chunk.prefix(count))
      #expect(throws: CodecError.self, "\(count) bytes") { try Chunk.decode(damaged) }
      #expect(throws: CodecError.self, "\(count) bytes") { try Self.hours(damaged) }
    }
  }

  @Test("a damaged chunk with the right checksum decodes or is an error", arguments: Shape.allCases)
  func resealed(shape: Shape) {
    for seed in 0..<150 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 1...(seed % 8 == 0 ? 2000 : 100), using: &random)
      var body = Array(Chunk.encode(shape.samples(count, &random)).dropLast(4))
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<body.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: body.remove(at: place)
        case 1: body.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 2: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default: body[min(place, 12) % body.count] = UInt8.random(in: 0...255, using: &random)
        }
        if body.isEmpty { body = [2] }
      }
      Self.expectNoTrap(body)
    }
  }

  @Test("random bytes with a right checksum decode or are an error")
  func garbage() {
    var random = SeededGenerator(seed: 5)
    for round in 0..<20_000 {
      let size = Int.random(in: 0...(round % 50 == 0 ? 5000 : 60), using: &random)
      var body = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      // A right version gets further.
      if !body.isEmpty { body[0] = body[0] & ~3 | 2 }
      Self.expectNoTrap(body)
    }
  }

  @Test("a chunk of more bytes than any can have is an error")
  func tooLarge() {
    var body = [UInt8](repeating: 0, count: 1 << 19)
    body[0] = 0xF2
    body.append(littleEndian: CRC32C.checksum(body))
    #expect(throws: CodecError.self) { try Chunk.decode(body) }
    #expect(throws: CodecError.self) { try Self.hours(body) }
  }

  /// Whatever comes out, it comes out, and times ascend.
  private static func expectNoTrap(_ body: [UInt8]) {
    var chunk = body
    chunk.append(littleEndian: CRC32C.checksum(body))
    if let samples = try? Chunk.decode(chunk) {
      #expect(zip(samples.timestamps, samples.timestamps.dropFirst()).allSatisfy { $0 < $1 })
    }
    _ = try? hours(chunk)
  }

  private static func hours(_ chunk: [UInt8]) throws -> [Summary]? {
    var decoder = ChunkDecoder()
    return try chunk.withUnsafeBytes { try decoder.hours($0) }
  }
}
