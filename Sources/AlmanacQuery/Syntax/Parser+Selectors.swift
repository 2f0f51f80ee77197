/// Metrics and their matchers. The rules for `<` and `>` are those of `docs/query-language.md`.
extension Parser {
  /// Whether the next token opens matchers of a metric that was just read: any `{`, and a `<` that
  /// stands directly after the metric and before `>` or a label with `=`, `!=`, `=~` or `!~`.
  func opensMatchers() throws(QueryError) -> Bool {
    if token.is(.leftBrace) { return true }
    guard token.is(.less), !token.followsSpace else { return false }
    var ahead = lexer
    ahead.skipSpace()
    if ahead.current == UInt8(ascii: ">") { return true }
    guard let first = ahead.current, Lexer.beginsName(first) else { return false }
    _ = ahead.name()
    ahead.skipSpace()
    guard let mark = ahead.current else { return false }
    ahead.step()
    switch (mark, ahead.current) {
    case (UInt8(ascii: "="), UInt8(ascii: "=")): return false
    case (UInt8(ascii: "="), _): return true
    case (UInt8(ascii: "!"), UInt8(ascii: "=")), (UInt8(ascii: "!"), UInt8(ascii: "~")):
      return true
    default: return false
    }
  }

  /// Reads the matchers of a metric, if there are any.
  mutating func selector(
    metric: String, isBackquoted: Bool, from start: SourcePosition
  ) throws(QueryError) -> Expression {
    var selector = Selector(metric: metric, isBackquoted: isBackquoted)
    if try opensMatchers() {
      selector.brackets = token.is(.leftBrace) ? .brace : .angle
      try matchers(of: &selector)
    }
    selector.range = range(from: start)
    height = 1
    return .selector(selector)
  }

  /// Reads a selector that has no metric before its `{`.
  mutating func labelSelector() throws(QueryError) -> Expression {
    let open = token.range
    var selector = Selector(metric: nil, brackets: .brace)
    try matchers(of: &selector)
    selector.range = range(from: open.start)
    guard selector.metric != nil || !selector.matchers.isEmpty else {
      throw failure(
        "a selector without metric and labels would take all series", at: selector.range,
        hint: "write `{host=x}`, or `{__name__=~\".+\"}` for all")
    }
    height = 1
    return .selector(selector)
  }

  /// Reads matchers with their brackets. From here to the closing one the words are other ones,
  /// so the lexer is asked for bytes.
  private mutating func matchers(of selector: inout Selector) throws(QueryError) {
    let open = token.range
    let closing = selector.brackets == .angle ? UInt8(ascii: ">") : UInt8(ascii: "}")
    lexer.skipSpace()
    while let byte = lexer.current, byte != closing {
      try matcher(of: &selector)
      lexer.skipSpace()
      if lexer.current == UInt8(ascii: ",") {
        lexer.step()
        lexer.skipSpace()
      } else if lexer.current != closing {
        throw unclosedSelector(selector, open)
      }
    }
    guard lexer.current == closing else { throw unclosedSelector(selector, open) }
    let closePosition = lexer.position
    lexer.step()
    if selector.brackets == .angle, lexer.current == UInt8(ascii: "="),
      lexer.byte(at: lexer.position.offset + 1) != UInt8(ascii: "=")
    {
      throw failure(
        "`>=` directly after a selector is ambiguous",
        at: SourceRange(start: closePosition, end: lexer.position),
        hint: "put a space before `>=`, after the `>` that closes the selector")
    }
    token.range = SourceRange(start: closePosition, end: lexer.position)
    try advance()
  }

  private mutating func matcher(of selector: inout Selector) throws(QueryError) {
    let start = lexer.position
    var label: String
    if let byte = lexer.current, Lexer.beginsName(byte) {
      label = lexer.name()
    } else if let mark = lexer.current, "\"'`".utf8.contains(mark) {
      label = mark == UInt8(ascii: "`") ? try lexer.backquoted() : try lexer.string()
      lexer.skipSpace()
      let isAlone = lexer.current == UInt8(ascii: ",") || lexer.current == UInt8(ascii: "}")
      if selector.metric == nil, !label.isEmpty, isAlone {
        // {"my.metric", host="x"}, as Prometheus 3 has it.
        selector.metric = label
        selector.isBackquoted = true
        return
      }
    } else {
      throw strangeInSelector("a label", hint: "write `memory<host=x>`, labels are names")
    }
    lexer.skipSpace()
    let operation = try operation(label: label)
    lexer.skipSpace()
    var values: [Matcher.Value] = []
    if lexer.current == UInt8(ascii: "[") {
      repeat {
        lexer.step()
        lexer.skipSpace()
        values.append(try value(label: label))
        lexer.skipSpace()
      } while lexer.current == UInt8(ascii: ",")
      guard lexer.current == UInt8(ascii: "]") else {
        throw strangeInSelector("`,` or `]`", hint: "close the list of values with `]`")
      }
      lexer.step()
    } else {
      values.append(try value(label: label))
    }
    selector.matchers.append(
      Matcher(
        label: label, operation: operation, values: values,
        range: SourceRange(start: start, end: lexer.position)))
  }

  private mutating func operation(label: String) throws(QueryError) -> Matcher.Operation {
    let mark = lexer.current
    var ahead = lexer
    ahead.step()
    let following = ahead.current
    let operation: Matcher.Operation
    switch (mark, following) {
    case (UInt8(ascii: "="), UInt8(ascii: "~")): operation = .matches
    case (UInt8(ascii: "!"), UInt8(ascii: "=")): operation = .notEqual
    case (UInt8(ascii: "!"), UInt8(ascii: "~")): operation = .doesNotMatch
    case (UInt8(ascii: "="), UInt8(ascii: "=")):
      throw strangeInSelector("a value", hint: "labels are compared with a single `=`")
    case (UInt8(ascii: "="), _):
      lexer = ahead
      return .equal
    default:
      throw strangeInSelector(
        "`=`, `!=`, `=~` or `!~` after the label `\(label)`", hint: "write `\(label)=x`")
    }
    ahead.step()
    lexer = ahead
    return operation
  }

  private mutating func value(label: String) throws(QueryError) -> Matcher.Value {
    let start = lexer.position
    let text: String
    switch lexer.current {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): text = try lexer.string()
    case UInt8(ascii: "`"): text = try lexer.backquoted()
    default:
      text = lexer.bareword()
      guard !text.isEmpty else {
        throw strangeInSelector(
          "a value for the label `\(label)`", hint: "write `\(label)=x` or `\(label)=\"x y\"`")
      }
      return Matcher.Value(
        text, isQuoted: false, range: SourceRange(start: start, end: lexer.position))
    }
    return Matcher.Value(
      text, isQuoted: true, range: SourceRange(start: start, end: lexer.position))
  }

  /// The character at the place reached, for a message.
  private var nextCharacter: (text: String, range: SourceRange) {
    var ahead = lexer
    let start = ahead.position
    guard ahead.current != nil else {
      return ("the end of the query", SourceRange(start: start, end: start))
    }
    repeat { ahead.step() } while ahead.current.map { $0 & 0xC0 == 0x80 } ?? false
    let range = SourceRange(start: start, end: ahead.position)
    return ("`\(lexer.text(range))`", range)
  }

  private func strangeInSelector(_ expected: String, hint: String) -> QueryError {
    let next = nextCharacter
    return failure(
      "found \(next.text) in a selector, expected \(expected)", at: next.range, hint: hint)
  }

  private func unclosedSelector(_ selector: Selector, _ open: SourceRange) -> QueryError {
    let closing = selector.brackets == .angle ? ">" : "}"
    let next = nextCharacter
    let place = "line \(open.start.line), column \(open.start.column)"
    var hint = "close the selector opened at \(place) with `\(closing)`"
    if selector.brackets == .angle, let metric = selector.metric,
      let matcher = selector.matchers.first
    {
      hint += ", or write `\(metric) < \(matcher.label)` with spaces to compare"
    }
    if lexer.current != nil, selector.matchers.last?.values.last?.isQuoted == false {
      hint += "; a value with other characters than letters, digits and `_./:*@-` needs quotes"
    }
    return failure(
      "unclosed selector: found \(next.text), expected `,` or `\(closing)`", at: next.range,
      hint: hint)
  }
}
