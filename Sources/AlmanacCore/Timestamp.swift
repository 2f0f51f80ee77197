/// A moment in time: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// The range is about 1677 to 2262, the same as InfluxDB's.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Nanoseconds since the Unix epoch; negative before it.
  public var nanoseconds: Int64

  /// The moment `nanoseconds` after the Unix epoch.
  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The moment `seconds` after the Unix epoch, rounded to a nanosecond; nil outside the range.
  public init?(seconds: Double) {
    // Split first: a Double holds today's seconds to about 200 ns, so keep what is exact.
    let whole = seconds.rounded(.down)
    guard let wholeSeconds = Int64(exactly: whole) else { return nil }
    let (scaled, overflow) = wholeSeconds.multipliedReportingOverflow(by: 1_000_000_000)
    let fraction = Int64(((seconds - whole) * 1e9).rounded())
    let (sum, overflow2) = scaled.addingReportingOverflow(fraction)
    guard !overflow, !overflow2 else { return nil }
    self.nanoseconds = sum
  }

  /// Seconds since the Unix epoch, rounded to the nearest Double.
  public var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Earlier before later.
  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

  /// The moment `interval` later; saturates at the ends of the range.
  public static func + (time: Timestamp, interval: Interval) -> Timestamp {
    let (sum, overflow) = time.nanoseconds.addingReportingOverflow(interval.nanoseconds)
    guard overflow else { return Timestamp(nanoseconds: sum) }
    return Timestamp(nanoseconds: interval.nanoseconds < 0 ? .min : .max)
  }

  /// The moment `interval` earlier; saturates at the ends of the range.
  public static func - (time: Timestamp, interval: Interval) -> Timestamp {
    let (sum, overflow) = time.nanoseconds.subtractingReportingOverflow(interval.nanoseconds)
    guard overflow else { return Timestamp(nanoseconds: sum) }
    return Timestamp(nanoseconds: interval.nanoseconds > 0 ? .min : .max)
  }

  /// The latest multiple of `step` since the epoch that is not after this moment.
  ///
  /// - Precondition: `step` is positive.
  public func aligned(downTo step: Interval) -> Timestamp {
    precondition(step.nanoseconds > 0, "BUG: a step must be positive")
    let rest = nanoseconds % step.nanoseconds
    let below = rest < 0 ? rest + step.nanoseconds : rest
    return self - Interval(nanoseconds: below)
  }
}

// MARK: - RFC 3339

extension Timestamp {
  /// Reads an RFC 3339 date-time such as `2026-09-01T00:00:00.25+02:00`, or nil.
  ///
  /// A space instead of `T`, a date without a time and a time without a zone (read as UTC)
  /// are accepted too.
  public init?(rfc3339 text: String) {
    var reader = DateReader(bytes: Array(text.utf8))
    guard let nanoseconds = reader.read() else { return nil }
    self.nanoseconds = nanoseconds
  }

  /// Reads RFC 3339 or unix seconds (fractions allowed), as every time parameter does.
  public init?(parameter text: String) {
    if let time = Timestamp(unixSeconds: text) {
      self = time
    } else if let time = Timestamp(rfc3339: text) {
      self = time
    } else {
      return nil
    }
  }

  /// Reads decimal unix seconds exactly, to the nanosecond: no detour through a Double.
  init?(unixSeconds text: String) {
    let negative = text.hasPrefix("-")
    let parts = text.utf8.dropFirst(negative ? 1 : 0).split(
      separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isDigits: (Substring.UTF8View.SubSequence) -> Bool = { part in
      part.allSatisfy { (48...57).contains($0) }
    }
    if parts.count <= 2, let whole = parts.first, !whole.isEmpty, parts.allSatisfy(isDigits) {
      var value: Int64 = 0
      for digit in whole {
        let (scaled, over1) = value.multipliedReportingOverflow(by: 10)
        let (sum, over2) = scaled.addingReportingOverflow(Int64(digit) - 48)
        guard !over1, !over2 else { return nil }
        value = sum
      }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 1_000_000_000)
      guard !overflow else { return nil }
      var fraction: Int64 = 0
      var unit: Int64 = 100_000_000
      for digit in parts.count == 2 ? parts[1].prefix(9) : "".utf8[...] {
        fraction += (Int64(digit) - 48) * unit
        unit /= 10
      }
      let (sum, overflow2) = scaled.addingReportingOverflow(fraction)
      guard !overflow2 else { return nil }
      self.init(nanoseconds: negative ? -sum : sum)
    } else if let number = Double(text), number.isFinite {
      // Exponents and signs as other systems' clients write them.
      self.init(seconds: number)
    } else {
      return nil
    }
  }

  /// The least number of fraction digits (0, 3, 6 or 9) that prints this moment exactly.
  public var fractionDigits: Int {
    if nanoseconds % 1_000_000_000 == 0 { return 0 }
    if nanoseconds % 1_000_000 == 0 { return 3 }
    return nanoseconds % 1_000 == 0 ? 6 : 9
  }

  /// Year and month (1 to 12) in UTC.
  public var yearAndMonth: (year: Int64, month: Int64) {
    let dayLength: Int64 = 86_400_000_000_000
    let (days, rest) = nanoseconds.quotientAndRemainder(dividingBy: dayLength)
    let date = civilDate(fromDays: rest < 0 ? days - 1 : days)
    return (date.year, date.month)
  }

  /// `2026-09-01T00:00:00Z` with `fractionDigits` digits after the seconds, UTC.
  public func formatted(fractionDigits: Int) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(30)
    append(to: &bytes, fractionDigits: fractionDigits)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends what `formatted(fractionDigits:)` returns.
  public func append(to bytes: inout [UInt8], fractionDigits: Int) {
    let (day, secondOfDay, fraction) = split
    let (year, month, dayOfMonth) = civilDate(fromDays: day)
    appendPair(year / 100, to: &bytes)
    appendPair(year % 100, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    appendPair(month, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    appendPair(dayOfMonth, to: &bytes)
    bytes.append(UInt8(ascii: "T"))
    appendPair(secondOfDay / 3600, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendPair(secondOfDay / 60 % 60, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendPair(secondOfDay % 60, to: &bytes)
    if fractionDigits > 0 {
      bytes.append(UInt8(ascii: "."))
      var rest = fraction
      for _ in 0..<fractionDigits {
        bytes.append(UInt8(ascii: "0") + UInt8(rest / 100_000_000))
        rest = rest % 100_000_000 * 10
      }
    }
    bytes.append(UInt8(ascii: "Z"))
  }

  private var split: (day: Int64, secondOfDay: Int64, fraction: Int64) {
    var seconds = nanoseconds / 1_000_000_000
    var fraction = nanoseconds % 1_000_000_000
    if fraction < 0 {
      fraction += 1_000_000_000
      seconds -= 1
    }
    var day = seconds / 86_400
    var secondOfDay = seconds % 86_400
    if secondOfDay < 0 {
      secondOfDay += 86_400
      day -= 1
    }
    return (day, secondOfDay, fraction)
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with as many fraction digits as are needed.
  public var description: String { formatted(fractionDigits: fractionDigits) }
}

/// Appends the two digits of a number from 0 to 99.
private func appendPair(_ value: Int64, to bytes: inout [UInt8]) {
  bytes.append(UInt8(ascii: "0") + UInt8(value / 10))
  bytes.append(UInt8(ascii: "0") + UInt8(value % 10))
}

/// Days since 1970-01-01 to year, month, day in the proleptic Gregorian calendar.
///
/// Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
func civilDate(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
  let z = days + 719_468
  let era = (z >= 0 ? z : z - 146_096) / 146_097
  let dayOfEra = z - era * 146_097
  let yearOfEra =
    (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let shifted = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * shifted + 2) / 5 + 1
  let month = shifted < 10 ? shifted + 3 : shifted - 9
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}

/// The inverse of `civilDate(fromDays:)`: `days_from_civil` of the same source.
func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
  let y = month <= 2 ? year - 1 : year
  let era = (y >= 0 ? y : y - 399) / 400
  let yearOfEra = y - era * 400
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/// Reads a date-time byte by byte; every method returns nil at the first byte that does not fit.
private struct DateReader {
  let bytes: [UInt8]
  var index = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func read() -> Int64? {
    guard let year = digits(4), skip("-"), let month = digits(2), skip("-"),
      let day = digits(2), (1...12).contains(month), day >= 1,
      day <= Self.daysInMonth(month, year: year)
    else { return nil }
    var seconds = days(fromYear: year, month: month, day: day) * 86_400
    var fraction: Int64 = 0
    if index < bytes.count {
      guard skip("T") || skip("t") || skip(" "), let hour = digits(2), skip(":"),
        let minute = digits(2), hour < 24, minute < 60
      else { return nil }
      seconds += hour * 3600 + minute * 60
      if skip(":") {
        guard let second = digits(2), second < 60, let part = readFraction() else { return nil }
        seconds += second
        fraction = part
      }
      guard let offset = readZone() else { return nil }
      seconds -= offset
    }
    guard index == bytes.count else { return nil }
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow2) = scaled.addingReportingOverflow(fraction)
    return overflow || overflow2 ? nil : sum
  }

  private mutating func readFraction() -> Int64? {
    guard skip(".") else { return 0 }
    var value: Int64 = 0
    var unit: Int64 = 100_000_000
    let start = index
    while index < bytes.count, (48...57).contains(bytes[index]) {
      value += Int64(bytes[index] - 48) * unit
      unit /= 10
      index += 1
    }
    return index > start ? value : nil
  }

  private mutating func readZone() -> Int64? {
    if index == bytes.count || skip("Z") || skip("z") { return 0 }
    let sign: Int64
    if skip("+") {
      sign = 1
    } else if skip("-") {
      sign = -1
    } else {
      return nil
    }
    guard let hours = digits(2), hours < 24 else { return nil }
    _ = skip(":")
    guard let minutes = digits(2), minutes < 60 else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }

  private mutating func digits(_ count: Int) -> Int64? {
    guard index + count <= bytes.count else { return nil }
    var value: Int64 = 0
    for byte in bytes[index..<index + count] {
      guard (48...57).contains(byte) else { return nil }
      value = value * 10 + Int64(byte - 48)
    }
    index += count
    return value
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  private static func daysInMonth(_ month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: return 30
    default: return 31
    }
  }
}
