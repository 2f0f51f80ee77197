internal import AlmanacCore

/// Writes JSON (RFC 8259) piece by piece: no tree in between, so long answers can be streamed.
struct JSONText {
  private(set) var bytes: [UInt8] = []

  /// Takes what was written so far, leaving nothing.
  mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  /// Appends `text` as it is: punctuation, names that need no escape.
  @inline(__always)
  mutating func raw(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// Appends JSON that was written before.
  mutating func raw(_ json: [UInt8]) {
    bytes.append(contentsOf: json)
  }

  /// Appends a string with quotes and escapes.
  mutating func string(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    let start = bytes.count
    bytes.append(contentsOf: text.utf8)
    if Self.needsEscape(bytes.span, from: start) {
      bytes.removeLast(bytes.count - start)
      for byte in text.utf8 { escaped(byte) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func needsEscape(_ bytes: Span<UInt8>, from start: Int) -> Bool {
    var isSpecial = false
    for index in start..<bytes.count {
      let byte = bytes[index]
      isSpecial =
        isSpecial || byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
    return isSpecial
  }

  private mutating func escaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case UInt8(ascii: "\n"): raw("\\n")
    case UInt8(ascii: "\r"): raw("\\r")
    case UInt8(ascii: "\t"): raw("\\t")
    case 0..<0x20:
      raw("\\u00")
      let digits = Array("0123456789abcdef".utf8)
      bytes.append(digits[Int(byte >> 4)])
      bytes.append(digits[Int(byte & 15)])
    default: bytes.append(byte)
    }
  }

  /// Appends a number; NaN as null, infinities as the strings `"+Inf"` and `"-Inf"`.
  mutating func number(_ value: Double) {
    if value.isFinite {
      bytes.append(shortest: value)
    } else if value.isNaN {
      raw("null")
    } else {
      string(value.shortestText)
    }
  }

  /// Appends a whole number.
  mutating func integer(_ value: Int) {
    bytes.append(decimal: value)
  }

  /// Appends a moment as a string.
  mutating func time(_ time: Timestamp, fractionDigits: Int) {
    bytes.append(UInt8(ascii: "\""))
    time.append(to: &bytes, fractionDigits: fractionDigits)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends strings as a list.
  mutating func list(_ texts: some Sequence<String>) {
    raw("[")
    for (index, text) in texts.enumerated() {
      if index > 0 { raw(",") }
      string(text)
    }
    raw("]")
  }
}

/// Samples as Prometheus writes them: `[1788221340.250,"61.5"]`.
extension JSONText {
  /// The longest sample, and a word.
  private static let sampleRoom = 64

  /// Appends a time in nanoseconds as seconds.
  mutating func seconds(_ time: Int64) {
    bytes.appendText(upTo: DecimalText.room) { $0.put(seconds: time, at: &$1) }
  }

  /// Appends one sample.
  mutating func sample(time: Int64, value: Double) {
    bytes.appendText(upTo: Self.sampleRoom) { text, position in
      text.put(UInt64(UInt8(ascii: "[")), 1, at: &position)
      text.put(seconds: time, at: &position)
      text.put(Self.valueBegins, 2, at: &position)
      text.put(shortest: value, at: &position)
      text.put(Self.valueEnds, 2, at: &position)
    }
  }

  /// Appends the samples at `bounds`, with commas between them and before the first one unless it
  /// is that of the series.
  mutating func samples(_ times: [Int64], _ values: [Double], _ bounds: Range<Int>) {
    let start = bytes.count
    bytes.appendText(upTo: bounds.count * Self.sampleRoom) { text, position in
      // The first six digits of a time are seldom new: kept behind a comma and a bracket.
      var block: Int64 = -1
      var beginning: UInt64 = 0
      for index in bounds {
        let time = times[index]
        let seconds = time / 1_000_000_000
        if seconds * 1_000_000_000 == time, seconds >= 1_000_000_000 {
          let thousands = seconds / 10_000
          if thousands != block {
            block = thousands
            var before = position
            text.put(Self.sampleBegins, 2, at: &before)
            text.put(decimal: UInt64(thousands), width: 6, at: &before)
            beginning = text.word(at: position)
          }
          text.put(beginning, 8, at: &position)
          text.put(decimal: UInt64(seconds - thousands * 10_000), width: 4, at: &position)
        } else {
          text.put(Self.sampleBegins, 2, at: &position)
          text.put(seconds: time, at: &position)
        }
        text.put(Self.valueBegins, 2, at: &position)
        text.put(shortest: values[index], at: &position)
        text.put(Self.valueEnds, 2, at: &position)
      }
    }
    if bounds.lowerBound == 0, !bounds.isEmpty { bytes.remove(at: start) }
  }

  /// `,[` and `,"` and `"]`, the first character in the lowest byte.
  private static let sampleBegins: UInt64 = 0x5b2c
  private static let valueBegins: UInt64 = 0x222c
  private static let valueEnds: UInt64 = 0x5d22
}
