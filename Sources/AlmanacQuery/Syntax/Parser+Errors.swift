/// What the parser says when a text makes no sense.
extension Parser {
  /// An error about a part of the text.
  func failure(_ cause: String, at range: SourceRange, hint: String?) -> QueryError {
    QueryError(
      code: .parse, message: "cannot parse the query: \(cause)", range: range, stage: "parse",
      hint: hint)
  }

  /// An error about the next token, which is not what was expected.
  func unexpected(_ expected: String, hint: String? = nil) -> QueryError {
    failure(
      "found \(found(token)), expected \(expected)", at: token.range,
      hint: hint ?? commonHint(expected: expected))
  }

  /// An error about an empty text.
  func emptyQuery() -> QueryError {
    failure(
      "it is empty", at: token.range, hint: "write a selector, for example `memory<host=x>`")
  }

  /// The token as it is shown to people.
  func found(_ token: Token) -> String {
    if token.kind == .end { return "the end of the query" }
    var text = lexer.text(token.range)
    if text.count > 40 { text = text.prefix(37) + "..." }
    return switch token.kind {
    case .string: "the string \(text)"
    case .backquoted: text
    case .duration: "the duration `\(text)`"
    case .number: "the number `\(text)`"
    default: "`\(text)`"
    }
  }

  /// What is probably meant, judged by the next token alone.
  private func commonHint(expected: String) -> String {
    switch token.kind {
    case .symbol(let symbol):
      switch symbol {
      case .assign: return "equality is written `==`; a single `=` names an argument or a label"
      case .matches, .doesNotMatch:
        return "`\(symbol.rawValue)` compares labels in a selector: `memory<host=~\"web-.*\">`"
      case .rightParenthesis: return "remove this `)`, or open it before"
      case .rightBracket: return "remove this `]`, or open it before"
      case .rightBrace, .greater: return "a selector is written `memory<host=x>`"
      case .less: return "only a metric can be selected from; `{host=x}` selects by labels alone"
      case .leftBrace: return "only a metric takes a selector; combine sets with `and`"
      case .comma: return "only arguments and lists are separated by `,`; statements by `;`"
      case .pipe: return "a stage stands after `|`, a value before it"
      case .semicolon: return "end the statement before `;`"
      case .dot: return "a part is taken after a bracket: `forecast(x, 7d).lower`"
      default: return "write \(expected) here"
      }
    case .duration:
      let text = lexer.text(token.range)
      return "write `[\(text)]` for a history, `forecast(x, \(text))` for a horizon"
    case .name(let name):
      let words = ["and", "or", "unless", "offset", "by", "without", "refresh"]
      if name.utf8.count > 2, let meant = Suggestion.nearest(to: name, in: words), meant != name {
        return "did you mean `\(meant)`?"
      }
      if name.lowercased() == "by" || name.lowercased() == "without" {
        return "`\(name)` belongs to an aggregate: `sum by (host) (x)`"
      }
      return "write an operator, `|` or `,` before `\(name)`"
    case .number, .string, .backquoted:
      return "write an operator or `,` before it"
    case .end:
      return "the query stops too early; write \(expected)"
    }
  }

  /// An error about a bracket that is not closed where the next token is.
  func unclosed(
    _ open: SourcePosition, _ mark: Token.Symbol, expected: String
  ) -> QueryError {
    let closing = mark == .leftParenthesis ? ")" : mark == .leftBracket ? "]" : "}"
    let place = "`\(mark.rawValue)` opened at line \(open.line), column \(open.column)"
    var hint = "close the \(place) with `\(closing)`"
    if case .symbol(.assign) = token.kind { hint = commonHint(expected: expected) }
    if case .duration = token.kind { hint = "\(commonHint(expected: expected)); or \(hint)" }
    if case .name = token.kind { hint = "\(commonHint(expected: expected)); or \(hint)" }
    return unexpected(expected, hint: hint)
  }
}
