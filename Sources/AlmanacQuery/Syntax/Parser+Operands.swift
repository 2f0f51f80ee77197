/// Operands: literals, names, calls and stages.
extension Parser {
  /// Reads one operand, without suffixes.
  mutating func primary() throws(QueryError) -> Expression {
    let range = token.range
    height = 1
    switch token.kind {
    case .number(let value):
      try advance()
      return .number(Literal(value, range: range))
    case .duration(let value):
      try advance()
      return .duration(Literal(value, range: range))
    case .string(let value):
      try advance()
      return .string(Literal(value, range: range))
    case .backquoted(let name):
      try advance()
      guard !name.isEmpty else {
        throw failure("a metric without a name", at: range, hint: "an empty string is `\"\"`")
      }
      return try selector(metric: name, isBackquoted: true, from: range.start)
    case .symbol(.leftBracket): return try list()
    case .symbol(.leftBrace): return try labelSelector()
    case .symbol(.leftParenthesis): return try parenthesis()
    case .symbol(.colon):
      // Names of recording rules may begin with a colon.
      guard let name = try peekAttachedName() else { throw unexpected("a value") }
      try advance()
      try advance()
      return try selector(metric: ":\(name)", isBackquoted: false, from: range.start)
    case .name(let name): return try word(name)
    default:
      throw unexpected("a value", hint: token.is(.rightParenthesis) ? missingValue() : nil)
    }
  }

  private func missingValue() -> String {
    "write a value before `)`, for example `memory<host=x>`"
  }

  private mutating func list() throws(QueryError) -> Expression {
    let open = token.range.start
    try advance()
    var elements: [Expression] = []
    var highest = 0
    while !token.is(.rightBracket) {
      elements.append(try binary(above: 0))
      highest = max(highest, height)
      if try take(.comma) { continue }
      guard token.is(.rightBracket) else {
        throw unclosed(open, .leftBracket, expected: "`,` or `]`")
      }
    }
    try advance()
    try grow(above: highest, from: open)
    return .list(ListLiteral(elements: elements, range: range(from: open)))
  }

  private mutating func parenthesis() throws(QueryError) -> Expression {
    let open = token.range.start
    try advance()
    if token.name != nil, try peek().is(.assign) { return try record(open) }
    let expression = try pipeline()
    guard token.is(.rightParenthesis) else {
      throw unclosed(open, .leftParenthesis, expected: "`)` or an operator")
    }
    try advance()
    return expression
  }

  private mutating func record(_ open: SourcePosition) throws(QueryError) -> Expression {
    var fields: [RecordLiteral.Field] = []
    var names: Set<String> = []
    var highest = 0
    while !token.is(.rightParenthesis) {
      let nameRange = token.range
      let name = try expectName("the name of a field")
      guard names.insert(name).inserted else {
        throw failure(
          "the field `\(name)` is there twice", at: nameRange,
          hint: "several values are a list: `\(name)=[1, 2]`")
      }
      try expect(.assign, hint: "fields of a record are written `name=value`")
      let value = try binary(above: 0)
      highest = max(highest, height)
      fields.append(
        RecordLiteral.Field(name: name, value: value, range: range(from: nameRange.start)))
      if try take(.comma) { continue }
      guard token.is(.rightParenthesis) else {
        throw unclosed(open, .leftParenthesis, expected: "`,` or `)`")
      }
    }
    try advance()
    try grow(above: highest, from: open)
    return .record(RecordLiteral(fields: fields, range: range(from: open)))
  }

  // MARK: Names

  private mutating func word(_ name: String) throws(QueryError) -> Expression {
    let range = token.range
    let next = try peek()
    if next.is(.leftParenthesis) {
      if let operation = Aggregate.Operation(rawValue: name.lowercased()) {
        return try aggregate(operation)
      }
      try advance()
      return try call(name, version: nil, range)
    }
    if next.isWord("by") || next.isWord("without"),
      let operation = Aggregate.Operation(rawValue: name.lowercased())
    {
      return try aggregate(operation)
    }
    if next.is(.at), !next.followsSpace, let version = try attachedVersion(mustCall: true) {
      return try call(name, version: version, SourceRange(start: range.start, end: previousEnd))
    }
    try advance()
    if parameters.contains(name) { return .reference(Reference(name: name, range: range)) }
    let isPlain = try !opensMatchers()
    if definitions.contains(name), isPlain {
      return .reference(Reference(name: name, range: range))
    }
    if isPlain, !(token.is(.dot) && !token.followsSpace), let literal = wordLiteral(name, range) {
      return literal
    }
    var metric = name
    while token.is(.dot), !token.followsSpace, let part = try peekAttachedName() {
      try advance()
      try advance()
      metric += ".\(part)"
    }
    return try selector(metric: metric, isBackquoted: false, from: range.start)
  }

  /// The name directly after the next token.
  private func peekAttachedName() throws(QueryError) -> String? {
    let next = try peek()
    return next.followsSpace ? nil : next.name
  }

  private func wordLiteral(_ name: String, _ range: SourceRange) -> Expression? {
    switch name {
    case "true": return .boolean(Literal(true, range: range))
    case "false": return .boolean(Literal(false, range: range))
    case "auto": return .keyword(Literal(.auto, range: range))
    case "none": return .keyword(Literal(.none, range: range))
    default: break
    }
    switch name.lowercased() {
    case "inf": return .number(Literal(.infinity, range: range))
    case "nan": return .number(Literal(.nan, range: range))
    default: return nil
    }
  }

  /// Reads a name and its version, `prep@3`, without spaces; with `mustCall` only if a `(` follows
  /// directly. Reads nothing and answers nil if there is no version.
  private mutating func attachedVersion(mustCall: Bool) throws(QueryError) -> Int? {
    var ahead = self
    try ahead.advance()
    guard ahead.token.is(.at), !ahead.token.followsSpace else { return nil }
    let number = try ahead.peek()
    guard !number.followsSpace, let version = ahead.integer(number) else { return nil }
    try ahead.advance()
    try ahead.advance()
    if mustCall, !ahead.token.is(.leftParenthesis) || ahead.token.followsSpace { return nil }
    self = ahead
    return version
  }

  // MARK: Calls

  private mutating func call(
    _ name: String, version: Int?, _ nameRange: SourceRange
  ) throws(QueryError) -> Expression {
    try checkFunction(name, nameRange)
    let list = try arguments(after: nil)
    return .call(
      Call(
        name: name, version: version, arguments: list, nameRange: nameRange,
        range: range(from: nameRange.start)))
  }

  private func checkFunction(_ name: String, _ range: SourceRange) throws(QueryError) {
    guard Words.isReserved(name) else { return }
    throw failure(
      "`\(name)` is a word of the language, not a function", at: range,
      hint: "a metric of that name stands in backticks")
  }

  /// Reads arguments in parentheses; `first` is what came through a pipe.
  private mutating func arguments(after first: Expression?) throws(QueryError) -> [Argument] {
    let open = token.range.start
    var list: [Argument] = []
    var names: Set<String> = []
    var highest = 0
    if let first {
      highest = height
      list.append(Argument(first, range: first.range))
    }
    guard try take(.leftParenthesis) else {
      try grow(above: highest, from: open)
      return list
    }
    while !token.is(.rightParenthesis) {
      let argument = try argument()
      highest = max(highest, height)
      if let name = argument.name {
        guard names.insert(name).inserted else {
          throw failure(
            "the argument `\(name)` is there twice", at: argument.range,
            hint: "several values are a list: `\(name)=[1, 2]`")
        }
      } else if let named = list.last?.name {
        throw failure(
          "a positional argument after the named `\(named)=`", at: argument.range,
          hint: "write it before `\(named)=`, or as `name=value`")
      }
      list.append(argument)
      if try take(.comma) { continue }
      guard token.is(.rightParenthesis) else {
        throw unclosed(open, .leftParenthesis, expected: "`,` or `)`")
      }
    }
    try advance()
    try grow(above: highest, from: open)
    return list
  }

  private mutating func argument() throws(QueryError) -> Argument {
    let start = token.range.start
    var name: String?
    if let word = token.name, try peek().is(.assign) {
      name = word
      try advance()
      try advance()
    }
    let value = try pipeline()
    return Argument(name: name, value, range: range(from: start))
  }

  /// Reads a stage; `input` is what stands before the pipe.
  mutating func stage(after input: Expression) throws(QueryError) -> Expression {
    let nameRange = token.range
    guard let name = token.name else {
      throw unexpected("the name of a function", hint: "write for example `| forecast(7d)`")
    }
    let expression: Expression
    if let operation = Aggregate.Operation(rawValue: name.lowercased()) {
      expression = try aggregate(operation, of: input)
    } else {
      try checkFunction(name, nameRange)
      let version = try attachedVersion(mustCall: false)
      if version == nil { try advance() }
      let functionRange = range(from: nameRange.start)
      let list = try arguments(after: input)
      expression = .call(
        Call(
          name: name, version: version, arguments: list, isPiped: true, nameRange: functionRange,
          range: range(from: input.range.start)))
    }
    return try suffixes(of: expression, from: input.range.start)
  }

  /// Reads an aggregate, its grouping before or after the arguments.
  private mutating func aggregate(
    _ operation: Aggregate.Operation, of input: Expression? = nil
  ) throws(QueryError) -> Expression {
    let nameRange = token.range
    try advance()
    var grouping = try grouping()
    if input == nil, !token.is(.leftParenthesis) {
      throw unexpected("`(`", hint: "write `\(operation.rawValue) by (host) (memory)`")
    }
    let list = try arguments(after: input)
    let inner = height
    if let second = try self.grouping() {
      if grouping != nil {
        throw failure(
          "the aggregate has two groupings", at: second.range,
          hint: "keep the one before or the one after the arguments")
      }
      grouping = second
    }
    height = inner
    return .aggregate(
      Aggregate(
        operation: operation, arguments: list, grouping: grouping, isPiped: input != nil,
        nameRange: nameRange, range: range(from: input?.range.start ?? nameRange.start)))
  }

  private mutating func grouping() throws(QueryError) -> Aggregate.Grouping? {
    let isWithout = token.isWord("without")
    guard isWithout || token.isWord("by") else { return nil }
    let start = token.range.start
    let word = lexer.text(token.range)
    try advance()
    guard token.is(.leftParenthesis) else {
      throw unexpected("`(` and labels", hint: "write for example `\(word) (host)`")
    }
    let labels = try labels()
    return Aggregate.Grouping(isWithout: isWithout, labels: labels, range: range(from: start))
  }

  /// Reads names of labels in parentheses.
  mutating func labels() throws(QueryError) -> [String] {
    let open = token.range.start
    try advance()
    var labels: [String] = []
    while !token.is(.rightParenthesis) {
      switch token.kind {
      case .name(let label), .string(let label), .backquoted(let label): labels.append(label)
      default: throw unexpected("the name of a label", hint: "write for example `(host, dc)`")
      }
      try advance()
      if try take(.comma) { continue }
      guard token.is(.rightParenthesis) else {
        throw unclosed(open, .leftParenthesis, expected: "`,` or `)`")
      }
    }
    try advance()
    return labels
  }
}
