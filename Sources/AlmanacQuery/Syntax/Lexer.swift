/// Cuts the text of a query into tokens, one at a time.
///
/// A value: to look ahead, copy it and ask the copy. Inside of selectors the parser asks for
/// `bareword()` and single bytes instead of tokens, because the words there are other ones.
struct Lexer: Sendable {
  private let bytes: [UInt8]
  /// For each byte whether a character begins there; empty if every byte is a character.
  private let characterStarts: [Bool]
  /// The place after the last token.
  private(set) var position = SourcePosition.start

  /// Begins at the start of `text`.
  init(_ text: String) {
    bytes = Array(text.utf8)
    if bytes.allSatisfy({ $0 < 0x80 }) {
      characterStarts = []
    } else {
      var starts = [Bool](repeating: false, count: bytes.count)
      var offset = 0
      for character in text where offset < starts.count {
        starts[offset] = true
        offset += character.utf8.count
      }
      characterStarts = starts
    }
  }

  /// The byte at the place reached, if the text goes on.
  var current: UInt8? { byte(at: position.offset) }

  /// The byte at an offset, if the text goes so far.
  func byte(at offset: Int) -> UInt8? {
    offset >= 0 && offset < bytes.count ? bytes[offset] : nil
  }

  /// The text that a range covers.
  func text(_ range: SourceRange) -> String {
    let end = min(range.end.offset, bytes.count)
    return String(decoding: bytes[min(range.start.offset, end)..<end], as: UTF8.self)
  }

  /// Passes one byte, if the text goes on.
  mutating func step() {
    guard let byte = current else { return }
    if byte == UInt8(ascii: "\n") {
      position.line += 1
      position.column = 1
    } else if characterStarts.isEmpty || characterStarts[position.offset] {
      position.column += 1
    }
    position.offset += 1
  }

  /// Passes spaces, line breaks and comments, and says whether there were any.
  @discardableResult
  mutating func skipSpace() -> Bool {
    let start = position.offset
    while let byte = current {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        step()
      case UInt8(ascii: "#"):
        while let byte = current, byte != UInt8(ascii: "\n") { step() }
      default:
        return position.offset > start
      }
    }
    return position.offset > start
  }

  /// The next token; at the end of the text `.end`, again and again.
  mutating func next() throws(QueryError) -> Token {
    let followsSpace = skipSpace()
    let start = position
    let kind = try kind()
    return Token(
      kind: kind, range: SourceRange(start: start, end: position), followsSpace: followsSpace)
  }

  private mutating func kind() throws(QueryError) -> Token.Kind {
    guard let byte = current else { return .end }
    if Self.beginsName(byte) { return .name(name()) }
    if Self.isDigit(byte) { return try number() }
    if byte == UInt8(ascii: "."), let after = self.byte(at: position.offset + 1),
      Self.isDigit(after)
    {
      return try number()
    }
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return .string(try string()) }
    if byte == UInt8(ascii: "`") { return .backquoted(try backquoted()) }
    return try .symbol(symbol())
  }

  /// Reads a name; the byte at the place reached must begin one.
  mutating func name() -> String {
    let start = position
    while let byte = current, Self.continuesName(byte) { step() }
    return text(SourceRange(start: start, end: position))
  }

  /// Reads a bare word as selectors have them; empty if there is none.
  mutating func bareword() -> String {
    let start = position
    while let byte = current, Self.isBareword(byte) { step() }
    return text(SourceRange(start: start, end: position))
  }

  private mutating func symbol() throws(QueryError) -> Token.Symbol {
    let start = position
    var after = self
    after.step()
    if after.current.map({ $0 < 0x80 }) ?? false, let byte = current, byte < 0x80 {
      after.step()
      let pair = text(SourceRange(start: start, end: after.position))
      if let symbol = Token.Symbol(rawValue: pair) {
        self = after
        return symbol
      }
      if pair == "||" || pair == "&&" {
        throw error(
          "`\(pair)` is no operator", from: start, to: after.position,
          hint: pair == "||"
            ? "write `or` to join two sets, one `|` to pipe" : "write `and`")
      }
    }
    repeat { step() } while continuesCharacter
    let range = SourceRange(start: start, end: position)
    if let symbol = Token.Symbol(rawValue: text(range)) { return symbol }
    throw strangeCharacter(range)
  }

  /// Whether the place reached lies inside of a character.
  private var continuesCharacter: Bool {
    !characterStarts.isEmpty && position.offset < bytes.count
      && !characterStarts[position.offset]
  }

  private func strangeCharacter(_ range: SourceRange) -> QueryError {
    let character = text(range)
    let hint: String? =
      switch character {
      case "!": "write `!=` or `!~` in a selector, `unless` between sets"
      case "\u{201C}", "\u{201D}", "\u{201E}", "\u{2018}", "\u{2019}":
        "write straight quotes, `\"`"
      case "\u{00A0}", "\u{200B}", "\u{FEFF}": "replace the invisible character by a space"
      case "&": "write `and`"
      case "~": "write `=~` or `!~` in a selector"
      case "$": "fill in the variable; the language has none"
      case "\\": "a backslash belongs in a string"
      default: "names with other characters stand in backticks, strings in quotes"
      }
    let shown = character.unicodeScalars.allSatisfy { $0.properties.isWhitespace || $0.value < 32 }
    let code = String(character.unicodeScalars.first?.value ?? 0, radix: 16, uppercase: true)
    return error(
      "the character \(shown ? "U+\(code)" : "`\(character)`") has no meaning here",
      from: range.start, to: range.end, hint: hint)
  }

  /// An error about the text from `start` to `end`.
  func error(
    _ cause: String, from start: SourcePosition, to end: SourcePosition, hint: String?
  ) -> QueryError {
    QueryError(
      code: .lex, message: "cannot parse the query: \(cause)",
      range: SourceRange(start: start, end: end), stage: "parse", hint: hint)
  }

  /// Whether a byte is a decimal digit.
  static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Whether a byte is a letter of ASCII.
  static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
  }

  /// Whether a name can begin with a byte.
  static func beginsName(_ byte: UInt8) -> Bool { isLetter(byte) || byte == UInt8(ascii: "_") }

  /// Whether a name can go on with a byte.
  static func continuesName(_ byte: UInt8) -> Bool {
    beginsName(byte) || isDigit(byte) || byte == UInt8(ascii: ":")
  }

  /// Whether a byte can stand in a bare word of a selector.
  static func isBareword(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "*"), UInt8(ascii: "@"),
      UInt8(ascii: "-"):
      true
    default: continuesName(byte)
    }
  }
}
