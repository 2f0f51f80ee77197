/// Reads the text of a query into its tree, by recursive descent over `docs/query-language.md`.
///
/// Any text gives a tree or a `QueryError`; none traps. Time is linear in the length of the text.
public struct Parser {
  /// The longest text, in bytes.
  public static let maximumLength = 64 * 1024
  /// How deep parentheses, lists, calls and signs may be nested.
  public static let maximumNesting = 100
  /// How high a tree may grow by chains too, as in `a + b + c`, so that walking it is safe.
  public static let maximumHeight = 250

  /// Cuts the text; stands directly after `token`.
  var lexer: Lexer
  /// The token to be read next.
  var token: Token
  /// Where the last token that was read ended.
  var previousEnd = SourcePosition.start
  /// The parameters of the definition being read.
  var parameters: Set<String> = []
  /// The definitions without version read so far.
  var definitions: Set<String> = []
  /// How deep the parser is nested.
  var nesting = 0
  /// The height of the expression that was returned last.
  var height = 0

  /// Reads a whole script.
  public static func parse(_ text: String) throws(QueryError) -> Script {
    var parser = try Parser(text)
    return try parser.script()
  }

  /// Reads a single pipeline, without `let` and the other statements.
  public static func parseExpression(_ text: String) throws(QueryError) -> Expression {
    var parser = try Parser(text)
    if parser.token.kind == .end { throw parser.emptyQuery() }
    let expression = try parser.pipeline()
    guard parser.token.kind == .end else {
      throw parser.unexpected("an operator, `|` or the end of the query")
    }
    return expression
  }

  /// Begins at the start of `text`.
  init(_ text: String) throws(QueryError) {
    let length = text.utf8.count
    guard length <= Self.maximumLength else {
      throw QueryError(
        code: .parse,
        message: "cannot parse the query: its text has \(length) bytes, more than "
          + "\(Self.maximumLength)",
        range: SourceRange(start: .start, end: .start), stage: "parse",
        hint: "split it into several queries, or store parts of it with `let name@1 = ...`")
    }
    lexer = Lexer(text)
    token = try lexer.next()
  }

  // MARK: Tokens

  /// Reads the next token.
  mutating func advance() throws(QueryError) {
    previousEnd = token.range.end
    token = try lexer.next()
  }

  /// The token after the next one.
  func peek() throws(QueryError) -> Token {
    var ahead = lexer
    return try ahead.next()
  }

  /// Reads a symbol if it is next.
  mutating func take(_ symbol: Token.Symbol) throws(QueryError) -> Bool {
    guard token.is(symbol) else { return false }
    try advance()
    return true
  }

  /// Reads a symbol that must be next.
  mutating func expect(_ symbol: Token.Symbol, hint: String? = nil) throws(QueryError) {
    guard token.is(symbol) else { throw unexpected("`\(symbol.rawValue)`", hint: hint) }
    try advance()
  }

  /// Reads a name that must be next.
  mutating func expectName(_ what: String, hint: String? = nil) throws(QueryError) -> String {
    guard let name = token.name else { throw unexpected(what, hint: hint) }
    try advance()
    return name
  }

  /// The integer that a token is.
  func integer(_ token: Token) -> Int? {
    guard case .number(let value) = token.kind, value >= 0, value <= 9_007_199_254_740_992,
      lexer.text(token.range).utf8.allSatisfy(Lexer.isDigit)
    else { return nil }
    return Int(exactly: value)
  }

  /// The text from `start` to the last token that was read.
  func range(from start: SourcePosition) -> SourceRange {
    SourceRange(start: start, end: max(start, previousEnd))
  }

  // MARK: Limits

  /// Notes an expression whose highest part has the height `below`.
  mutating func grow(above below: Int, from start: SourcePosition) throws(QueryError) {
    height = below + 1
    guard height <= Self.maximumHeight else {
      throw failure(
        "more than \(Self.maximumHeight) operators and stages in a row", at: range(from: start),
        hint: "write `a<l=[x, y]>` or a regular expression instead of many `or`, "
          + "or name parts with `let`")
    }
  }

  /// Goes one level deeper.
  mutating func nest() throws(QueryError) {
    nesting += 1
    guard nesting <= Self.maximumNesting else {
      throw failure(
        "more than \(Self.maximumNesting) levels of nesting", at: token.range,
        hint: "name parts with `let`, or use pipes")
    }
  }
}
