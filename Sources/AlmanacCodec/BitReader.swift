/// Reads bits, most significant first, from memory that someone else owns.
///
/// Reading past the end gives zero bits and is noticed by `isExhausted`: loops check once a value
/// instead of once a bit. The memory must be readable for `padding` bytes past the end.
struct BitReader: ~Copyable {
  /// Bytes after the end that must be readable.
  static let padding = 16

  private let base: UnsafeRawPointer
  private let bitCount: Int
  private var position = 0

  /// A reader of `byteCount` bytes at `base`, followed by `padding` readable zero bytes.
  init(base: UnsafeRawPointer, byteCount: Int) {
    self.base = base
    bitCount = byteCount &* 8
  }

  /// Whether more bits were read than there are.
  var isExhausted: Bool { position > bitCount }

  /// Bytes that were read from, the last one perhaps in part.
  var byteCount: Int { (position &+ 7) &>> 3 }

  /// The next `count` bits, 0 to 64.
  @inline(__always)
  mutating func read(_ count: Int) -> UInt64 {
    guard count > 0, position <= bitCount else { return 0 }
    let offset = position &>> 3
    let shift = position & 7
    let word = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    position &+= count
    if count &+ shift <= 64 {
      return (word &<< UInt64(shift)) &>> UInt64(64 &- count)
    }
    let extra = count &+ shift &- 64
    let next = UInt64(base.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt8.self))
    let high = (word &<< UInt64(shift)) &>> UInt64(64 &- count)
    return high | (next &>> UInt64(8 &- extra))
  }

  /// The next bit.
  @inline(__always)
  mutating func readBit() -> Bool { read(1) == 1 }

  /// How many of the next at most `limit` bits are one; a following zero bit is consumed.
  @inline(__always)
  mutating func readOnes(limit: Int) -> Int {
    var ones = 0
    while ones < limit, readBit() { ones &+= 1 }
    return ones
  }
}
