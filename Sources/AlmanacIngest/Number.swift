/// A number as a field writes it, read from bytes: floats rounded exactly, integers, unsigned.
///
/// What is accepted and what a refusal is called follow `scanNumber` of InfluxDB.
struct Number {
  /// The nearest Double.
  let value: Double
  /// Whether an integer was given that no Double holds.
  let isRounded: Bool
  /// Behind the last byte of the number.
  let end: UnsafeRawPointer

  @inline(__always)
  private init(_ value: Double, isRounded: Bool = false, end: UnsafeRawPointer) {
    self.value = value
    self.isRounded = isRounded
    self.end = end
  }

  /// Reads the number at `start`, which ends at a comma, a space or the end of the line.
  @inline(__always)
  init(at start: UnsafeRawPointer, before end: UnsafeRawPointer) throws(Fault) {
    // Plain digits with at most one point, 19 digits in all, no exponent: nearly every number.
    var p = start
    let isNegative = p < end && p.byte == UInt8(ascii: "-")
    if isNegative { p += 1 }
    var mantissa: UInt64 = 0
    let whole = p
    p = p.readDigits(into: &mantissa, before: end)
    var digits = p - whole
    var fraction = 0
    if p < end, p.byte == UInt8(ascii: ".") {
      let point = p + 1
      p = point.readDigits(into: &mantissa, before: end)
      fraction = p - point
      digits += fraction
    } else if p < end, digits > 0, digits <= 19, p.byte == UInt8(ascii: "i"),
      (p + 1).endsValue(before: end),
      mantissa <= UInt64(Int64.max)
    {
      let value = Double(Int64(bitPattern: isNegative ? 0 &- mantissa : mantissa))
      self.init(value, isRounded: !mantissa.fitsDouble, end: p + 1)
      return
    }
    guard digits > 0, digits <= 19, fraction <= 19, p.endsValue(before: end),
      let value = Double(mantissa: mantissa, exponent: -fraction)
    else {
      self = try Self.general(at: start, before: end)
      return
    }
    self.init(isNegative ? -value : value, end: p)
  }

  /// Reads up to seven digits and an `i`, or up to six and a point behind the first or a later one,
  /// before a space or a comma: most gauges and counts. Nil for all else.
  @inline(__always)
  static func short(at start: UnsafeRawPointer, before end: UnsafeRawPointer) -> Number? {
    guard end - start >= 9 else { return nil }
    let word = start.word
    let others = word.otherThanDigits
    let point = UInt64(truncatingIfNeeded: others.trailingZeroBitCount & ~7)
    guard point > 0, point < 64 else { return nil }
    let mark = UInt8(truncatingIfNeeded: word &>> point)
    if mark == UInt8(ascii: "i") {
      let p = start + Int(point >> 3) + 1
      guard p.byte == UInt8(ascii: " ") || p.byte == UInt8(ascii: ",") else { return nil }
      let digits = (word &- 0x3030_3030_3030_3030) &<< (64 &- point)
      return Number(Double(Int64(bitPattern: digits.eightDigits)), end: p)
    }
    guard mark == UInt8(ascii: ".") else { return nil }
    let rest = others & ~(0xFF &<< point)
    guard rest != 0 else { return nil }
    let bits = UInt64(truncatingIfNeeded: rest.trailingZeroBitCount & ~7)
    let p = start + Int(bits >> 3)
    guard p.byte == UInt8(ascii: " ") || p.byte == UInt8(ascii: ",") else { return nil }
    // Close the gap, then move the digits to the end, behind zeros.
    let whole: UInt64 = (1 &<< point) &- 1
    let digits = (word & whole) | ((word &>> 8) & ~whole)
    let mantissa = ((digits &- 0x3030_3030_3030_3030) &<< (72 &- bits)).eightDigits
    let fraction = Int((bits &- point) >> 3) - 1
    return Number(Double(Int64(bitPattern: mantissa)) / power(ofTen: fraction), end: p)
  }

  /// Reads any number, byte by byte.
  @inline(never)
  private static func general(
    at start: UnsafeRawPointer, before end: UnsafeRawPointer
  ) throws(Fault) -> Number {
    var p = start
    let isNegative = p < end && p.byte == UInt8(ascii: "-")
    if isNegative { p += 1 }
    var suffix: UInt8?
    var hasPoint = false
    var hasExponent = false
    var digits = 0
    while p < end, !p.endsValue(before: end) {
      let byte = p.byte
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        // A digit behind the suffix, as in 9i10.
        if suffix != nil { throw Fault(.invalidNumber, at: p) }
        digits += 1
      case UInt8(ascii: "."):
        if hasPoint || suffix != nil { throw Fault(.invalidNumber, at: p) }
        hasPoint = true
      case UInt8(ascii: "i"), UInt8(ascii: "u"):
        if suffix != nil || p == start { throw Fault(.invalidNumber, at: p) }
        suffix = byte
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        if p == start { throw Fault(.invalidNumber, at: p) }
        hasExponent = true
      case UInt8(ascii: "+"), UInt8(ascii: "-"):
        guard p > start, (p - 1).byte | 0x20 == UInt8(ascii: "e") else {
          throw Fault(.invalidNumber, at: p)
        }
      default:
        throw Fault(.invalidNumber, at: p)
      }
      p += 1
    }
    if digits == 0 || (suffix != nil && (hasPoint || hasExponent)) {
      throw Fault(.invalidNumber, at: start)
    }
    switch suffix {
    case UInt8(ascii: "i"):
      return try integer(at: start, to: p, isNegative: isNegative)
    case UInt8(ascii: "u"):
      if isNegative { throw Fault(.invalidNumber, at: start) }
      return try unsigned(at: start, to: p)
    default:
      guard let value = float(UnsafeRawBufferPointer(start: start, count: p - start)) else {
        throw Fault(.invalidFloat, at: start)
      }
      guard value.isFinite else { throw Fault(.floatRange, at: start) }
      return Number(value, end: p)
    }
  }

  private static func integer(
    at start: UnsafeRawPointer, to end: UnsafeRawPointer, isNegative: Bool
  ) throws(Fault) -> Number {
    let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
    guard
      let magnitude = (start + (isNegative ? 1 : 0)).exactDigits(before: end - 1),
      magnitude <= limit
    else { throw Fault(.integerRange(length: end - start - 1), at: start) }
    let value = Double(magnitude)
    return Number(
      isNegative && magnitude > 0 ? -value : value, isRounded: !magnitude.fitsDouble, end: end)
  }

  private static func unsigned(
    at start: UnsafeRawPointer, to end: UnsafeRawPointer
  ) throws(Fault) -> Number {
    guard let magnitude = start.exactDigits(before: end - 1) else {
      throw Fault(.unsignedRange(length: end - start - 1), at: start)
    }
    return Number(Double(magnitude), isRounded: !magnitude.fitsDouble, end: end)
  }

  /// The Double nearest to a decimal text, infinite where it is too large;
  /// nil where it is no number.
  static func float(_ text: UnsafeRawBufferPointer) -> Double? {
    var mantissa: UInt64 = 0
    var digits = 0
    var exponent = 0
    var index = 0
    var hasPoint = false
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative { index += 1 }
    var seen = 0
    while index < text.count {
      let byte = text[index]
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else if let digit = byte.digit {
        seen += 1
        if digits > 0 || digit > 0 { digits += 1 }
        if digits <= 19 { mantissa = mantissa &* 10 &+ digit }
        if hasPoint { exponent -= 1 }
      } else {
        break
      }
      index += 1
    }
    guard seen > 0 else { return nil }
    if index < text.count {
      guard text[index] | 0x20 == UInt8(ascii: "e") else { return nil }
      index += 1
      guard index < text.count else { return nil }
      let isSmall = text[index] == UInt8(ascii: "-")
      if isSmall || text[index] == UInt8(ascii: "+") { index += 1 }
      guard index < text.count else { return nil }
      var power = 0
      while index < text.count {
        guard let digit = text[index].digit else { return nil }
        if power < 1 << 40 { power = power * 10 + Int(digit) }
        index += 1
      }
      exponent += isSmall ? -power : power
    }
    if digits <= 19, let value = Double(mantissa: mantissa, exponent: exponent) {
      return isNegative ? -value : value
    }
    // The library's strtod: exact for any length, whatever the locale.
    return Double(String(decoding: text, as: UTF8.self))
  }
}

extension Double {
  /// `mantissa` times ten to the power of `exponent`, rounded once to the nearest Double; nil where
  /// 64 bits do not suffice to tell.
  @inline(__always)
  init?(mantissa: UInt64, exponent: Int) {
    if exponent == 0 || mantissa == 0 {
      self = Double(mantissa)
    } else if mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
      // Both factors are exact, so the one operation rounds once.
      let power = power(ofTen: exponent < 0 ? -exponent : exponent)
      self = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    } else if exponent < 0, exponent >= -19 {
      self.init(mantissa, over: wholePower(ofTen: -exponent))
    } else {
      return nil
    }
  }

  /// The quotient of two numbers above zero, rounded once to the nearest Double.
  @inline(__always)
  private init(_ numerator: UInt64, over denominator: UInt64) {
    let up = numerator.leadingZeroBitCount
    let down = denominator.leadingZeroBitCount
    let a = numerator << UInt64(up)
    let b = denominator << UInt64(down)
    // Both have their top bit set: a / b is between 1/2 and 2, and the quotient has 64 bits.
    let fits = a >= b
    let (quotient, rest) = b.dividingFullWidth(fits ? (a >> 1, a << 63) : (a, 0))
    // The last of the 64 bits says whether anything is left; rounding looks at it only for a tie.
    let sticky = quotient | (rest == 0 ? 0 : 1)
    let scale = down - up - (fits ? 63 : 64)
    self = Double(sticky) * Double(sign: .plus, exponentBitPattern: UInt(1023 + scale))
  }

  @inline(__always)
  private init(sign: FloatingPointSign, exponentBitPattern: UInt) {
    self.init(sign: sign, exponentBitPattern: exponentBitPattern, significandBitPattern: 0)
  }
}

// A switch becomes a table without the check of a global array that it was made.

/// 10^0 to 10^22, all of them exact.
@inline(__always)
private func power(ofTen exponent: Int) -> Double {
  switch exponent {
  case 0: 1e0
  case 1: 1e1
  case 2: 1e2
  case 3: 1e3
  case 4: 1e4
  case 5: 1e5
  case 6: 1e6
  case 7: 1e7
  case 8: 1e8
  case 9: 1e9
  case 10: 1e10
  case 11: 1e11
  case 12: 1e12
  case 13: 1e13
  case 14: 1e14
  case 15: 1e15
  case 16: 1e16
  case 17: 1e17
  case 18: 1e18
  case 19: 1e19
  case 20: 1e20
  case 21: 1e21
  default: 1e22
  }
}

extension UInt64 {
  /// Whether a Double holds this number exactly.
  @inline(__always)
  var fitsDouble: Bool {
    self <= 1 << 53 || leadingZeroBitCount + trailingZeroBitCount >= 11
  }
}
