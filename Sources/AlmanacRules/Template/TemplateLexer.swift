/// One word inside the braces of a template.
enum TemplateToken: Equatable {
  /// A name: of a function, or a keyword.
  case word(String)
  /// `$x`, or `$` alone.
  case variable(String)
  /// `.x`; whether a space stands before it, which makes it a word of its own.
  case field(String, isApart: Bool)
  case dot
  case number(TemplateValue)
  case text(String)
  case pipe
  case declare
  case assign
  case comma
  case open
  case close
}

/// A template cut into what is copied and what is in braces.
enum TemplatePiece: Equatable {
  case text(String)
  /// The words, and the line that the braces open in.
  case action([TemplateToken], line: Int)
}

/// Cuts a template's text into pieces.
struct TemplateLexer {
  private let name: String
  private let text: [Character]
  private var position = 0
  private var line = 1

  init(_ text: String, name: String) {
    self.name = name
    self.text = Array(text)
  }

  static func pieces(of text: String, name: String) throws(TemplateError) -> [TemplatePiece] {
    var lexer = TemplateLexer(text, name: name)
    return try lexer.pieces()
  }

  private func error(_ message: String) -> TemplateError {
    TemplateError("\(name):\(line): \(message)")
  }

  private func at(_ word: String) -> Bool {
    let end = position + word.count
    return end <= text.count && text[position..<end].elementsEqual(word)
  }

  private mutating func advance(_ count: Int = 1) {
    for character in text[position..<min(position + count, text.count)] where character == "\n" {
      line += 1
    }
    position += count
  }

  private static func isSpace(_ character: Character) -> Bool {
    character == " " || character == "\t" || character.isNewline
  }

  // MARK: - Pieces

  private mutating func pieces() throws(TemplateError) -> [TemplatePiece] {
    var pieces: [TemplatePiece] = []
    var literal = ""
    var trimsNext = false
    while position < text.count {
      guard at("{{") else {
        let character = text[position]
        if !(trimsNext && literal.isEmpty && Self.isSpace(character)) { literal.append(character) }
        if !literal.isEmpty { trimsNext = false }
        advance()
        continue
      }
      let opening = line
      advance(2)
      if at("-"), position + 1 < text.count, Self.isSpace(text[position + 1]) {
        advance()
        while let last = literal.last, Self.isSpace(last) { literal.removeLast() }
      }
      if !literal.isEmpty { pieces.append(.text(literal)) }
      literal = ""
      if let trims = try comment() {
        trimsNext = trims
        continue
      }
      var tokens: [TemplateToken] = []
      trimsNext = false
      while true {
        let isApart = skipSpace()
        guard position < text.count else { throw error("unclosed action") }
        if at("}}") { break }
        if at("-}}"), isApart {
          advance()
          trimsNext = true
          break
        }
        tokens.append(try token(isApart: isApart || tokens.isEmpty))
      }
      advance(2)
      pieces.append(.action(tokens, line: opening))
    }
    if !literal.isEmpty { pieces.append(.text(literal)) }
    return pieces
  }

  /// Reads a comment with the braces that end it; nil where there is none, else whether the space
  /// after it goes.
  private mutating func comment() throws(TemplateError) -> Bool? {
    let start = position
    _ = skipSpace()
    guard at("/*") else {
      position = start
      return nil
    }
    while position < text.count, !at("*/") { advance() }
    guard position < text.count else { throw error("unclosed comment") }
    advance(2)
    let isApart = skipSpace()
    let trims = isApart && at("-}}")
    if trims { advance() }
    guard at("}}") else { throw error("comment ends before closing delimiter") }
    advance(2)
    return trims
  }

  private mutating func skipSpace() -> Bool {
    let start = position
    while position < text.count, Self.isSpace(text[position]) { advance() }
    return position > start
  }

  // MARK: - Words

  private static func isWord(_ character: Character) -> Bool {
    character == "_" || character.isLetter || character.isNumber
  }

  private mutating func word() -> String {
    let start = position
    while position < text.count, Self.isWord(text[position]) { advance() }
    return String(text[start..<position])
  }

  private mutating func token(isApart: Bool) throws(TemplateError) -> TemplateToken {
    let character = text[position]
    let next = position + 1 < text.count ? text[position + 1] : " "
    switch character {
    case "|": return single(.pipe)
    case ",": return single(.comma)
    case "(": return single(.open)
    case ")": return single(.close)
    case "=": return single(.assign)
    case ":" where next == "=":
      advance(2)
      return .declare
    case "$":
      advance()
      return .variable(word())
    case "." where next.isNumber: return try number()
    case ".":
      advance()
      let name = word()
      return name.isEmpty ? .dot : .field(name, isApart: isApart)
    case "\"": return .text(try quoted())
    case "`":
      advance()
      let start = position
      while position < text.count, text[position] != "`" { advance() }
      guard position < text.count else { throw error("unterminated raw quoted string") }
      defer { advance() }
      return .text(String(text[start..<position]))
    case "+", "-": return try number()
    case _ where character.isASCII && character.isNumber: return try number()
    case _ where Self.isWord(character): return .word(word())
    default: throw error("unexpected \"\(character)\" in operand")
    }
  }

  private mutating func single(_ token: TemplateToken) -> TemplateToken {
    advance()
    return token
  }

  private mutating func number() throws(TemplateError) -> TemplateToken {
    let start = position
    if at("+") || at("-") { advance() }
    while position < text.count {
      let character = text[position]
      let isSign =
        (character == "+" || character == "-") && ["e", "E"].contains(text[position - 1])
        && !text[start..<position].contains("x")
      guard Self.isWord(character) || character == "." || isSign else { break }
      advance()
    }
    let written = String(text[start..<position])
    let digits = written.filter { $0 != "_" }
    if let value = Int(digits) { return .number(.integer(value)) }
    if digits.hasPrefix("0x"), let value = Int(digits.dropFirst(2), radix: 16) {
      return .number(.integer(value))
    }
    guard let first = digits.first(where: { $0 != "+" && $0 != "-" }),
      first == "." || first.isNumber, !digits.lowercased().contains("x"),
      let value = Double(digits)
    else { throw error("bad number syntax: \"\(written)\"") }
    return .number(.number(value))
  }

  /// A string of Go: `\n`, `\t`, `\"`, `\\`, `\xhh`, `\uhhhh` and their like.
  private mutating func quoted() throws(TemplateError) -> String {
    advance()
    var value = ""
    while position < text.count, text[position] != "\"", text[position] != "\n" {
      guard text[position] == "\\" else {
        value.append(text[position])
        advance()
        continue
      }
      advance()
      guard position < text.count else { break }
      let escape = text[position]
      advance()
      switch escape {
      case "n": value.append("\n")
      case "t": value.append("\t")
      case "r": value.append("\r")
      case "\\", "\"", "'": value.append(escape)
      case "x", "u", "U":
        let count = escape == "x" ? 2 : escape == "u" ? 4 : 8
        let digits = String(text[position..<min(position + count, text.count)])
        guard digits.count == count, let code = UInt32(digits, radix: 16),
          let scalar = Unicode.Scalar(code)
        else { throw error("invalid syntax in string") }
        value.unicodeScalars.append(scalar)
        advance(count)
      default: throw error("invalid syntax in string")
      }
    }
    guard position < text.count, text[position] == "\"" else {
      throw error("unterminated quoted string")
    }
    advance()
    return value
  }
}
