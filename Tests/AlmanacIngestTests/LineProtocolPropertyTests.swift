import AlmanacCore
import AlmanacIngest
import AlmanacTesting
import Testing

/// Writes random points as line protocol and says what should come back.
private struct Writer {
  var generator: SeededGenerator
  let unit: Int64
  let database: String?
  /// Whether strings may span lines.
  var newlinesInStrings = true
  var quotesInNames = true

  mutating func pick<T>(_ choices: [T]) -> T {
    choices[Int.random(in: choices.indices, using: &generator)]
  }

  /// A name of one to eight characters; a backslash stands only where it escapes nothing.
  mutating func name() -> String {
    let quote = quotesInNames ? "\"" : "q"
    let parts = [
      "a", "B", "7", "_", ",", " ", "=", "é", "温", "\\x", quote, "value", "db", "😀", "\t",
    ]
    return (0..<Int.random(in: 1...4, using: &generator)).map { _ in pick(parts) }.joined()
  }

  /// `name` with what must be escaped escaped.
  func escaped(_ name: String) -> String {
    var text = ""
    for character in name {
      if character == "," || character == " " || character == "=" { text += "\\" }
      text.append(character)
    }
    return text
  }

  mutating func measurement() -> (name: String, text: String) {
    let name = name()
    // A leading tab would be skipped; an equals sign may stand unescaped here.
    if name.hasPrefix("\t") { return measurement() }
    let text = escaped(name)
    return (name, Bool.random(using: &generator) ? text.replacing("\\=", with: "=") : text)
  }

  mutating func value() -> (value: Double?, text: String) {
    switch Int.random(in: 0..<8, using: &generator) {
    case 0:
      let value = Int64(truncatingIfNeeded: generator.next())
      return (Double(value), "\(value)i")
    case 1:
      let value = generator.next() >> UInt64.random(in: 0..<64, using: &generator)
      return (Double(value), "\(value)u")
    case 2: return (1, pick(["t", "T", "true", "True", "TRUE"]))
    case 3: return (0, pick(["f", "F", "false", "False", "FALSE"]))
    case 4:
      let newline = newlinesInStrings ? "\n" : "é"
      let parts = ["a", " ", ",", "x=1", #"\""#, #"\\"#, "\\n", "#", newline]
      let count = Int.random(in: 0...5, using: &generator)
      return (nil, "\"" + (0..<count).map { _ in pick(parts) }.joined() + "\"")
    case 5:
      let value = Double(Int.random(in: -100_000...100_000, using: &generator)) / 100
      return (value, value.shortestText)
    default:
      let value = Double(bitPattern: generator.next())
      return value.isFinite ? (value, value.description) : (1.5, "1.5")
    }
  }

  mutating func line() -> (text: String, points: [Point]) {
    let (metric, written) = measurement()
    var text = written
    var tags: [(String, String)] = []
    for _ in 0..<Int.random(in: 0...4, using: &generator) {
      let name = name()
      if tags.contains(where: { $0.0 == name }) { continue }
      let value = self.name()
      tags.append((name, value))
      text += ",\(escaped(name))=\(escaped(value))"
    }
    var labels = tags
    if let database, !database.isEmpty, !tags.contains(where: { $0.0 == "db" }) {
      labels.append(("db", database))
    }
    var points: [Point] = []
    var fields: [String] = []
    let count = pick([1, 1, 2, 3, 24])
    var hasTime = Bool.random(using: &generator)
    let limit = (Int64.max - 1) / unit
    let stamp = Int64.random(in: -limit...limit, using: &generator)
    if count == 24 { hasTime = true }
    for _ in 0..<count {
      var name = Int.random(in: 0..<4, using: &generator) == 0 ? "value" : self.name()
      // Tabs before the first field are skipped.
      if fields.isEmpty, name.hasPrefix("\t") { name = "b" + name }
      let (value, written) = value()
      fields.append("\(escaped(name))=\(written)")
      guard let value else { continue }
      let key = SeriesKey(
        metric: name == "value" ? metric : "\(metric)_\(name)", labels: Labels(labels))
      points.append(
        Point(key: key.encoded, time: hasTime ? stamp * unit : testNow, value: value))
    }
    text += pick([" ", "  ", " \t"]) + fields.joined(separator: ",")
    text += hasTime ? pick([" ", "  "]) + "\(stamp)" + pick(["", " "]) : pick(["", " "])
    return (pick(["", "", " ", "\t"]) + text, points)
  }
}

@Suite("Line protocol, at random") struct LineProtocolPropertyTests {
  private static let precisions: [Precision] = [
    .nanoseconds, .microseconds, .milliseconds, .seconds, .minutes, .hours,
  ]

  @Test("points written as lines are read back", arguments: UInt64(0)..<40)
  func roundTrip(seed: UInt64) {
    let precision = Self.precisions[Int(seed) % Self.precisions.count]
    let database = seed % 3 == 0 ? nil : seed % 3 == 1 ? "bench" : "d b"
    var writer = Writer(
      generator: SeededGenerator(seed: seed), unit: precision.nanoseconds, database: database)
    var text = ""
    var expected: [Point] = []
    var earlier: [(text: String, points: [Point])] = []
    for _ in 0..<60 {
      let again = Int.random(in: 0..<3, using: &writer.generator) == 0
      let line = again && !earlier.isEmpty ? writer.pick(earlier) : writer.line()
      earlier.append(line)
      text += line.text + writer.pick(["\n", "\r\n", "\n\n", "\n# note\n"])
      expected += line.points
    }
    let batch = parse(text, precision: precision, database: database)
    #expect(batch.errors == [], "seed \(seed)")
    #expect(batch.points == expected, "seed \(seed)")
    #expect(batch.acceptedLines == 60, "seed \(seed)")
    #expect(Set(expected.map(\.key)).count == batch.seriesCount, "seed \(seed)")
  }

  @Test("a mutation of one line leaves its neighbours alone", arguments: UInt64(0)..<40)
  func neighbours(seed: UInt64) {
    var writer = Writer(
      generator: SeededGenerator(seed: seed), unit: 1, database: nil, newlinesInStrings: false,
      quotesInNames: false)
    let alphabet = Array(",= \\\t#.0123456789eiutfnaé\0\r-+".utf8)
    for _ in 0..<25 {
      let before = (0..<2).map { _ in writer.line() }
      let after = (0..<2).map { _ in writer.line() }
      var line = Array(writer.line().text.utf8)
      let hasString = line.contains(UInt8(ascii: "\""))
      let position = Int.random(in: line.indices, using: &writer.generator)
      let byte = writer.pick(alphabet)
      let old = line[position]
      let isEscaped = position > 0 && line[position - 1] == UInt8(ascii: "\\")
      switch Int.random(in: 0..<3, using: &writer.generator) {
      case 0: line[position] = byte
      case 1: line.insert(byte, at: position)
      default: line.remove(at: position)
      }
      // Whatever opens or closes a string may take the next lines into it.
      let quoting = [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "=")]
      if hasString, isEscaped || quoting.contains(byte) || quoting.contains(old) { continue }
      let body =
        Array(before.map { $0.text + "\n" }.joined().utf8) + line
        + Array(after.map { "\n" + $0.text }.joined().utf8)
      let batch = LineProtocol(
        precision: .nanoseconds, now: Timestamp(nanoseconds: testNow), database: nil
      ).parse(body)
      let shown = "seed \(seed): \(String(decoding: line, as: UTF8.self))"
      let points = batch.points
      let head = before.flatMap(\.points)
      let tail = after.flatMap(\.points)
      #expect(points.starts(with: head), "\(shown)")
      #expect(points.suffix(tail.count).elementsEqual(tail), "\(shown)")
      #expect(batch.rejectedLines <= 1 && batch.acceptedLines >= 4, "\(shown)")
    }
  }

  @Test("any bytes give a batch that holds together", arguments: UInt64(0)..<40)
  func anyBytes(seed: UInt64) {
    var writer = Writer(generator: SeededGenerator(seed: seed), unit: 1, database: "d")
    let pieces =
      [
        "m", ",", "=", " ", "\"", "\\", "\n", "\r", "\r\n", "\t", "#", "\0", "1",
        "99999999999999999999", ".", "-", "+", "e", "i", "u", "t", "F", "value", "db", "a",
        "m,a=b v=1 1\n", "v=", "é",
        "12345678", ",a=",
      ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xF0, 0x9F]]
    for _ in 0..<60 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0..<40, using: &writer.generator) { bytes += writer.pick(pieces) }
      // Memory of exactly this size, so that a sanitizer sees a read behind it.
      let body = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
      defer { body.deallocate() }
      body.copyBytes(from: bytes)
      let batch = LineProtocol(
        precision: .seconds, now: Timestamp(nanoseconds: 1), database: "d"
      ).parse(UnsafeRawBufferPointer(body))
      let count = batch.timestamps.count
      #expect(batch.values.count == count && batch.series.count == count, "\(bytes)")
      #expect(batch.series.allSatisfy { $0 >= 0 && $0 < batch.seriesCount }, "\(bytes)")
      #expect(Set(batch.series).count == batch.seriesCount, "\(bytes)")
      let keys = (0..<batch.seriesCount).map { Array(batch.key($0)) }
      #expect(Set(keys).count == keys.count, "\(bytes)")
      #expect(keys.allSatisfy { SeriesKey(encoded: $0)?.encoded == $0 }, "\(bytes)")
      let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
      #expect(batch.acceptedLines + batch.rejectedLines <= lines, "\(bytes)")
      let inside = batch.errors.allSatisfy { error in
        error.line <= lines && error.column >= 1 && error.column <= bytes.count + 1
      }
      #expect(inside, "\(bytes)")
      #expect(batch.values.allSatisfy { $0.isFinite }, "\(bytes)")
    }
  }
}
