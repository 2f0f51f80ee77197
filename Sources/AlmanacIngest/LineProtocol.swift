public import AlmanacCore

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Reads InfluxDB's line protocol: `measurement[,tag=v...] field=v[,field=v...] [timestamp]`.
///
/// The metric of a point is the measurement where the field is called `value`, else
/// `measurement_field`; tags are labels. Strings have no place in a series and are left out. All
/// points of a line are accepted or refused together, and a refused line leaves no trace but its
/// error. No input traps.
public struct LineProtocol: Sendable {
  /// The earliest and the latest time that a point may have, the same as InfluxDB's.
  static let earliest = Int64.min + 2
  static let latest = Int64.max - 1
  /// The most bytes that a series' key may have, the same as InfluxDB's.
  static let keyLimit = 65_535

  /// The most bytes of keys that are put together for one body. A line of long tags with many
  /// fields asks for far more of them than it has itself.
  var buildLimit = 512 << 20

  private let precision: Precision
  private let now: Timestamp
  private let database: [UInt8]

  /// A parser for the bodies of writes.
  ///
  /// - Parameters:
  ///   - precision: The unit of the timestamps.
  ///   - now: The time of points without one.
  ///   - database: The label `db` of series without a tag of that name; none where nil or empty.
  public init(precision: Precision, now: Timestamp, database: String?) {
    self.precision = precision
    self.now = now
    self.database = Array((database ?? "").utf8)
  }

  /// Reads a body, in one pass and in place.
  public func parse(_ body: UnsafeRawBufferPointer) -> Batch {
    guard let start = body.baseAddress, !body.isEmpty else { return Batch() }
    var parser = BatchParser(
      start: start, end: start + body.count, unit: precision.nanoseconds, now: now.nanoseconds,
      database: database, buildLimit: buildLimit)
    return parser.parse()
  }

  /// Reads a body.
  public func parse(_ body: [UInt8]) -> Batch {
    body.withUnsafeBytes { parse($0) }
  }
}

/// The state of reading one body. No pointer outlives the call of `parse`.
private struct BatchParser: ~Copyable {
  private let start: UnsafeRawPointer
  private let end: UnsafeRawPointer
  private let unit: Int64
  private let now: Int64
  private let buildLimit: Int

  private var batch = Batch()
  private var table: SeriesTable
  /// Measurement and tags of the line before, to skip all work on the same ones.
  private var lastPrefix: UnsafeRawPointer
  private var lastCount = Int.max
  private var lastIndex: Int32 = -1

  // What belongs to the line being read.
  private var strings = 0
  private var rounded = 0
  /// Newlines inside its strings.
  private var newlines = 0

  init(
    start: UnsafeRawPointer, end: UnsafeRawPointer, unit: Int64, now: Int64, database: [UInt8],
    buildLimit: Int
  ) {
    self.start = start
    self.end = end
    self.unit = unit
    self.now = now
    self.buildLimit = buildLimit
    table = SeriesTable(database: database)
    lastPrefix = start
    // About a point for 48 bytes; growth costs little where there are more.
    let points = min((end - start) / 48, 1 << 20) + 16
    batch.series.reserveCapacity(points)
    batch.timestamps.reserveCapacity(points)
    batch.values.reserveCapacity(points)
  }

  mutating func parse() -> Batch {
    var p = start
    var line = 1
    while p < end {
      let lineStart = p
      p = skipSpaces(p)
      guard p < end else { break }
      newlines = 0
      if p.endsLine(before: end) {
        if p.byte == UInt8(ascii: "\r") { p += 1 }
      } else if p.byte == UInt8(ascii: "#") {
        p = newline(from: p)
      } else {
        do throws(Fault) {
          p = try parseLine(p)
          batch.acceptedLines += 1
          batch.skippedStrings += strings
          batch.roundedIntegers += rounded
        } catch {
          p = refuse(error, line: line, lineStart: lineStart, textStart: p)
        }
      }
      if p < end { p += 1 }
      line += 1 + newlines
    }
    return batch
  }

  // MARK: - One line

  /// Reads the line at `lineStart`; returns its newline or the end of the body.
  @inline(__always)
  private mutating func parseLine(
    _ lineStart: UnsafeRawPointer
  ) throws(Fault) -> UnsafeRawPointer {
    strings = 0
    rounded = 0
    var p = try parsePrefix(lineStart)
    let prefix = lastIndex
    p = skipSpaces(p)

    let first = batch.values.count
    var expected = table.prefixes[Int(prefix)].firstField
    while true {
      let field: Int32
      if expected >= 0, let behind = match(table.fields[Int(expected)], at: p) {
        field = expected
        p = behind
      } else {
        let equals = try endOfFieldName(p)
        field = try table.field(of: prefix, at: p, to: equals)
        p = equals + 1
      }
      expected = table.fields[Int(field)].next
      p = try parseValue(p, of: field)
      guard p < end, p.byte == UInt8(ascii: ",") else { break }
      p += 1
    }

    let time: Int64
    p = skipSpaces(p)
    if p.endsLine(before: end) {
      time = now
    } else {
      (p, time) = try parseTime(p)
    }

    let count = batch.values.count
    let most = (count - first) * table.prefixes[Int(prefix)].longestKey + (p - lineStart)
    if table.builtBytes + most > buildLimit, hasNewSeries(from: first) {
      throw Fault(.tooManySeries, at: lineStart)
    }

    // Nothing can fail any more: name the series and let the points in.
    var index = first
    while index < count {
      batch.series[index] = table.series(of: batch.series[index], in: &batch)
      batch.timestamps.append(time)
      index += 1
    }
    if p < end, p.byte == UInt8(ascii: "\r") { p += 1 }
    return p
  }

  /// Whether a point of this line, the first at `index`, has a series without a key yet.
  private func hasNewSeries(from index: Int) -> Bool {
    batch.series[index...].contains { table.fields[Int($0)].series < 0 }
  }

  /// Finds out about measurement and tags at `start`, in `lastIndex`; returns where they end.
  @inline(__always)
  private mutating func parsePrefix(
    _ start: UnsafeRawPointer
  ) throws(Fault) -> UnsafeRawPointer {
    // With the space: the same bytes up to there have the same meaning.
    if end - start > lastCount, memcmp(start, lastPrefix, lastCount + 1) == 0 {
      return start + lastCount
    }
    let p = endOfPrefix(start)
    guard p < end, p.byte == UInt8(ascii: " ") else { throw missingFields(start, p) }
    lastIndex = try table.prefix(at: start, to: p)
    lastPrefix = start
    lastCount = p - start
    return p
  }

  /// The first space from `start` that is not escaped, or the line's end.
  @inline(__always)
  private func endOfPrefix(_ start: UnsafeRawPointer) -> UnsafeRawPointer {
    var p = start
    while true {
      while end - p >= 8 {
        let word = p.word
        let found = word.zeroBytes(xor: UInt8(ascii: " ")) | word.zeroBytes(xor: UInt8(ascii: "\n"))
        if found != 0 {
          p += found.trailingZeroBitCount >> 3
          break
        }
        p += 8
      }
      while p < end, p.byte != UInt8(ascii: " "), p.byte != UInt8(ascii: "\n") { p += 1 }
      guard p < end, p.byte == UInt8(ascii: " "), p > start, p.isEscaped else { break }
      p += 1
    }
    if p > start, p == end || p.byte == UInt8(ascii: "\n"), (p - 1).byte == UInt8(ascii: "\r") {
      return p - 1
    }
    return p
  }

  /// What is wrong with a line that ends with its measurement or tags.
  private func missingFields(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Fault {
    var p = start
    if p.byte == UInt8(ascii: ",") { return Fault(.missingMeasurement, at: p) }
    p += 1
    while p < end, p.byte != UInt8(ascii: ",") || p.isEscaped { p += 1 }
    do throws(Fault) {
      while p < end { p = try SeriesTable.tag(at: p + 1, before: end).end }
      return Fault(.missingFields, at: end)
    } catch {
      return error
    }
  }

  /// Behind the equals sign where the name of `field` stands at `p`, or nil.
  @inline(__always)
  private func match(_ field: SeriesTable.Field, at p: UnsafeRawPointer) -> UnsafeRawPointer? {
    let count = field.count
    guard end - p >= max(count + 1, 8) else { return nil }
    guard (p.word ^ field.head) & field.mask == 0,
      (p + count).byte == UInt8(ascii: "="),
      count <= 8 || sameBytes(p + 8, field.start + 8, count - 8)
    else { return nil }
    return p + count + 1
  }

  /// The equals sign that ends the field's name at `start`.
  private func endOfFieldName(_ start: UnsafeRawPointer) throws(Fault) -> UnsafeRawPointer {
    var p = start
    while true {
      if p.endsLine(before: end) { throw Fault(.invalidFieldFormat, at: p) }
      switch p.byte {
      case UInt8(ascii: "="):
        if p == start { throw Fault(.missingFieldKey, at: p) }
        return p
      case UInt8(ascii: ","), UInt8(ascii: " "):
        throw Fault(.invalidFieldFormat, at: p)
      case UInt8(ascii: "\\") where !(p + 1).endsLine(before: end):
        p += 2
      default:
        p += 1
      }
    }
  }

  // MARK: - Values

  /// Reads the value at `p`, which becomes a point unless it is a string.
  @inline(__always)
  private mutating func parseValue(
    _ p: UnsafeRawPointer, of field: Int32
  ) throws(Fault) -> UnsafeRawPointer {
    guard p < end else { throw Fault(.missingFieldValue, at: p) }
    let byte = p.byte
    if byte.digit != nil || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") {
      let number = try Number(at: p, before: end)
      rounded += number.isRounded ? 1 : 0
      batch.values.append(number.value)
      batch.series.append(field)
      return number.end
    }
    if byte == UInt8(ascii: "\"") {
      let behind = try endOfString(p)
      guard behind.endsValue(before: end) else { throw Fault(.invalidFieldFormat, at: behind) }
      strings += 1
      return behind
    }
    let (isTrue, behind) = try boolean(p)
    batch.values.append(isTrue ? 1 : 0)
    batch.series.append(field)
    return behind
  }

  /// Reads the boolean at `start`; anything else gets the refusal that InfluxDB has for it.
  private func boolean(_ start: UnsafeRawPointer) throws(Fault) -> (Bool, UnsafeRawPointer) {
    if start.endsValue(before: end) { throw Fault(.missingFieldValue, at: start) }
    var p = start
    while !p.endsValue(before: end) { p += 1 }
    let text = UnsafeRawBufferPointer(start: start, count: p - start)
    for (word, isTrue) in booleans where text.elementsEqual(word.utf8) { return (isTrue, p) }
    // InfluxDB takes numbers by their first byte; Inf and Infinity, with `+` too, are meant as one.
    var lowered = text.prefix(9).map { $0 | 0x20 }[...]
    if text.first == UInt8(ascii: "+") { lowered = lowered.dropFirst() }
    let isNumber =
      lowered.first == UInt8(ascii: "n") || lowered.elementsEqual("inf".utf8)
      || lowered.elementsEqual("infinity".utf8)
    throw Fault(isNumber ? .invalidNumber : .invalidBoolean, at: start)
  }

  /// Behind the closing quote of the string whose opening one is at `quote`; counts newlines.
  private mutating func endOfString(_ quote: UnsafeRawPointer) throws(Fault) -> UnsafeRawPointer {
    var p = quote + 1
    while p < end {
      switch p.byte {
      case UInt8(ascii: "\""): return p + 1
      case UInt8(ascii: "\\"):
        p += 1
        if p < end, p.byte == UInt8(ascii: "\n") { newlines += 1 }
      case UInt8(ascii: "\n"): newlines += 1
      default: break
      }
      p += 1
    }
    throw Fault(.unbalancedQuotes, at: quote)
  }

  // MARK: - Times

  /// Reads the timestamp at `start` up to the line's end, in nanoseconds.
  @inline(__always)
  private func parseTime(
    _ start: UnsafeRawPointer
  ) throws(Fault) -> (UnsafeRawPointer, Int64) {
    let isNegative = start.byte == UInt8(ascii: "-")
    let digits = isNegative ? start + 1 : start
    var magnitude: UInt64 = 0
    var p = digits.readDigits(into: &magnitude, before: end)
    guard p > digits, p.endsLine(before: end) || p.byte == UInt8(ascii: " ") else {
      throw Fault(.badTimestamp, at: p)
    }
    if p - digits > 19 {
      guard let exact = digits.exactDigits(before: p) else {
        throw Fault(.timeOutsideRange, at: start)
      }
      magnitude = exact
    }
    // The range is symmetric.
    guard magnitude <= UInt64(LineProtocol.latest) else {
      throw Fault(.timeOutsideRange, at: start)
    }
    let (time, overflow) = Int64(magnitude).multipliedReportingOverflow(by: unit)
    guard !overflow, time <= LineProtocol.latest else { throw Fault(.timeOutsideRange, at: start) }
    while p < end, p.byte == UInt8(ascii: " ") { p += 1 }
    guard p.endsLine(before: end) else { throw Fault(.trailingBytes, at: p) }
    return (p, isNegative ? -time : time)
  }

  // MARK: - Refusals and spaces

  /// Takes back what the line left in the batch and notes why; returns where the line ends.
  @inline(never)
  private mutating func refuse(
    _ fault: Fault, line: Int, lineStart: UnsafeRawPointer, textStart: UnsafeRawPointer
  ) -> UnsafeRawPointer {
    let points = batch.values.count - batch.timestamps.count
    batch.values.removeLast(points)
    batch.series.removeLast(points)
    batch.rejectedLines += 1
    let lineEnd = endOfRefusedLine(textStart)
    if batch.errors.count < Batch.errorLimit {
      var count = lineEnd - textStart
      if (lineEnd - 1).byte == UInt8(ascii: "\r") { count -= 1 }
      let text = UnsafeRawBufferPointer(start: textStart, count: count)
      batch.errors.append(
        LineError(
          line: line, column: fault.address - Int(bitPattern: lineStart) + 1, kind: fault.kind,
          text: LineError.text(of: text), reason: fault.words(in: text)))
    }
    return lineEnd
  }

  /// The newline that ends the refused line at `start`, or the body's end. A newline inside a
  /// string belongs to it; a string begins at a quote right behind a field's equals sign.
  private mutating func endOfRefusedLine(_ start: UnsafeRawPointer) -> UnsafeRawPointer {
    newlines = 0
    var p = endOfPrefix(start)
    while p < end, p.byte != UInt8(ascii: "\n") {
      switch p.byte {
      case UInt8(ascii: "\\") where !(p + 1).endsLine(before: end):
        p += 2
      case UInt8(ascii: "=") where p + 1 < end && (p + 1).byte == UInt8(ascii: "\""):
        do throws(Fault) { p = try endOfString(p + 1) } catch { p = end }
      default:
        p += 1
      }
    }
    return p
  }

  private func newline(from p: UnsafeRawPointer) -> UnsafeRawPointer {
    guard let found = memchr(p, Int32(UInt8(ascii: "\n")), end - p) else { return end }
    return UnsafeRawPointer(found)
  }

  @inline(__always)
  private func skipSpaces(_ start: UnsafeRawPointer) -> UnsafeRawPointer {
    var p = start
    while p < end, p.byte == UInt8(ascii: " ") || p.byte == UInt8(ascii: "\t") { p += 1 }
    return p
  }
}

private let booleans: [(String, Bool)] = [
  ("t", true), ("T", true), ("true", true), ("True", true), ("TRUE", true),
  ("f", false), ("F", false), ("false", false), ("False", false), ("FALSE", false),
]

extension UInt64 {
  /// Has the top bit of each byte that is `value`, or false ones only above a true one.
  @inline(__always)
  fileprivate func zeroBytes(xor value: UInt8) -> UInt64 {
    let x = self ^ (UInt64(value) &* 0x0101_0101_0101_0101)
    return (x &- 0x0101_0101_0101_0101) & ~x & 0x8080_8080_8080_8080
  }
}
