internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacPattern

/// Turns a syntax tree into a plan: resolves names, reads arguments, checks types. No data is read.
struct Planner {
  /// What `step()` and `range()` in durations stand for; nil as long as that is not known.
  var durations: QueryDurations?

  /// The functions of this version.
  static let functions =
    preparations + comparisons + ["forecast", "outliers", "info"] + trials
    + WindowFunction.all.map(\.name)
    + FunctionSignature.all.keys.sorted()

  /// Plans the one query that `script` holds.
  ///
  /// - Parameter durations: what `step()` and `range()` stand for, once that is known.
  static func plan(
    _ script: Script, durations: QueryDurations? = nil
  ) throws(QueryError) -> Plan {
    guard let statement = script.statements.last, script.statements.count == 1,
      case .query(let expression) = statement
    else {
      throw QueryError(
        code: .name, message: "cannot run this: only single queries are in this version",
        range: script.statements.first?.range, stage: "plan",
        hint: "write one expression, as forecast(memory<host=x>, 7d)")
    }
    return try Planner(durations: durations).plan(expression)
  }

  /// Where stages are noted whose results may be kept; nil plans without.
  var stages: StageList?

  /// The plan of `expression` itself, without notes.
  func planned(_ expression: Expression) throws(QueryError) -> Plan {
    switch expression {
    case .number(let literal): return .number(literal.value)
    case .duration(let literal):
      // Where a number is due a duration counts as seconds.
      return .number(Double(literal.value) / 1e9)
    case .string(let literal): return .string(literal.value)
    case .selector(let selector): return .select(try plan(selector))
    case .call(let call): return try plan(call)
    case .aggregate(let node): return try plan(node)
    case .unary(let node): return try plan(node)
    case .binary(let node): return try plan(node)
    case .window(let node): return try plan(node)
    case .offset(let node):
      let node = try calculated(node)
      return try plan(node.base).moved(by: Interval(nanoseconds: node.nanoseconds))
    case .at(let node): return .moved(try plan(node.base), try move(node))
    case .projection(let node): return try plan(node)
    case .boolean, .keyword, .list, .record, .reference:
      throw QueryError(
        code: .type, message: "cannot use this as a query: it is an argument's value",
        range: expression.range, stage: "plan", hint: "write a selector, as memory<host=x>")
    }
  }

  // MARK: - Selectors

  private func plan(_ selector: Selector) throws(QueryError) -> Selection {
    var matchers: [LabelMatcher] = []
    if let metric = selector.metric {
      matchers.append(LabelMatcher(name: SeriesKey.metricLabel, .equal(metric)))
    }
    for matcher in selector.matchers { matchers.append(try labelMatcher(matcher)) }
    return Selection(matchers: matchers, isSmoothed: selector.isSmoothed)
  }

  private func labelMatcher(_ matcher: Matcher) throws(QueryError) -> LabelMatcher {
    let texts = matcher.values.map(\.text)
    let condition: LabelMatcher.Condition =
      switch matcher.operation {
      case .equal: texts.count == 1 ? .equal(texts[0]) : .oneOf(texts)
      case .notEqual: texts.count == 1 ? .notEqual(texts[0]) : .noneOf(texts)
      case .matches: .matches(try pattern(matcher))
      case .doesNotMatch: .notMatches(try pattern(matcher))
      }
    return LabelMatcher(name: matcher.label, condition)
  }

  private func pattern(_ matcher: Matcher) throws(QueryError) -> Pattern {
    do {
      return try Pattern(anyOf: matcher.values.map(\.text))
    } catch {
      let value = matcher.values[error.index]
      throw QueryError(
        code: .parse,
        message: "cannot read the regular expression \"\(value.text)\": \(error.reason)",
        range: value.range, stage: "plan",
        hint: "write \\\\ before a special character that is meant as itself")
    }
  }

  // MARK: - Time

  private func plan(_ node: Window) throws(QueryError) -> Plan {
    let node = try calculated(node)
    let base = try plan(node.base)
    try require(base, isSeries: node.base.range, stage: "plan", doing: "look back on this")
    let step: Interval? =
      switch node.step {
      case .samples: nil
      case .auto: .minutes(1)
      case .every(let nanoseconds): Interval(nanoseconds: nanoseconds)
      }
    let length = Interval(nanoseconds: node.length)
    if length <= .zero || step.map({ $0 <= .zero }) ?? false {
      throw QueryError(
        code: .type,
        message: "cannot look back by [\(Printer.duration(node.length))]: "
          + "range and step must be positive",
        range: node.range, stage: "plan", hint: "write [1h] or [1h:5m]")
    }
    return .window(
      WindowPlan(base: base, length: length, step: step, boundary: node.boundary))
  }

  private func move(_ node: At) throws(QueryError) -> Move {
    switch node.moment {
    case .seconds(let seconds):
      guard let time = Timestamp(seconds: seconds) else { throw badMoment(node, "\(seconds)") }
      return .at(time)
    case .text(let text):
      guard let time = Timestamp(parameter: text) else { throw badMoment(node, text) }
      return .at(time)
    case .start: return .start
    case .end: return .end
    case .now: return .relative(.zero)
    case .relative(let nanoseconds): return .relative(Interval(nanoseconds: nanoseconds))
    }
  }

  private func badMoment(_ node: At, _ text: String) -> QueryError {
    QueryError(
      code: .parse, message: "cannot read \"\(text)\" as a time", range: node.range,
      stage: "plan", hint: "write @ \"2026-09-01T00:00:00Z\", unix seconds, or @ -7d")
  }

  // MARK: - Arithmetic

  private func plan(_ node: Unary) throws(QueryError) -> Plan {
    let operand = try plan(node.operand)
    try require(operand, isNumeric: node.operand.range)
    return node.operation == .plus ? operand : .negated(operand)
  }

  private func plan(_ node: Binary) throws(QueryError) -> Plan {
    if node.operation.isSetOperation { return try planSet(node) }
    let left = try plan(node.left)
    let right = try plan(node.right)
    try require(left, isNumeric: node.left.range)
    try require(right, isNumeric: node.right.range)
    if left.type == .number || right.type == .number {
      try checkNumber(node, areBoth: left.type == right.type)
    }
    return .arithmetic(
      Arithmetic(
        operation: node.operation, left: left, right: right, returnsBool: node.returnsBool,
        matching: try node.matching.map(matching),
        fill: try fill(of: node, between: left, and: right)))
  }

  // MARK: - Projections

  private func plan(_ node: Projection) throws(QueryError) -> Plan {
    let base = try plan(node.base)
    let columns: [String: Column]
    switch base.type {
    case .forecast:
      columns = [
        "yhat": .yhat, "lower": .lower(level: nil), "upper": .upper(level: nil),
      ]
      // `.lower_80` names one of several levels.
      let parts = node.name.split(separator: "_", maxSplits: 1)
      if parts.count == 2, let percent = Double(parts[1]), (0..<100).contains(percent) {
        if parts[0] == "lower" { return .project(base, .lower(level: percent / 100)) }
        if parts[0] == "upper" { return .project(base, .upper(level: percent / 100)) }
      }
    case .outliers:
      columns = [
        "score": .score, "value": .value, "expected": .expected, "lower": .outlierLower,
        "upper": .outlierUpper, "flag": .flag,
      ]
    case .decomposition: return try planComponent(node, of: base)
    case .report where !base.numericColumns.isEmpty:
      columns = Dictionary(uniqueKeysWithValues: base.numericColumns.map { ($0, .report($0)) })
    default:
      throw QueryError(
        code: .type, message: "cannot take .\(node.name) of \(base.type.name)",
        range: node.nameRange, stage: "plan",
        hint: "columns are taken of a forecast, of outliers, of a decomposition or of a report")
    }
    guard let column = columns[node.name] else {
      let near = Suggestion.nearest(to: node.name, in: columns.keys.sorted())
      throw QueryError(
        code: .name, message: "\(base.type.name) has no column \(node.name)",
        range: node.nameRange, stage: "plan",
        hint: near.map { "did you mean .\($0)?" }
          ?? "it has \(columns.keys.sorted().map { "." + $0 }.joined(separator: ", "))")
    }
    return .project(base, column)
  }

  // MARK: - Checks

  func require(
    _ plan: Plan, isSeries range: SourceRange, stage: String, doing what: String
  ) throws(QueryError) {
    guard !plan.type.isSeries else { return }
    throw QueryError(
      code: .type, message: "cannot \(what): it is a \(plan.type.name), not series",
      range: range, stage: stage,
      hint: plan.column.map { "did you mean \($0)?" } ?? "write a selector, as memory<host=x>")
  }

  private func require(_ plan: Plan, isNumeric range: SourceRange) throws(QueryError) {
    guard plan.type != .number, !plan.type.isSeries else { return }
    throw QueryError(
      code: .type, message: "cannot calculate with a \(plan.type.name)", range: range,
      stage: "plan",
      hint: plan.column.map { "did you mean \($0)?" }
        ?? "write a selector, as memory<host=x>; a metric has no quotes")
  }

  func notYet(_ what: String, _ range: SourceRange) -> QueryError {
    QueryError(
      code: .name, message: "\(what) is not in this version", range: range, stage: "plan",
      hint: "docs/query-language.md lists what is")
  }
}

extension Plan {
  /// A column that makes series of what is none, as it is written.
  fileprivate var column: String? {
    type == .decomposition ? ".trend" : numericColumns.first.map { "." + $0 }
  }
}
