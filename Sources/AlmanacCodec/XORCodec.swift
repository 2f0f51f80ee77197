/// XOR coding of floating-point values, lossless to the last bit (NaN payloads and -0 too).
///
/// Pelkonen et al. (Gorilla, PVLDB 8, 2015), section 4.1.2: a value is XORed with the one before;
/// of the result only the meaningful bits are kept.
enum XORCodec {
  /// Bits that hold the number of leading zeros, capped at what fits.
  private static let leadingBits = 5
  private static let maximumLeading = 31
  /// Bits that hold the number of meaningful bits; 64 is written as 0.
  private static let lengthBits = 6

  /// Bits that `encode` needs at least.
  static func leastBits(_ values: UnsafeBufferPointer<Double>) -> Int {
    guard var previous = values.first?.bitPattern else { return 0 }
    var bits = 64 &- values.count
    for value in values {
      let difference = value.bitPattern ^ previous
      previous = value.bitPattern
      let window =
        66 &- difference.leadingZeroBitCount &- difference.trailingZeroBitCount
      bits &+= difference == 0 ? 1 : window
    }
    return bits
  }

  /// Writes all values.
  static func encode(_ values: UnsafeBufferPointer<Double>, into writer: inout BitWriter) {
    guard var previous = values.first?.bitPattern else { return }
    writer.write(previous, count: 64)
    // No window yet: a width of 65 is never wide enough to reuse.
    var leading = 65
    var trailing = 0
    for value in values.dropFirst() {
      let bits = value.bitPattern
      let difference = bits ^ previous
      previous = bits
      if difference == 0 {
        writer.write(0, count: 1)
        continue
      }
      let newLeading = min(difference.leadingZeroBitCount, maximumLeading)
      let newTrailing = difference.trailingZeroBitCount
      if newLeading >= leading, newTrailing >= trailing {
        writer.write(0b10, count: 2)
        writer.write(difference &>> UInt64(trailing), count: 64 &- leading &- trailing)
        continue
      }
      leading = newLeading
      trailing = newTrailing
      let length = 64 &- leading &- trailing
      writer.write(0b11, count: 2)
      writer.write(UInt64(leading), count: leadingBits)
      writer.write(UInt64(length & 63), count: lengthBits)
      writer.write(difference &>> UInt64(trailing), count: length)
    }
  }

  /// Fills `values` with bits of `count` values.
  static func decode(
    from reader: inout BitReader, into values: UnsafeMutablePointer<Int64>, count: Int
  ) throws(CodecError) {
    guard count > 0 else { return }
    var bits = reader.read(64)
    values[0] = Int64(bitPattern: bits)
    var length = 0
    var trailing = 0
    var index = 1
    while index < count {
      if reader.readBit() {
        if reader.readBit() {
          let leading = Int(reader.read(leadingBits))
          length = Int(reader.read(lengthBits))
          if length == 0 { length = 64 }
          trailing = 64 &- leading &- length
        }
        guard length > 0, trailing >= 0 else {
          throw CodecError(.malformed, "chunk value \(index) has an impossible bit window")
        }
        bits ^= reader.read(length) &<< UInt64(trailing)
      }
      values[index] = Int64(bitPattern: bits)
      index &+= 1
    }
    guard !reader.isExhausted else {
      throw CodecError(.truncated, "chunk ends before its \(count) values")
    }
  }
}
