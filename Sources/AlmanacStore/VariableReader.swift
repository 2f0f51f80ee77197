internal import AlmanacCodec

/// Reads what `append(varint:)` writes: unsigned integers of seven bits a byte, low bits first. Past
/// the end there are zeros.
struct VariableReader {
  private let bytes: UnsafeRawBufferPointer
  private let end: Int
  private(set) var position: Int

  /// A reader of the bytes from `start` up to `end`.
  init(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) {
    precondition(start >= 0 && end <= bytes.count, "BUG: reader out of bounds")
    self.bytes = bytes
    self.end = end
    position = start
  }

  @inline(__always)
  mutating func next() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 64 {
      let byte = bytes[position]
      position &+= 1
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { break }
      shift &+= 7
    }
    return value
  }

  @inline(__always)
  mutating func nextZigzag() -> Int64 {
    Int64(zigzag: next())
  }

  /// The next `count` bytes, or nil where there are not so many.
  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= end - position else { return nil }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }
}
