#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// The state of reading one body. No pointer outlives the call of `parse`.
struct BatchParser: ~Copyable {
  private let start: UnsafeRawPointer
  private let end: UnsafeRawPointer
  private let unit: Int64
  private let now: Int64
  private let buildLimit: Int

  private var batch: Batch
  private var table: SeriesTable
  private var series = Column<Int32>(capacity: 256)
  private var timestamps = Column<Int64>(capacity: 256)
  private var values = Column<Double>(capacity: 256)
  /// Measurement and tags of the line before, to skip all work on the same ones.
  private var lastPrefix: UnsafeRawPointer
  private var lastCount = Int.max
  private var lastIndex: Int32 = -1
  /// What stands at the beginnings of the next lines, where most are new to the batch.
  private var ahead = Column<PrefixAhead>(capacity: 16)
  private var nextAhead = 0
  /// The fields of the points of this line.
  private var pending = Column<Int32>(capacity: 64)
  /// The timestamp of the line before with the byte that ended it, and what it means.
  private var lastStamp: UnsafeRawPointer
  private var lastStampCount = Int.max
  private var lastTime: Int64 = 0

  // What belongs to the line being read.
  private var strings = 0
  private var rounded = 0
  /// Newlines inside its strings.
  private var newlines = 0

  init(
    start: UnsafeRawPointer, end: UnsafeRawPointer, unit: Int64, now: Int64, batch: Batch,
    table: consuming SeriesTable, buildLimit: Int
  ) {
    self.start = start
    self.end = end
    self.unit = unit
    self.now = now
    self.buildLimit = buildLimit
    self.batch = batch
    self.table = table
    lastPrefix = start
    lastStamp = start
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
      if line == 64 || line == 1024 { reserve(at: p) }
    }
    batch.keyBytes = table.keyBytes
    batch.keyEnds = table.keyEnds.array
    batch.ids = table.ids.array
    batch.series = series.array
    batch.timestamps = timestamps.array
    batch.values = values.array
    table.teach(&batch.lessons)
    return batch
  }

  /// Makes room for what follows, as if the body went on like the part before `p`; only so much
  /// that little is lost where it does not.
  private mutating func reserve(at p: UnsafeRawPointer) {
    let factor = min(16, Double(end - start) / Double(p - start) * 1.02)
    let points = Int(Double(values.count) * factor) + 16
    series.reserve(points)
    timestamps.reserve(points)
    values.reserve(points)
    table.reserve(times: factor)
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

    pending.removeAll()
    var expected = table.prefixes[Int(prefix)].firstField
    while true {
      let field: Int32
      if expected >= 0, let behind = match(table.fields[Int(expected)], at: p) {
        field = expected
        p = behind
      } else if expected < 0,
        let (next, behind) = table.cachedField(of: prefix, at: p, before: end)
      {
        field = next
        p = behind
      } else {
        let equals = try endOfFieldName(p)
        field = try table.field(of: prefix, at: p, to: equals)
        p = equals + 1
      }
      expected = table.fields[Int(field)].next
      if let number = Number.short(at: p, before: end) {
        values.append(number.value)
        pending.append(field)
        p = number.end
      } else {
        p = try parseValue(p, of: field)
      }
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

    let most = pending.count * table.longestKey(of: prefix) + (p - lineStart)
    if table.builtBytes + most > buildLimit, hasNewSeries {
      throw Fault(.tooManySeries, at: lineStart)
    }

    // Nothing can fail any more: name the series and let the points in.
    for index in 0..<pending.count {
      series.append(table.series(of: pending[index]))
      timestamps.append(time)
    }
    if p < end, p.byte == UInt8(ascii: "\r") { p += 1 }
    return p
  }

  /// Whether a point of this line has a series without a key yet.
  private var hasNewSeries: Bool {
    (0..<pending.count).contains { table.fields[Int(pending[$0])].needsKey }
  }

  /// Finds out about measurement and tags at `start`, in `lastIndex`; returns where they end.
  @inline(__always)
  private mutating func parsePrefix(
    _ start: UnsafeRawPointer
  ) throws(Fault) -> UnsafeRawPointer {
    // With the space: the same bytes up to there have the same meaning.
    if end - start > lastCount, endsAlike(start),
      memcmp(start, lastPrefix, lastCount + 1) == 0
    {
      return start + lastCount
    }
    let (p, hash): (UnsafeRawPointer, UInt64)
    if let found = aheadAt(start) ?? prefixAndHash(start) {
      (p, hash) = found
    } else {
      p = endOfPrefix(start)
      guard p < end, p.byte == UInt8(ascii: " ") else { throw missingFields(start, p) }
      hash = AlmanacIngest.hash(start, p - start, table.seed)
    }
    lastIndex = try table.prefix(at: start, to: p, hash: hash)
    lastPrefix = start
    lastCount = p - start
    return p
  }

  /// `prefixAndHash` of the line at `start` if that was read ahead or should be.
  @inline(__always)
  private mutating func aheadAt(_ start: UnsafeRawPointer) -> (UnsafeRawPointer, UInt64)? {
    if nextAhead == ahead.count {
      guard table.newInARow > 8 else { return nil }
      readAhead(start)
    }
    guard nextAhead < ahead.count, ahead[nextAhead].start == start else {
      // Lines are not as they were thought to be.
      ahead.removeAll()
      nextAhead = 0
      table.newInARow = 0
      return nil
    }
    let line = ahead[nextAhead]
    nextAhead += 1
    return (line.end, line.hash)
  }

  /// Finds the beginnings of the next lines, as if no string had a newline.
  @inline(never)
  private mutating func readAhead(_ start: UnsafeRawPointer) {
    ahead.removeAll()
    nextAhead = 0
    var p = start
    var length = 0
    while ahead.count < 16, p < end, let (prefixEnd, hash) = prefixAndHash(p) {
      ahead.append(PrefixAhead(start: p, end: prefixEnd, hash: hash))
      // Mostly a line is as long as the one before; a wrong guess is found out when it is used.
      if end - p <= length || (p + length).byte != UInt8(ascii: "\n") {
        length = newline(from: prefixEnd) - p
      }
      p += length + 1
    }
    table.touch(ahead)
  }

  /// Whether the last bytes of the last prefix stand at `start` too: what mostly tells hosts apart.
  @inline(__always)
  private func endsAlike(_ start: UnsafeRawPointer) -> Bool {
    lastCount < 7 || (start + lastCount - 7).word == (lastPrefix + lastCount - 7).word
  }

  /// Where measurement and tags at `start` end and their hash; nil where that takes a closer look.
  @inline(__always)
  private func prefixAndHash(_ start: UnsafeRawPointer) -> (UnsafeRawPointer, UInt64)? {
    var hash = WordHash(seed: table.seed)
    var p = start
    while end - p >= 8 {
      let word = p.word
      let found = word.zeroBytes(xor: UInt8(ascii: " ")) | word.zeroBytes(xor: UInt8(ascii: "\n"))
      if found == 0 {
        hash.add(word)
        p += 8
        continue
      }
      let bits = UInt64(truncatingIfNeeded: found.trailingZeroBitCount & ~7)
      let q = p + Int(bits >> 3)
      guard q > start, q.byte == UInt8(ascii: " "), !q.isEscaped else { return nil }
      return (q, hash.finish(word & ((1 &<< bits) &- 1), count: q - start))
    }
    return nil
  }

  /// The first space from `start` that is not escaped, or the line's end.
  @inline(never)
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
  @inline(never)
  private func missingFields(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Fault {
    var p = start
    if p.byte == UInt8(ascii: ",") { return Fault(.missingMeasurement, at: p) }
    p += 1
    while p < end, p.byte != UInt8(ascii: ",") || p.isEscaped { p += 1 }
    do throws(Fault) {
      while p < end { p = try CanonicalPrefixes.tag(at: p + 1, before: end).end }
      return Fault(.missingFields, at: end)
    } catch {
      return error
    }
  }

  /// Behind the equals sign where the name of `field` stands at `p`, or nil.
  @inline(__always)
  private func match(_ field: SeriesTable.Field, at p: UnsafeRawPointer) -> UnsafeRawPointer? {
    p.behindName(field.start, field.count, head: field.head, before: end)
  }

  /// The equals sign that ends the field's name at `start`.
  @inline(never)
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
  @inline(never)
  private mutating func parseValue(
    _ p: UnsafeRawPointer, of field: Int32
  ) throws(Fault) -> UnsafeRawPointer {
    guard p < end else { throw Fault(.missingFieldValue, at: p) }
    let byte = p.byte
    if byte.digit != nil || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") {
      let number = try Number(at: p, before: end)
      rounded += number.isRounded ? 1 : 0
      values.append(number.value)
      pending.append(field)
      return number.end
    }
    if byte == UInt8(ascii: "\"") {
      let behind = try endOfString(p)
      guard behind.endsValue(before: end) else { throw Fault(.invalidFieldFormat, at: behind) }
      strings += 1
      return behind
    }
    let (isTrue, behind) = try boolean(p)
    values.append(isTrue ? 1 : 0)
    pending.append(field)
    return behind
  }

  /// Reads the boolean at `start`; anything else gets the refusal that InfluxDB has for it.
  @inline(never)
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
  @inline(never)
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
  private mutating func parseTime(
    _ start: UnsafeRawPointer
  ) throws(Fault) -> (UnsafeRawPointer, Int64) {
    let count = lastStampCount
    if end - start > count, sameBytes(start, lastStamp, count + 1) {
      return (start + count, lastTime)
    }
    let (p, time) = try readTime(start)
    // Only what a newline ends at once stands for itself.
    if p < end, p.byte == UInt8(ascii: "\n") {
      lastStamp = start
      lastStampCount = p - start
      lastTime = time
    }
    return (p, time)
  }

  @inline(__always)
  private func readTime(
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
    values.removeLast(values.count - timestamps.count)
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
