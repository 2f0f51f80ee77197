internal import CCodec

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), with the processor's instructions where it has them.
///
/// Elsewhere eight bytes a step:
/// Kounavis and Berry, "Novel table lookup-based algorithms for high-performance CRC generation",
/// IEEE Transactions on Computers 57 (2008): slicing by eight.
public enum CRC32C {
  private static let polynomial: UInt32 = 0x82F6_3B78

  /// Eight tables of 256 entries, one after the other.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ polynomial : value >> 1 }
      tables[byte] = value
    }
    for byte in 0..<256 {
      for table in 1..<8 {
        let below = tables[(table - 1) * 256 + byte]
        tables[table * 256 + byte] = tables[Int(below & 0xFF)] ^ (below >> 8)
      }
    }
    return tables
  }()

  private static let hasInstructions = almanac_crc32c_available()

  /// The checksum of `bytes`.
  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    hasInstructions
      ? ~almanac_crc32c_update(~0, bytes.baseAddress, bytes.count) : portableChecksum(bytes)
  }

  /// The checksum of `bytes` by tables.
  static func portableChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { table in
      var crc: UInt32 = ~0
      var index = 0
      while index &+ 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let low = UInt32(truncatingIfNeeded: word) ^ crc
        let high = UInt32(truncatingIfNeeded: word &>> 32)
        let a = table[1792 &+ Int(low & 0xFF)] ^ table[1536 &+ Int((low &>> 8) & 0xFF)]
        let b = table[1280 &+ Int((low &>> 16) & 0xFF)] ^ table[1024 &+ Int(low &>> 24)]
        let c = table[768 &+ Int(high & 0xFF)] ^ table[512 &+ Int((high &>> 8) & 0xFF)]
        let d = table[256 &+ Int((high &>> 16) & 0xFF)] ^ table[Int(high &>> 24)]
        crc = a ^ b ^ c ^ d
        index &+= 8
      }
      while index < bytes.count {
        crc = table[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ (crc &>> 8)
        index &+= 1
      }
      return ~crc
    }
  }

  /// The checksum of `bytes`.
  public static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { checksum($0) }
  }
}
