public import AlmanacCore

/// Samples of one series as bytes that can be checked and read back to the last bit.
///
/// docs/format/chunk.md is the page of this format. Layout, little endian:
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | 1 | codec: 0 Gorilla, 1 Gorilla inside zstd |
/// | 2 | 1 | e: times are multiples of 10^e ns |
/// | 3 | 1 | 0 |
/// | 4 | 4 | number of samples, at least 1 |
/// | 8 | 4 | bytes of the payload before zstd |
/// | 12 | 8 | first time, ns |
/// | 20 | 8 | last time, ns |
/// | 28 | n | payload: times, filled to a byte, then values |
/// | 28 + n | 4 | CRC-32C of everything before |
public enum Chunk {
  /// What can be known of a chunk without decoding it.
  public struct Header: Equatable, Sendable {
    /// The number of samples.
    public let count: Int
    /// The times of the first and of the last sample.
    public let range: TimeRange
  }

  private static let version: UInt8 = 1
  private static let headerSize = 28
  private static let checksumSize = 4
  /// A chunk with more samples is taken for damage, before memory is asked for it.
  private static let maximumCount = 1 << 24

  private enum Codec: UInt8 {
    case gorilla = 0
    case gorillaZstd = 1
  }

  /// Encodes `samples`, with zstd on top where `isCold` and it makes the chunk smaller.
  ///
  /// - Precondition: there is at least one sample.
  public static func encode(_ samples: Samples, isCold: Bool) -> [UInt8] {
    guard let first = samples.timestamps.first, let last = samples.timestamps.last else {
      preconditionFailure("BUG: a chunk needs a sample")
    }
    let exponent = TimestampCodec.unitExponent(of: samples.timestamps)
    guard let unit = TimestampCodec.unit(exponent: exponent) else {
      preconditionFailure("BUG: unit exponent \(exponent)")
    }
    var payload: [UInt8] = []
    var times = BitWriter(capacity: samples.count / 4)
    TimestampCodec.encode(samples.timestamps, unit: unit, into: &times)
    times.finish(into: &payload)
    var values = BitWriter(capacity: samples.count * 8)
    XORCodec.encode(samples.values, into: &values)
    values.finish(into: &payload)

    let compressed = isCold ? Zstd.compress(payload, level: 3) : nil
    let codec = compressed == nil ? Codec.gorilla : .gorillaZstd
    let body = compressed ?? payload
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headerSize + body.count + checksumSize)
    bytes += [version, codec.rawValue, exponent, 0]
    bytes.append(littleEndian: UInt32(samples.count))
    bytes.append(littleEndian: UInt32(payload.count))
    bytes.append(littleEndian: UInt64(bitPattern: first))
    bytes.append(littleEndian: UInt64(bitPattern: last))
    bytes += body
    bytes.append(littleEndian: CRC32C.checksum(bytes))
    return bytes
  }

  /// Reads the header only; the checksum is not looked at.
  public static func header(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Header {
    guard bytes.count >= headerSize + checksumSize else {
      throw CodecError(.truncated, "a chunk has at least 32 bytes, this one \(bytes.count)")
    }
    guard bytes[0] == version else {
      throw CodecError(.unknownFormat, "chunk version \(bytes[0]), this program knows \(version)")
    }
    let count = Int(bytes.littleEndian(at: 4, as: UInt32.self))
    let first = Int64(bitPattern: bytes.littleEndian(at: 12, as: UInt64.self))
    let last = Int64(bitPattern: bytes.littleEndian(at: 20, as: UInt64.self))
    guard count > 0, count <= maximumCount, first <= last else {
      throw CodecError(.malformed, "chunk header with \(count) samples from \(first) to \(last)")
    }
    return Header(
      count: count,
      range: TimeRange(start: Timestamp(nanoseconds: first), end: Timestamp(nanoseconds: last)))
  }

  /// Verifies the checksum and decodes all samples.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Samples {
    let header = try header(bytes)
    let end = bytes.count - checksumSize
    let stored = bytes.littleEndian(at: end, as: UInt32.self)
    let found = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    guard stored == found else {
      throw CodecError(.checksum, "chunk checksum \(stored), its bytes give \(found)")
    }
    guard let codec = Codec(rawValue: bytes[1]), let unit = TimestampCodec.unit(exponent: bytes[2])
    else {
      throw CodecError(.unknownFormat, "chunk codec \(bytes[1]) with time unit \(bytes[2])")
    }
    let payloadSize = Int(bytes.littleEndian(at: 8, as: UInt32.self))
    // No sample takes more than 5 + 64 + 2 + 11 + 64 bits; a zstd bomb stops here.
    guard payloadSize <= 32 + header.count * 19 else {
      throw CodecError(.malformed, "chunk of \(header.count) samples with \(payloadSize) bytes")
    }
    let body = UnsafeRawBufferPointer(rebasing: bytes[headerSize..<end])
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: payloadSize + BitReader.padding, alignment: 8)
    defer { scratch.deallocate() }
    scratch.advanced(by: payloadSize).initializeMemory(
      as: UInt8.self, repeating: 0, count: BitReader.padding)
    switch codec {
    case .gorilla:
      guard body.count == payloadSize else {
        throw CodecError(.truncated, "chunk payload of \(body.count) bytes, not \(payloadSize)")
      }
      if let base = body.baseAddress { scratch.copyMemory(from: base, byteCount: payloadSize) }
    case .gorillaZstd:
      try Zstd.decompress(body, to: scratch, size: payloadSize)
    }
    return try samples(header, unit: unit, payload: scratch, size: payloadSize)
  }

  /// Verifies the checksum and decodes all samples.
  public static func decode(_ bytes: [UInt8]) throws(CodecError) -> Samples {
    try bytes.withUnsafeBytes { pointer in
      Result { () throws(CodecError) in try decode(pointer) }
    }.get()
  }

  private static func samples(
    _ header: Header, unit: Int64, payload: UnsafeMutableRawPointer, size: Int
  ) throws(CodecError) -> Samples {
    let count = header.count
    let first = header.range.start.nanoseconds
    guard first % unit == 0 else {
      throw CodecError(.malformed, "first chunk time is no multiple of its unit")
    }
    var reader = BitReader(base: UnsafeRawPointer(payload), byteCount: size)
    var timestamps = [Int64](repeating: 0, count: count)
    try timestamps.withUnsafeMutableBufferPointer { buffer throws(CodecError) in
      try TimestampCodec.decode(first: first, unit: unit, from: &reader, into: buffer)
    }
    reader.alignToByte()
    var values = [Double](repeating: 0, count: count)
    try values.withUnsafeMutableBufferPointer { buffer throws(CodecError) in
      try XORCodec.decode(from: &reader, into: buffer)
    }
    guard timestamps.last == header.range.end.nanoseconds else {
      throw CodecError(.malformed, "last chunk time differs from the header's")
    }
    return Samples(timestamps: timestamps, values: values)
  }
}
