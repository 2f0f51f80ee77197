internal import AlmanacCore

/// Numbers as decimal text, written into bytes that are there already.
///
/// Words of 8 bytes are stored at once, so what follows a text is overwritten: a caller has room
/// for `DecimalText.room` bytes behind the position.
enum DecimalText {
  /// The longest text, `-2.2250738585072014e-308`, and a word.
  static let room = 32

  /// The most digits behind the point that are tried before Swift's own printing.
  private static let maximumFraction = 6

  /// Powers of ten that a Double holds exactly.
  @inline(__always)
  fileprivate static func power(_ exponent: Int) -> Double {
    switch exponent {
    case 0: 1
    case 1: 10
    case 2: 100
    case 3: 1000
    case 4: 10_000
    case 5: 100_000
    default: 1_000_000
    }
  }

  /// A number with few digits behind the point: `number` / 10^`fraction` reads back to the same
  /// bits, and nothing shorter does. Nil where there is none.
  ///
  /// Below 10^15 a Double tells all decimals of 15 digits apart, so for a length of fraction there
  /// is at most one candidate; the division is correctly rounded, as reading the text is.
  @inline(__always)
  fileprivate static func short(_ magnitude: Double) -> (number: UInt64, fraction: Int)? {
    guard magnitude >= 1e-4, magnitude < 1e15 else { return nil }
    for fraction in 0...maximumFraction {
      let scale = power(fraction)
      let scaled = magnitude * scale
      guard scaled < 1e15 else { return nil }
      // Adding 2^52 rounds to a whole number, which then stands in the low bits.
      let shifted = scaled + 0x1p52
      let whole = shifted - 0x1p52
      if abs(scaled - whole) <= scaled * 0x1p-50, whole / scale == magnitude {
        return (shifted.bitPattern & 0xf_ffff_ffff_ffff, fraction)
      }
    }
    return nil
  }

  /// The 8 decimal digits of a number below 10^8, the first in the lowest byte, each 0 to 9.
  @inline(__always)
  fileprivate static func digits(_ number: UInt64) -> UInt64 {
    // Halves of four digits, then pairs, then digits, side by side in one word.
    let halves = number / 10_000 | (number % 10_000) << 32
    let hundreds = ((halves &* 10_486) >> 20) & 0x0000_007f_0000_007f
    let pairs = hundreds | (halves &- 100 &* hundreds) << 16
    let tens = ((pairs &* 103) >> 10) & 0x000f_000f_000f_000f
    return tens | (pairs &- 10 &* tens) << 8
  }

  /// The characters of eight zeros.
  fileprivate static let zeros: UInt64 = 0x3030_3030_3030_3030
}

extension MutableRawSpan {
  /// Stores the lowest `count` bytes of `word`; what follows them is overwritten.
  @inline(__always)
  mutating func put(_ word: UInt64, _ count: Int, at position: inout Int) {
    storeBytes(of: word, toByteOffset: position, as: UInt64.self)
    position &+= count
  }

  /// The 8 bytes from `position` on, as `put` stores them.
  @inline(__always)
  func word(at position: Int) -> UInt64 {
    bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
  }

  /// Writes a whole number.
  @inline(__always)
  mutating func put(decimal number: UInt64, at position: inout Int) {
    if number < 100_000_000 {
      let digits = DecimalText.digits(number)
      let leading = min(7, digits.trailingZeroBitCount / 8)
      put((digits | DecimalText.zeros) >> UInt64(leading * 8), 8 - leading, at: &position)
    } else {
      putLong(number, at: &position)
    }
  }

  @inline(never)
  private mutating func putLong(_ number: UInt64, at position: inout Int) {
    put(decimal: number / 100_000_000, at: &position)
    put(DecimalText.digits(number % 100_000_000) | DecimalText.zeros, 8, at: &position)
  }

  /// Writes `number` with leading zeros to `width` digits, 1 to 8.
  @inline(__always)
  mutating func put(decimal number: UInt64, width: Int, at position: inout Int) {
    let digits = DecimalText.digits(number) | DecimalText.zeros
    put(digits >> UInt64((8 - width) * 8), width, at: &position)
  }

  /// Writes what `Double.shortestText` is.
  @inline(__always)
  mutating func put(shortest value: Double, at position: inout Int) {
    let magnitude = abs(value)
    guard let (number, fraction) = DecimalText.short(magnitude) else {
      return putOther(value, at: &position)
    }
    if value < 0 { put(UInt64(UInt8(ascii: "-")), 1, at: &position) }
    if fraction == 0 { return put(decimal: number, at: &position) }
    let whole = UInt64(magnitude)
    put(decimal: whole, at: &position)
    put(UInt64(UInt8(ascii: ".")), 1, at: &position)
    let part = number &- whole &* UInt64(DecimalText.power(fraction))
    put(decimal: part, width: fraction, at: &position)
  }

  @inline(never)
  private mutating func putOther(_ value: Double, at position: inout Int) {
    if value == 0, value.sign == .plus { return put(decimal: 0, at: &position) }
    for byte in value.shortestText.utf8 { put(UInt64(byte), 1, at: &position) }
  }

  /// Writes a time in nanoseconds as seconds, with 3 digits of fraction where it has a part of a
  /// second; what is less than a millisecond is cut off.
  @inline(__always)
  mutating func put(seconds nanoseconds: Int64, at position: inout Int) {
    if nanoseconds < 0 { put(UInt64(UInt8(ascii: "-")), 1, at: &position) }
    let milliseconds = nanoseconds.magnitude / 1_000_000
    put(decimal: milliseconds / 1000, at: &position)
    let part = milliseconds % 1000
    if part != 0 {
      put(UInt64(UInt8(ascii: ".")), 1, at: &position)
      put(decimal: part, width: 3, at: &position)
    }
  }
}

extension [UInt8] {
  /// Appends what `Double.shortestText` is.
  mutating func append(shortest value: Double) {
    appendText(upTo: DecimalText.room) { $0.put(shortest: value, at: &$1) }
  }

  /// Appends a whole number.
  mutating func append(decimal value: Int) {
    appendText(upTo: DecimalText.room) { text, position in
      if value < 0 { text.put(UInt64(UInt8(ascii: "-")), 1, at: &position) }
      text.put(decimal: UInt64(value.magnitude), at: &position)
    }
  }

  /// Appends what `write` puts into the bytes that it is given, from the position on.
  ///
  /// - Parameter size: the most bytes that it stores into.
  @inline(__always)
  mutating func appendText(
    upTo size: Int, _ write: (inout MutableRawSpan, inout Int) -> Void
  ) {
    var position = count
    append(contentsOf: repeatElement(0, count: size))
    do {
      var span = mutableSpan
      var text = span.mutableBytes
      write(&text, &position)
    }
    removeLast(count - position)
  }
}
