/// Statements.
extension Parser {
  /// Reads all statements up to the end of the text.
  mutating func script() throws(QueryError) -> Script {
    if token.kind == .end { throw emptyQuery() }
    let start = token.range.start
    var statements: [Statement] = []
    repeat {
      statements.append(try statement())
      guard try take(.semicolon) || token.kind == .end else {
        throw unexpected("an operator, `|`, `;` or the end of the query")
      }
    } while token.kind != .end
    return Script(statements: statements, range: range(from: start))
  }

  private mutating func statement() throws(QueryError) -> Statement {
    guard let word = token.name else { return .query(try pipeline()) }
    switch word {
    case "let":
      if case .name = try peek().kind { return .define(try definition()) }
    case "explain":
      if try beginsOperand(try peek()) { return .explain(try explain()) }
    case "train":
      if try beginsOperand(try peek()) { return .train(try train()) }
    case "show":
      if case .name(let next) = try peek().kind, !isInfixWord(next) { return .show(try show()) }
    case "cancel":
      if case .number = try peek().kind { return .cancel(try cancel()) }
    case "drop":
      if case .name(let next) = try peek().kind, !isInfixWord(next) { return .drop(try drop()) }
    default: break
    }
    return .query(try pipeline())
  }

  /// Whether a word can stand after a complete expression.
  private func isInfixWord(_ word: String) -> Bool {
    ["or", "and", "unless", "atan2", "offset"].contains(word.lowercased())
  }

  /// Whether an expression goes on with this token after a word that may be a metric or a keyword.
  private func beginsOperand(_ next: Token) throws(QueryError) -> Bool {
    switch next.kind {
    case .name(let name): !isInfixWord(name)
    case .number, .duration, .string, .backquoted: true
    case .symbol(.leftParenthesis), .symbol(.minus), .symbol(.plus): true
    case .symbol(.leftBrace), .symbol(.leftBracket): next.followsSpace
    default: false
    }
  }

  private mutating func definition() throws(QueryError) -> Definition {
    let start = token.range.start
    try advance()
    let nameRange = token.range
    let name = try expectName("a name")
    try checkDefinable(name, nameRange)
    var version: Int?
    if try take(.at) { version = try expectInteger("a version", hint: "write `let \(name)@1 = x`") }
    let list = try take(.leftParenthesis) ? try parameterList() : []
    try expect(.assign, hint: "write `let \(name) = x`, or `let \(name)(s, gap=5m) = s | f(gap)`")
    parameters = Set(list.map(\.name))
    let body = try pipeline()
    parameters = []
    if version == nil { definitions.insert(name) }
    return Definition(
      name: name, version: version, parameters: list, body: body, nameRange: nameRange,
      range: range(from: start))
  }

  /// Reads parameters up to their `)`; the parenthesis before them was read.
  private mutating func parameterList() throws(QueryError) -> [Parameter] {
    let open = previousEnd
    var list: [Parameter] = []
    while !token.is(.rightParenthesis) {
      let nameRange = token.range
      let name = try expectName("the name of a parameter or `)`")
      try checkDefinable(name, nameRange)
      if parameters.contains(name) {
        throw failure(
          "the parameter `\(name)` is there twice", at: nameRange, hint: "rename one of them")
      }
      let defaultValue = try take(.assign) ? try pipeline() : nil
      list.append(
        Parameter(name: name, defaultValue: defaultValue, range: range(from: nameRange.start)))
      parameters.insert(name)
      if try take(.comma) { continue }
      guard token.is(.rightParenthesis) else {
        var place = open
        place.offset -= 1
        place.column -= 1
        throw unclosed(place, .leftParenthesis, expected: "`,` or `)`")
      }
    }
    try advance()
    parameters = []
    return list
  }

  private func checkDefinable(_ name: String, _ range: SourceRange) throws(QueryError) {
    guard Words.isReserved(name) || Aggregate.Operation(rawValue: name.lowercased()) != nil else {
      return
    }
    throw failure(
      "`\(name)` is a word of the language and cannot be a name", at: range,
      hint: "write for example `my_\(name)`")
  }

  private mutating func expectInteger(
    _ what: String, hint: String
  ) throws(QueryError) -> Int {
    guard let value = integer(token) else {
      throw unexpected("\(what), a whole number", hint: hint)
    }
    try advance()
    return value
  }

  private mutating func explain() throws(QueryError) -> Explain {
    let start = token.range.start
    try advance()
    var isAnalyze = false
    if token.name == "analyze", try beginsOperand(try peek()) {
      try advance()
      isAnalyze = true
    }
    let body = try pipeline()
    return Explain(isAnalyze: isAnalyze, body: body, range: range(from: start))
  }

  private mutating func train() throws(QueryError) -> Train {
    let start = token.range.start
    try advance()
    let body = try pipeline()
    var refresh: Int64?
    if token.name == "refresh" {
      try advance()
      guard case .duration(let length) = token.kind else {
        throw unexpected("a duration", hint: "write for example `refresh 1d`")
      }
      try advance()
      refresh = length
    }
    return Train(body: body, refresh: refresh, range: range(from: start))
  }

  private mutating func show() throws(QueryError) -> Show {
    let start = token.range.start
    try advance()
    guard let word = token.name, let subject = Show.Subject(rawValue: word) else {
      throw unexpected(
        "`models`, `jobs`, `lets`, `series` or `feedback`", hint: meant(Show.Subject.self))
    }
    try advance()
    var selector: Selector?
    if token.kind != .end, !token.is(.semicolon) {
      let operand = token.range
      let outside = definitions
      definitions = []
      defer { definitions = outside }
      guard case .selector(let node) = try primary() else {
        throw failure(
          "`show \(word)` takes a selector, nothing else", at: operand,
          hint: "write `show \(word) memory<host=x>`")
      }
      selector = node
    }
    return Show(subject: subject, selector: selector, range: range(from: start))
  }

  private mutating func cancel() throws(QueryError) -> Cancel {
    let start = token.range.start
    try advance()
    let job = try expectInteger("the number of a job", hint: "`show jobs` lists them")
    return Cancel(job: job, range: range(from: start))
  }

  private mutating func drop() throws(QueryError) -> Drop {
    let start = token.range.start
    try advance()
    guard let word = token.name, let subject = Drop.Subject(rawValue: word) else {
      throw unexpected("`model`, `let` or `feedback`", hint: meant(Drop.Subject.self))
    }
    try advance()
    let name: String
    switch token.kind {
    case .name(let text), .string(let text): name = text
    default:
      if subject == .feedback {
        name = String(
          try expectInteger("the number of a judgement", hint: "`show feedback` lists them"))
        return Drop(subject: subject, name: name, range: range(from: start))
      }
      throw unexpected(
        "a name or a string", hint: "write `drop \(word) \"...\"` with the name in quotes")
    }
    try advance()
    var version: Int?
    if subject == .let, try take(.at) {
      version = try expectInteger("a version", hint: "write `drop let prep@3`")
    }
    return Drop(subject: subject, name: name, version: version, range: range(from: start))
  }

  /// "did you mean" for the next token, or the list of what there is.
  private func meant<Subject: RawRepresentable<String> & CaseIterable>(
    _ type: Subject.Type
  ) -> String {
    let words = type.allCases.map(\.rawValue)
    if let name = token.name, let word = Suggestion.nearest(to: name, in: words) {
      return "did you mean `\(word)`?"
    }
    return "write one of " + words.map { "`\($0)`" }.joined(separator: ", ")
  }
}
