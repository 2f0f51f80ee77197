extension UInt8 {
  /// The value of a decimal digit.
  @inline(__always)
  var digit: UInt64? {
    let value = self &- UInt8(ascii: "0")
    return value < 10 ? UInt64(value) : nil
  }
}

extension UnsafeRawPointer {
  /// The byte here.
  @inline(__always)
  var byte: UInt8 { load(as: UInt8.self) }

  /// The eight bytes from here, the first one lowest.
  @inline(__always)
  var word: UInt64 { UInt64(littleEndian: loadUnaligned(as: UInt64.self)) }

  /// Whether a line ends here: at the end of the body, a newline or a carriage return before it.
  @inline(__always)
  func endsLine(before end: UnsafeRawPointer) -> Bool {
    guard self < end else { return true }
    return byte == UInt8(ascii: "\n")
      || (byte == UInt8(ascii: "\r")
        && (self + 1 == end || (self + 1).byte == UInt8(ascii: "\n")))
  }

  /// Whether a field's value ends here: at a comma, a space or the end of the line.
  @inline(__always)
  func endsValue(before end: UnsafeRawPointer) -> Bool {
    guard self < end else { return true }
    return byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ") || endsLine(before: end)
  }

  /// Appends the decimal digits from here to `number`, modulo 2^64; returns where they end.
  @inline(__always)
  func readDigits(into number: inout UInt64, before end: UnsafeRawPointer) -> UnsafeRawPointer {
    var p = self
    while end - p >= 8 {
      let word = p.word
      let others = word.otherThanDigits
      if others == 0 {
        number = number &* 100_000_000 &+ (word &- 0x3030_3030_3030_3030).eightDigits
        p += 8
        continue
      }
      // Move the digits to the end, behind zeros.
      let bits = UInt64(truncatingIfNeeded: others.trailingZeroBitCount & ~7)
      let digits = ((word &- 0x3030_3030_3030_3030) &<< 8) &<< (56 &- bits)
      number = number &* wholePower(ofTen: Int(bits >> 3)) &+ (bits == 0 ? 0 : digits.eightDigits)
      return p + Int(bits >> 3)
    }
    while p < end, let digit = p.byte.digit {
      number = number &* 10 &+ digit
      p += 1
    }
    return p
  }

  /// The number made of the digits from here to `end`, or nil where it needs more than 64 bits.
  func exactDigits(before end: UnsafeRawPointer) -> UInt64? {
    var number: UInt64 = 0
    var p = self
    while p < end, let digit = p.byte.digit {
      let (scaled, over) = number.multipliedReportingOverflow(by: 10)
      let (sum, over2) = scaled.addingReportingOverflow(digit)
      if over || over2 { return nil }
      number = sum
      p += 1
    }
    return number
  }
}

extension UInt64 {
  /// Not zero in bytes that are no digits, though maybe also in some above such a one.
  @inline(__always)
  var otherThanDigits: UInt64 {
    let high: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
    let digit: UInt64 = 0x3030_3030_3030_3030
    return ((self & high) ^ digit) | (((self &+ 0x0606_0606_0606_0606) & high) ^ digit)
  }

  /// The number that these eight digits are, each a byte from 0 to 9, the first one lowest.
  @inline(__always)
  var eightDigits: UInt64 {
    // Pairs, then fours, then eight: Daniel Lemire, "Quickly parsing eight digits".
    let pairs = (self &* 10) &+ (self >> 8)
    let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let high = ((pairs >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (low &+ high) >> 32
  }
}

/// 10^0 to 10^19.
/// A switch becomes a table without the check of a global array that it was made.
@inline(__always)
func wholePower(ofTen exponent: Int) -> UInt64 {
  switch exponent {
  case 0: 1
  case 1: 10
  case 2: 100
  case 3: 1_000
  case 4: 10_000
  case 5: 100_000
  case 6: 1_000_000
  case 7: 10_000_000
  case 8: 100_000_000
  case 9: 1_000_000_000
  case 10: 10_000_000_000
  case 11: 100_000_000_000
  case 12: 1_000_000_000_000
  case 13: 10_000_000_000_000
  case 14: 100_000_000_000_000
  case 15: 1_000_000_000_000_000
  case 16: 10_000_000_000_000_000
  case 17: 100_000_000_000_000_000
  case 18: 1_000_000_000_000_000_000
  default: 10_000_000_000_000_000_000
  }
}
