/// Strings in quotes, with the escapes of Go and PromQL, and in backticks.
extension Lexer {
  /// Reads a string in `"` or `'`; the quote must be next.
  mutating func string() throws(QueryError) -> String {
    let start = position
    let quote = current
    step()
    var content: [UInt8] = []
    while let byte = current, byte != UInt8(ascii: "\n") {
      if byte == quote {
        step()
        guard let string = String(validating: content, as: UTF8.self) else {
          throw error(
            "the string holds bytes that are no UTF-8", from: start, to: position,
            hint: "write `\\u00e9` for a character, `\\xe9` is a single byte")
        }
        return string
      }
      if byte == UInt8(ascii: "\\") {
        try escape(into: &content)
      } else {
        content.append(byte)
        step()
      }
    }
    let mark = quote == UInt8(ascii: "'") ? "'" : "\""
    throw error(
      "unterminated string", from: start, to: position,
      hint: "close it with `\(mark)` on the same line; a line break is `\\n`")
  }

  /// Reads what stands between backticks, as it is; the backtick must be next.
  mutating func backquoted() throws(QueryError) -> String {
    let start = position
    step()
    let contentStart = position
    while let byte = current {
      if byte == UInt8(ascii: "`") {
        let content = text(SourceRange(start: contentStart, end: position))
        step()
        return content
      }
      step()
    }
    throw error(
      "unterminated backtick", from: start, to: position, hint: "close it with another backtick")
  }

  private mutating func escape(into content: inout [UInt8]) throws(QueryError) {
    let start = position
    step()
    guard let letter = current else { return }
    switch letter {
    case UInt8(ascii: "a"): content.append(0x07)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "v"): content.append(0x0B)
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): content.append(letter)
    case UInt8(ascii: "x"):
      step()
      content.append(UInt8(truncatingIfNeeded: try digits(2, radix: 16, from: start)))
      return
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      let value = try digits(3, radix: 8, from: start)
      guard value < 256 else { throw badEscape(from: start) }
      content.append(UInt8(truncatingIfNeeded: value))
      return
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      step()
      let value = try digits(letter == UInt8(ascii: "u") ? 4 : 8, radix: 16, from: start)
      guard let scalar = Unicode.Scalar(value) else { throw badEscape(from: start) }
      content.append(contentsOf: Array(String(Character(scalar)).utf8))
      return
    default:
      step()
      throw badEscape(from: start)
    }
    step()
  }

  private mutating func digits(
    _ count: Int, radix: UInt32, from start: SourcePosition
  ) throws(QueryError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<count {
      guard let byte = current, Self.isHexadecimal(byte) else { throw badEscape(from: start) }
      let digit = UInt32(Self.isDigit(byte) ? byte - 0x30 : (byte | 0x20) - 0x57)
      guard digit < radix else { throw badEscape(from: start) }
      value = value &* radix &+ digit
      step()
    }
    return value
  }

  private func badEscape(from start: SourcePosition) -> QueryError {
    var end = self
    if end.position == start { end.step() }
    return error(
      "unknown escape `\(text(SourceRange(start: start, end: end.position)))` in a string",
      from: start, to: end.position,
      hint: "write a backslash as `\\\\`; escapes are \\n \\t \\r \\\" \\' \\xHH \\NNN \\uHHHH")
  }
}
