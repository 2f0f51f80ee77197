internal import AlmanacCore

/// Writes JSON (RFC 8259) piece by piece: no tree in between, so long answers can be streamed.
struct JSONText {
  private(set) var bytes: [UInt8] = []

  /// Takes what was written so far, leaving nothing.
  mutating func take() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes
  }

  /// Appends `text` as it is: punctuation, names that need no escape.
  mutating func raw(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// Appends a string with quotes and escapes.
  mutating func string(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
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
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends a number; NaN as null, infinities as the strings `"+Inf"` and `"-Inf"`.
  mutating func number(_ value: Double) {
    if value.isFinite {
      bytes.append(contentsOf: value.shortestText.utf8)
    } else if value.isNaN {
      raw("null")
    } else {
      string(value.shortestText)
    }
  }

  /// Appends a whole number.
  mutating func integer(_ value: Int) {
    bytes.append(contentsOf: String(value).utf8)
  }

  /// Appends a moment as a string.
  mutating func time(_ time: Timestamp, fractionDigits: Int) {
    bytes.append(UInt8(ascii: "\""))
    time.append(to: &bytes, fractionDigits: fractionDigits)
    bytes.append(UInt8(ascii: "\""))
  }
}
