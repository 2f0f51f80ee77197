/// Pipelines, operators and suffixes.
extension Parser {
  /// Reads `expression | stage | stage`.
  mutating func pipeline() throws(QueryError) -> Expression {
    var expression = try binary(above: 0)
    while token.is(.pipe) {
      try advance()
      expression = try stage(after: expression)
    }
    return expression
  }

  // MARK: Operators

  /// Reads operands joined by operators that bind tighter than `precedence`.
  mutating func binary(above precedence: Int) throws(QueryError) -> Expression {
    let start = token.range.start
    var left = try unary()
    while let operation = infixOperation(), operation.precedence > precedence {
      if operation.isComparison, case .binary(let node) = left, node.operation.isComparison,
        !endsInParenthesis(left)
      {
        throw failure(
          "comparisons do not chain", at: token.range,
          hint: "write `(a \(node.operation.rawValue) b) \(operation.rawValue) c`, or join two "
            + "comparisons with `and`")
      }
      left = try binary(left, operation, from: start)
    }
    return left
  }

  /// Whether an expression stood in parentheses, which leave it shorter than what was read.
  private func endsInParenthesis(_ expression: Expression) -> Bool {
    expression.range.end.offset < previousEnd.offset
  }

  private func infixOperation() -> Binary.Operation? {
    switch token.kind {
    case .symbol(.caret): nil
    case .symbol(let symbol): Binary.Operation(rawValue: symbol.rawValue)
    case .name(let name): Binary.Operation(rawValue: name.lowercased())
    default: nil
    }
  }

  private mutating func binary(
    _ left: Expression, _ operation: Binary.Operation, from start: SourcePosition
  ) throws(QueryError) -> Expression {
    let leftHeight = height
    let operatorRange = token.range
    try advance()
    let (returnsBool, matching) = try matching(for: operation)
    let fill = try fill(for: operation)
    let right =
      operation == .power ? try unary() : try binary(above: operation.precedence)
    try grow(above: max(leftHeight, height), from: start)
    var node = Binary(
      operation: operation, left: left, right: right, matching: matching,
      returnsBool: returnsBool, operatorRange: operatorRange, range: range(from: start))
    node.fill = fill
    return .binary(node)
  }

  /// Reads `bool`, `on(...)`, `ignoring(...)`, `group_left(...)`, `group_right(...)`.
  private mutating func matching(
    for operation: Binary.Operation
  ) throws(QueryError) -> (returnsBool: Bool, matching: Matching?) {
    var returnsBool = false
    if token.isWord("bool") {
      guard operation.isComparison else {
        throw failure(
          "`bool` after `\(operation.rawValue)`, which is no comparison", at: token.range,
          hint: "remove `bool`; it makes a comparison answer 0 or 1")
      }
      try advance()
      returnsBool = true
    }
    let isOn = token.isWord("on")
    guard isOn || token.isWord("ignoring") else {
      if token.isWord("group_left") || token.isWord("group_right") {
        throw unexpected("`on(...)` or `ignoring(...)` before it", hint: "write `on(host)` first")
      }
      return (returnsBool, nil)
    }
    let start = token.range.start
    try advance()
    guard token.is(.leftParenthesis) else {
      throw unexpected("`(` and labels", hint: "write for example `on(host)`")
    }
    var matching = Matching(isIgnoring: !isOn, labels: try labels())
    if let side = token.name.flatMap({ Matching.Side(rawValue: $0.lowercased()) }) {
      guard !operation.isSetOperation else {
        throw unexpected(
          "a value", hint: "`\(operation.rawValue)` joins many to many; remove `\(side.rawValue)`")
      }
      try advance()
      matching.many = side
      if token.is(.leftParenthesis) { matching.include = try labels() }
    }
    matching.range = range(from: start)
    return (returnsBool, matching)
  }

  private mutating func unary() throws(QueryError) -> Expression {
    try nest()
    defer { nesting -= 1 }
    let start = token.range.start
    guard token.is(.minus) || token.is(.plus) else { return try power() }
    let operation: Unary.Operation = token.is(.minus) ? .minus : .plus
    try advance()
    let operand = try unary()
    let range = range(from: start)
    switch operand {
    case .number(let literal):
      let value = operation == .minus ? -literal.value : literal.value
      return .number(Literal(value, range: range))
    case .duration(let literal):
      let value = operation == .minus ? 0 - literal.value : literal.value
      return .duration(Literal(value, range: range))
    default:
      try grow(above: height, from: start)
      return .unary(Unary(operation: operation, operand: operand, range: range))
    }
  }

  private mutating func power() throws(QueryError) -> Expression {
    let start = token.range.start
    let base = try postfix()
    guard token.is(.caret) else { return base }
    return try binary(base, .power, from: start)
  }

  // MARK: Suffixes

  private mutating func postfix() throws(QueryError) -> Expression {
    let start = token.range.start
    return try suffixes(of: try primary(), from: start)
  }

  /// Reads `[5m]`, `offset 5m`, `@ end` and `.lower` after an expression, as many as there are.
  mutating func suffixes(
    of expression: Expression, from start: SourcePosition
  ) throws(QueryError) -> Expression {
    var expression = expression
    while true {
      switch token.kind {
      case .symbol(.leftBracket): expression = try window(of: expression, from: start)
      case .symbol(.at): expression = try at(expression, from: start)
      case .symbol(.dot): expression = try projection(of: expression, from: start)
      case .symbol(.leftBrace), .symbol(.less):
        try refuseMatchers(of: expression)
        return expression
      case .name where token.isWord("offset"): expression = try offset(of: expression, from: start)
      case .name:
        guard let boundary = nextBoundary else { return expression }
        expression = try self.boundary(boundary, of: expression, from: start)
        continue
      default: return expression
      }
      try grow(above: height, from: start)
    }
  }

  private mutating func window(
    of base: Expression, from start: SourcePosition
  ) throws(QueryError) -> Expression {
    let open = token.range.start
    try advance()
    let length = try durationInBrackets("a duration", example: "[30d]")
    var step = Window.Step.samples
    var stepFormula: Expression?
    if try take(.colon) {
      if token.is(.rightBracket) {
        step = .auto
      } else {
        let written = try durationInBrackets("a step or `]`", example: "[30d:5m]")
        step = .every(written.nanoseconds)
        stepFormula = written.formula
      }
    }
    guard token.is(.rightBracket) else {
      throw unclosed(open, .leftBracket, expected: step == .samples ? "`]` or `:`" : "`]`")
    }
    try advance()
    var node = Window(
      base: base, length: length.nanoseconds, step: step, range: range(from: start))
    node.lengthFormula = length.formula
    node.stepFormula = stepFormula
    return .window(node)
  }

  private mutating func offset(
    of base: Expression, from start: SourcePosition
  ) throws(QueryError) -> Expression {
    try advance()
    let length = try durationOfOffset()
    var node = Offset(base: base, nanoseconds: length.nanoseconds, range: range(from: start))
    node.formula = length.formula
    return .offset(node)
  }

  private mutating func at(
    _ base: Expression, from start: SourcePosition
  ) throws(QueryError) -> Expression {
    try advance()
    let isNegative = try take(.minus)
    let isPositive = try take(.plus)
    let isSigned = isNegative || isPositive
    let expected = isSigned ? "a number or a duration" : "a time"
    let hint = "write `@ end`, `@ -7d`, `@ 1767225600` or `@ \"2026-01-01T00:00:00Z\"`"
    let moment: At.Moment
    switch token.kind {
    case .number(let value): moment = .seconds(isNegative ? -value : value)
    // A sign counts from the time of the query. Without one a duration is the number that it is in
    // PromQL: `@ 1h` is an hour after 1970 began.
    case .duration(let value) where isSigned: moment = .relative(isNegative ? -value : value)
    case .duration(let value): moment = .seconds(Double(value) / 1e9)
    case .string(let text) where !isSigned: moment = .text(text)
    case .name(let word) where !isSigned:
      switch word.lowercased() {
      case "start": moment = .start
      case "end": moment = .end
      case "now": moment = .now
      default: throw unexpected(expected, hint: hint)
      }
    default: throw unexpected(expected, hint: hint)
    }
    let isWord = token.name != nil
    try advance()
    if isWord, try take(.leftParenthesis) {
      try expect(.rightParenthesis, hint: "`start()` and `end()` take no arguments")
    }
    return .at(At(base: base, moment: moment, range: range(from: start)))
  }

  private mutating func projection(
    of base: Expression, from start: SourcePosition
  ) throws(QueryError) -> Expression {
    let name = try peek()
    guard followsBracket(base) else {
      let text = lexer.text(base.range)
      var hint = "write `(\(text.count > 40 ? "..." : text)).\(name.name ?? "lower")`"
      if case .call(let call) = base { hint = "write `\(call.name)().\(name.name ?? "lower")`" }
      throw failure("a part can be taken only after a bracket", at: token.range, hint: hint)
    }
    try advance()
    let nameRange = token.range
    let part = try expectName(
      "the name of a part", hint: "write for example `.lower`, `.upper`, `.score` or `.trend`")
    return .projection(
      Projection(base: base, name: part, nameRange: nameRange, range: range(from: start)))
  }

  private func followsBracket(_ base: Expression) -> Bool {
    switch base {
    case .reference, .projection: return true
    default: break
    }
    switch lexer.byte(at: previousEnd.offset - 1) {
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ">"): return true
    default: return false
    }
  }

  /// Refuses matchers after an expression that is no metric.
  private func refuseMatchers(of base: Expression) throws(QueryError) {
    switch base {
    case .reference(let node):
      // An `<` after a parameter is less-than, unless a label follows it.
      guard try opensMatchers() else { return }
      throw failure(
        "`\(node.name)` is a parameter here, not a metric", at: token.range,
        hint: "select where the metric stands, or put the metric in backticks: `` `\(node.name)` ``"
      )
    case .selector where token.is(.leftBrace):
      throw failure(
        "a second selector after the first", at: token.range,
        hint: "put all labels into one: `memory<host=x, env=y>`")
    default: return
    }
  }
}
