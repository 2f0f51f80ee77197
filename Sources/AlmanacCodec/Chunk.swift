public import AlmanacCore

/// Samples of one series as bytes that can be checked and read back to the last bit.
///
/// docs/format/chunk.md is the page of this format. In short: a byte of version and clock, the
/// number of samples, the clock (`Clock`), two bytes that say how values are written, hours
/// (`HourTable`), exceptions, the column of values (`ColumnHead`), CRC-32C of everything before.
public enum Chunk {
  /// The most samples of a chunk.
  public static let maximumCount = 8192
  /// The most bytes of a chunk; more are taken for damage.
  static let maximumSize = 1 << 18

  /// The low two bits of the first byte; 3 is left for versions that need more room.
  static let version: UInt8 = 2
  static let checksumSize = 4

  /// What can be known of a chunk without decoding it.
  public struct Header: Equatable, Sendable {
    /// The number of samples.
    public let count: Int
    /// The times of the first and of the last sample.
    public let range: TimeRange
    /// The bytes of the whole chunk.
    public let size: Int
  }

  /// How values are written: the low four bits of their head.
  enum Kind: Equatable {
    /// Integers n of decimals n / 10^exponent.
    case decimals(exponent: Int)
    /// The bits as integers.
    case bits
    /// `XORCodec`.
    case xor
    /// The bits, 8 bytes each, in a zstd frame.
    case zstd

    var code: UInt16 {
      switch self {
      case .decimals(let exponent): UInt16(exponent)
      case .bits: 13
      case .xor: 14
      case .zstd: 15
      }
    }

    init(code: UInt16) {
      switch code {
      case 0...UInt16(Decimals.maximumExponent): self = .decimals(exponent: Int(code))
      case 13: self = .bits
      case 14: self = .xor
      default: self = .zstd
      }
    }
  }

  /// Bits of the first byte beside version and clock.
  struct Flags: OptionSet {
    let rawValue: UInt8
    /// The head of the values is one byte: k of decimals up to 3, and `ColumnHead.shortCode`.
    static let shortHead = Flags(rawValue: 4)
    /// A byte of extras and parts follows the head.
    static let extras = Flags(rawValue: 8)
  }

  /// Parts that a chunk may have; the high bits of the byte of `ColumnHead.Extras`.
  struct Parts: OptionSet {
    let rawValue: UInt8
    static let exceptions = Parts(rawValue: 8)
    static let hours = Parts(rawValue: 16)
  }

  /// Everything before the column of values.
  struct Opening {
    let count: Int
    let clock: Clock
    let kind: Kind
    let head: ColumnHead
    let parts: Parts
    /// At the hours, if there are any, up to the checksum.
    let reader: ByteReader
  }

  /// Reads the header only; the checksum is not looked at.
  public static func header(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Header {
    let (_, count, clock, _) = try beginning(bytes)
    return Header(
      count: count,
      range: TimeRange(
        start: Timestamp(nanoseconds: clock.first), end: Timestamp(nanoseconds: clock.last)),
      size: bytes.count)
  }

  private static func beginning(
    _ bytes: UnsafeRawBufferPointer
  ) throws(CodecError) -> (flags: Flags, count: Int, clock: Clock, reader: ByteReader) {
    guard let base = bytes.baseAddress, bytes.count > checksumSize else {
      throw CodecError(.truncated, "a chunk of \(bytes.count) bytes")
    }
    guard bytes.count <= maximumSize else {
      throw CodecError(.malformed, "a chunk of \(bytes.count) bytes, more than \(maximumSize)")
    }
    var reader = ByteReader(base: base, end: bytes.count - checksumSize)
    let first = try reader.byte()
    guard first & 3 == version else {
      throw CodecError(.unknownFormat, "chunk version \(first & 3), this program knows \(version)")
    }
    let count = try reader.count(limit: maximumCount - 1) + 1
    let clock = try Clock(Int(first >> 4), count: count, from: &reader)
    return (Flags(rawValue: first), count, clock, reader)
  }

  /// Reads what stands before the values; the checksum is not looked at.
  static func opening(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Opening {
    var (flags, count, clock, reader) = try beginning(bytes)
    let isShort = flags.contains(.shortHead)
    let code = UInt16(try reader.littleEndian(isShort ? 1 : 2))
    let extras = flags.contains(.extras) ? try reader.byte() : 0
    let kind = Kind(code: isShort ? code & 3 : code & 15)
    let head =
      isShort
      ? try ColumnHead(shortCode: UInt8(code >> 2), extras: extras)
      : try ColumnHead(code: code >> 4, extras: extras)
    let parts = Parts(rawValue: extras)
    guard extras < 32, parts.isDisjoint(with: [.exceptions, .hours]) || kind.code < 13 else {
      throw CodecError(.malformed, "chunk values of kind \(kind) with parts \(extras)")
    }
    return Opening(
      count: count, clock: clock, kind: kind, head: head, parts: parts, reader: reader)
  }

  /// Throws where the checksum is not that of the bytes.
  public static func verify(_ bytes: UnsafeRawBufferPointer) throws(CodecError) {
    guard bytes.count > checksumSize else {
      throw CodecError(.truncated, "a chunk of \(bytes.count) bytes")
    }
    let end = bytes.count - checksumSize
    let stored = bytes.littleEndian(at: end, as: UInt32.self)
    let found = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    guard stored == found else {
      throw CodecError(.checksum, "chunk checksum \(stored), its bytes give \(found)")
    }
  }
}

extension Chunk {
  /// `samples` as a chunk.
  ///
  /// - Precondition: there are 1 to `maximumCount`.
  public static func encode(_ samples: Samples) -> [UInt8] {
    var bytes: [UInt8] = []
    var encoder = ChunkEncoder()
    samples.timestamps.withUnsafeBufferPointer { timestamps in
      samples.values.withUnsafeBufferPointer { values in
        encoder.encode(timestamps: timestamps, values: values, into: &bytes)
      }
    }
    return bytes
  }

  /// Verifies the checksum and decodes all samples.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Samples {
    let count = try header(bytes).count
    var decoder = ChunkDecoder()
    var timestamps = [Int64](repeating: 0, count: count)
    var values = [Double](repeating: 0, count: count)
    try timestamps.withUnsafeMutableBufferPointer { timestamps throws(CodecError) in
      try values.withUnsafeMutableBufferPointer { values throws(CodecError) in
        guard let times = timestamps.baseAddress, let values = values.baseAddress else { return }
        try decoder.decode(bytes, timestamps: times, values: values)
      }
    }
    return Samples(timestamps: timestamps, values: values)
  }

  /// Verifies the checksum and decodes all samples.
  public static func decode(_ bytes: [UInt8]) throws(CodecError) -> Samples {
    try bytes.withUnsafeBytes { pointer in
      Result { () throws(CodecError) in try decode(pointer) }
    }.get()
  }
}
