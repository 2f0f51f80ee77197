import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacCodec

@Suite struct ChunkFormatTests {
  @Test("the fixed tables stay as they are")
  func tables() {
    var bytes: [UInt8] = []
    for family in FixedTables.Family.allCases {
      for scale in 0..<FixedTables.scaleCount {
        let frequencies = FixedTables.frequencies(family, scale: scale)
        #expect(frequencies.reduce(0) { $0 + Int($1) } == Symbols.slots)
        #expect(frequencies[Symbols.escape] > 0)
        #expect(frequencies.allSatisfy { $0 < UInt16(Symbols.slots) })
        for frequency in frequencies { bytes.append(littleEndian: frequency) }
      }
    }
    #expect(CRC32C.checksum(bytes) == Self.tableChecksum)
  }

  private static let tableChecksum: UInt32 = 0xD940_A234

  @Test("powers of two are right to a few parts in 2^32")
  func powers() {
    #expect(FixedPoint.negativePower(0) == 1 << 32)
    #expect(FixedPoint.negativePower(1 << 16) == 1 << 31)
    #expect(FixedPoint.negativePower(40 << 16) == 0)
    #expect(abs(Int64(FixedPoint.negativePower(1 << 15)) - 3_037_000_500) < 4)
    #expect(FixedPoint.logarithm(1) == 0)
    #expect(FixedPoint.logarithm(1 << 63) == 63 * 256)
    #expect(FixedPoint.logarithm(3) == 405)
  }

  @Test("the bytes of format version 2 stay as they are")
  func golden() throws {
    for (samples, hex) in Self.chunks() {
      let found = Chunk.encode(samples)
        .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(found == hex)
      let bytes = stride(from: 0, to: hex.utf8.count, by: 2).compactMap {
        UInt8(hex.dropFirst($0).prefix(2), radix: 16)
      }
      #expect(try Chunk.decode(bytes) == samples)
    }
  }

  @Test("the bytes of larger chunks stay as they are")
  func goldenChecksum() {
    // Shapes that need no function of the C library and no zstd.
    let shapes: [Shape] = [
      .constant, .line, .integers, .sparse, .decimals, .manyDecimals, .counter, .multiples,
      .randomBits, .denormal,
    ]
    var random = SeededGenerator(seed: 11)
    var bytes: [UInt8] = []
    for shape in shapes {
      for count in [50, 500, 3000] { bytes += Chunk.encode(shape.samples(count, &random)) }
    }
    #expect(CRC32C.checksum(bytes) == 0x37B3_CB43)
  }

  private static func chunks() -> [(Samples, String)] {
    let start: Int64 = 1_788_220_800_000_000_000
    let second: Int64 = 1_000_000_000
    let noise: [Int64] = (0..<40).map { ($0 * 7919 + $0 * $0 * 104_729) % 23 }
    let regular = (0..<40).map { start + $0 * 10 * second }
    func samples(_ times: [Int64], _ value: (Int) -> Double) -> Samples {
      Samples(timestamps: times, values: times.indices.map(value))
    }
    return [
      (
        samples(Array(regular.prefix(1))) { _ in 15.5 },
        "e60048e400f5b602588b1205"
      ),
      (
        samples(regular) { _ in 42 },
        "462740054101f45417ddae9c"
      ),
      (
        samples(regular) { Double($0) * 3 },
        "4e2740054101f401000611b91134"
      ),
      (
        samples(regular) { Double(noise[$0]) / 10 },
        "422740054101311400010197bfbf87a9225dd2b4ef76cd7198ccff688599a64d0865b03bf7fe3c00"
      ),
      (
        samples(regular) { $0 % 9 == 8 ? .nan : Double(noise[$0] * noise[$0]) },
        "4a2740054101702508041000000000000000f87f1100110011000005f138b5a4be75127b57f841ce"
          + "6571a48cf16fe0832f50d407af4f63b06b06089cf38408a46bdc814da3102ee3c2802592c45f"
      ),
      (
        samples(regular.map { $0 + noise[Int(($0 - start) / second / 10)] }) { _ in -1 },
        "f627208080b8bffbd584d13180c8afa02584f8beeeac0b1e301400010197bfbf87a9225dd2b4ef76"
          + "cd7198ccff688599a64d0865b03bf40115d92355"
      ),
      (
        samples(regular) { 1 / Double($0 / 10 + 1) },
        "4a2740054101dd400280808080808080f07f0309ffffffffffffff0f09d5aad5aad5aad50a09a9d5"
          + "aad5aad5aa05b0b9ac39"
      ),
      (
        samples(regular) { 1 / Double($0 / 2 + 3) },
        "422740054101de403fd55555555555556dceaaaaaaaaaaaab5e9999999999999ad9a666666666666"
          + "7a71c71c71c71c744924924924924d3afc71c71c71c71db72bd0bd0bd0bd0db32edc48edc48eddbb"
          + "2842108421084db73dc8dc8dc8dc828fc0fc0fc0fc326b06b06b06b068888888888888b5e9e1e1e1"
          + "e1e1e1e84dfb204dfb2051a0d068341a0d21b58f929c1b5941f81f81f81f829e48aed87922bcf4b9"
          + "b4ba"
      ),
      (
        samples(Array(regular.prefix(3))) { [.pi, .pi, -.infinity][$0] },
        "4a02400541011d0604e7a5efddcac0b78340b0b4a1c4eafe9089800100171089561299"
      ),
    ]
  }

  @Test("checksums are those of RFC 3720, with the processor's instructions and without")
  func checksum() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    var random = SeededGenerator(seed: 1)
    for size in 0..<100 {
      let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(bytes.withUnsafeBytes { CRC32C.portableChecksum($0) } == CRC32C.checksum(bytes))
    }
  }
}
