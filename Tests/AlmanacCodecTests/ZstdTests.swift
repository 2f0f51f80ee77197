import AlmanacCodec
import Testing

@Suite struct ZstdTests {
  private let bytes = (0..<5000).map { UInt8($0 % 50) }

  @Test("what was compressed decompresses to the same bytes")
  func roundTrip() throws {
    let frame = try #require(Zstd.compress(bytes, level: 3))
    #expect(frame.count < bytes.count)
    #expect(try frame.withUnsafeBytes { try Zstd.decompress($0, limit: 5000) } == bytes)
  }

  @Test("a frame of more bytes than the limit is an error, and so is a damaged one")
  func damage() throws {
    let frame = try #require(Zstd.compress(bytes, level: 3))
    #expect(throws: CodecError.self) {
      try frame.withUnsafeBytes { try Zstd.decompress($0, limit: 4999) }
    }
    for count in 0..<frame.count {
      #expect(throws: CodecError.self, "\(count) bytes") {
        try frame.prefix(count).withUnsafeBytes { try Zstd.decompress($0, limit: 5000) }
      }
    }
  }

  @Test("bytes that do not become fewer are not compressed")
  func incompressible() {
    #expect(Zstd.compress([1, 2, 3], level: 3) == nil)
  }
}
