/// Reads numbers from memory that someone else owns; reading past the end is an error.
struct ByteReader {
  let base: UnsafeRawPointer
  private(set) var position: Int
  let end: Int

  /// A reader of the bytes from `position` to `end`.
  init(base: UnsafeRawPointer, position: Int = 0, end: Int) {
    self.base = base
    self.position = position
    self.end = end
  }

  /// How many bytes are left.
  var left: Int { end &- position }

  /// Where the next byte is.
  var pointer: UnsafeRawPointer { base + position }

  /// Goes on by `count` bytes.
  mutating func skip(_ count: Int) throws(CodecError) {
    guard count >= 0, count <= left else {
      throw CodecError(.truncated, "chunk ends \(count - left) bytes too early")
    }
    position &+= count
  }

  /// The next byte.
  mutating func byte() throws(CodecError) -> UInt8 {
    guard position < end else { throw CodecError(.truncated, "chunk ends too early") }
    defer { position &+= 1 }
    return base.load(fromByteOffset: position, as: UInt8.self)
  }

  /// The next `count` bytes, at most 8, the least significant first.
  mutating func littleEndian(_ count: Int) throws(CodecError) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(try byte()) << UInt64(8 * index) }
    return value
  }

  /// A number as `append(varint:)` writes it.
  mutating func varint() throws(CodecError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, through: 63, by: 7) {
      let next = try byte()
      if shift == 63, next > 1 { break }
      value |= UInt64(next & 127) << shift
      if next < 128 { return value }
    }
    throw CodecError(.malformed, "chunk has a number of more than 64 bits")
  }

  /// A varint that must not be above `limit`.
  mutating func count(limit: Int) throws(CodecError) -> Int {
    let value = try varint()
    guard value <= UInt64(limit) else {
      throw CodecError(.malformed, "chunk has a count of \(value), at most \(limit) can be")
    }
    return Int(value)
  }

  /// A number as `append(signed:)` writes it.
  mutating func signed() throws(CodecError) -> Int64 { Int64(zigzag: try varint()) }
}
