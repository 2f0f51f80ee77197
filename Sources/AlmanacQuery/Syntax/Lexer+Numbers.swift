/// Numbers and durations.
extension Lexer {
  /// The units of durations, longest first, with their nanoseconds.
  static let units: [(name: String, nanoseconds: Int64)] = [
    ("y", 365 * 86_400_000_000_000), ("mo", 30 * 86_400_000_000_000),
    ("w", 7 * 86_400_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000),
    ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
  ]

  private static let unitHint =
    "units are ns, us, ms, s, m (minutes), h, d, w, mo (30 d) and y (365 d)"

  private static let sizes: [String: Double] = [
    "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776,
  ]

  /// Reads a number, a size as `8Gi`, or a duration as `1h30m`; a digit must be next.
  mutating func number() throws(QueryError) -> Token.Kind {
    let start = position
    var total: Int64 = 0
    var isDuration = false
    repeat {
      let partStart = position
      let digits = try decimal()
      let unitStart = position
      while let byte = current, Self.beginsName(byte) { step() }
      let unit = text(SourceRange(start: unitStart, end: position))
      if !isDuration, unit.isEmpty, let octal = Self.octal(digits) { return .number(octal) }
      if !isDuration, unit.isEmpty || Self.sizes[unit] != nil {
        return .number(try value(digits, times: Self.sizes[unit] ?? 1, from: start))
      }
      guard let (_, scale) = Self.units.first(where: { $0.name == unit }) else {
        throw unknownUnit(unit, from: partStart, unitStart: unitStart)
      }
      let nanoseconds = try nanoseconds(digits, times: scale, from: start)
      let (sum, overflow) = total.addingReportingOverflow(nanoseconds)
      if overflow { throw tooLong(from: start) }
      total = sum
      isDuration = true
    } while current.map(Self.isDigit) ?? false
    return .duration(total)
  }

  /// Reads digits with their fraction and exponent, or a hexadecimal number; without `_`.
  private mutating func decimal() throws(QueryError) -> String {
    let start = position
    if current == UInt8(ascii: "0"), let mark = byte(at: position.offset + 1),
      mark | 0x20 == UInt8(ascii: "x")
    {
      step()
      step()
      let digitsStart = position.offset
      while let byte = current, Self.isHexadecimal(byte) || byte == UInt8(ascii: "_") { step() }
      guard position.offset > digitsStart else {
        throw error(
          "`\(text(SourceRange(start: start, end: position)))` lacks its digits",
          from: start, to: position, hint: "write a hexadecimal number as `0x1F`")
      }
    } else {
      skipDigits()
      if current == UInt8(ascii: ".") {
        let after = byte(at: position.offset + 1)
        if !(after.map { Self.beginsName($0) || $0 == UInt8(ascii: ".") } ?? false) {
          step()
          skipDigits()
        }
      }
      skipExponent()
    }
    return text(SourceRange(start: start, end: position)).filter { $0 != "_" }
  }

  private mutating func skipDigits() {
    while let byte = current, Self.isDigit(byte) || isSeparator(byte) { step() }
  }

  /// Whether a byte is a `_` between two digits.
  private func isSeparator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") && self.byte(at: position.offset + 1).map(Self.isDigit) ?? false
  }

  private mutating func skipExponent() {
    guard let mark = current, mark | 0x20 == UInt8(ascii: "e") else { return }
    var after = self
    after.step()
    if after.current == UInt8(ascii: "+") || after.current == UInt8(ascii: "-") { after.step() }
    guard after.current.map(Self.isDigit) ?? false else { return }
    after.skipDigits()
    self = after
  }

  /// The number that digits after a `0` are in PromQL, if they all are below 8.
  private static func octal(_ digits: String) -> Double? {
    guard digits.utf8.count > 1, digits.utf8.first == UInt8(ascii: "0"),
      digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 < UInt8(ascii: "8") })
    else { return nil }
    return Int(digits, radix: 8).map(Double.init)
  }

  private func value(
    _ digits: String, times scale: Double, from start: SourcePosition
  ) throws(QueryError) -> Double {
    // "5." is a number in PromQL but not in Swift.
    let digits = digits.hasSuffix(".") ? digits + "0" : digits
    guard let value = Double(digits), (value * scale).isFinite else {
      throw error(
        "the number `\(text(SourceRange(start: start, end: position)))` is too large",
        from: start, to: position, hint: "the largest is about 1.8e308; or write `Inf`")
    }
    return value * scale
  }

  private func nanoseconds(
    _ digits: String, times scale: Int64, from start: SourcePosition
  ) throws(QueryError) -> Int64 {
    if let whole = Int64(digits) {
      let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
      if overflow { throw tooLong(from: start) }
      return product
    }
    let value = try value(digits, times: Double(scale), from: start).rounded()
    guard let nanoseconds = Int64(exactly: value) else { throw tooLong(from: start) }
    return nanoseconds
  }

  private func tooLong(from start: SourcePosition) -> QueryError {
    error(
      "the duration `\(text(SourceRange(start: start, end: position)))` is too long",
      from: start, to: position, hint: "the longest is about 292y")
  }

  private func unknownUnit(
    _ unit: String, from start: SourcePosition, unitStart: SourcePosition
  ) -> QueryError {
    let number = text(SourceRange(start: start, end: unitStart))
    if unit.isEmpty {
      return error(
        "`\(number)` at the end of a duration lacks its unit", from: start, to: position,
        hint: Self.unitHint)
    }
    var hint = Self.unitHint
    let words: [String: String] = [
      "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m",
      "minute": "m", "minutes": "m", "hr": "h", "hour": "h", "hours": "h", "day": "d",
      "days": "d", "week": "w", "weeks": "w", "month": "mo", "months": "mo", "year": "y",
      "years": "y", "k": "Ki", "kb": "Ki", "kib": "Ki", "mb": "Mi", "mib": "Mi", "g": "Gi",
      "gb": "Gi", "gib": "Gi", "t": "Ti", "tb": "Ti", "tib": "Ti", "ki": "Ki", "mi": "Mi",
      "gi": "Gi", "ti": "Ti",
    ]
    let lowercase = unit.lowercased()
    if let meant = words[lowercase] ?? Self.units.first(where: { $0.name == lowercase })?.name {
      hint = "write `\(number)\(meant)`; \(hint)"
    }
    return error("unknown duration unit `\(unit)`", from: unitStart, to: position, hint: hint)
  }

  /// Whether a byte is a hexadecimal digit.
  static func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"))
  }
}
