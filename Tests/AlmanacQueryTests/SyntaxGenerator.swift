import AlmanacQuery
import AlmanacTesting

/// Makes random trees, of all kinds that the parser can return.
struct SyntaxGenerator {
  var random: SeededGenerator
  /// Names that are references where the tree will stand.
  var references: [String] = []

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int.random(in: 0..<choices.count, using: &random)]
  }

  mutating func some<Element>(
    _ counts: ClosedRange<Int>, _ make: (inout SyntaxGenerator) -> Element
  ) -> [Element] {
    (0..<Int.random(in: counts, using: &random)).map { _ in make(&self) }
  }

  mutating func script() -> Script {
    references = []
    return Script(statements: some(1...3) { $0.statement() })
  }

  mutating func statement() -> Statement {
    let outside = references
    defer { references = outside }
    switch Int.random(in: 0..<9, using: &random) {
    case 0, 1:
      let names = Array(["s", "gap", "p1"].prefix(Int.random(in: 0...3, using: &random)))
      var parameters: [Parameter] = []
      for name in names {
        parameters.append(Parameter(name: name, defaultValue: chance(50) ? expression(2) : nil))
        references.append(name)
      }
      let body = expression(3)
      return .define(
        Definition(name: "prep", version: chance(50) ? 3 : nil, parameters: parameters, body: body)
      )
    case 2: return .explain(Explain(isAnalyze: chance(50), body: expression(3)))
    case 3: return .train(Train(body: expression(3), refresh: chance(50) ? duration() : nil))
    case 4:
      return .show(
        Show(subject: pick(Show.Subject.allCases), selector: chance(50) ? selector() : nil))
    case 5: return .cancel(Cancel(job: Int.random(in: 0...1000, using: &random)))
    case 6:
      let subject = pick(Drop.Subject.allCases)
      return .drop(
        Drop(
          subject: subject, name: pick(["a1", "some id", "", "x\"y"]),
          version: subject == .let && chance(50) ? 3 : nil))
    default: return .query(expression(4))
    }
  }

  mutating func expression(_ depth: Int) -> Expression {
    guard depth > 0 else { return leaf() }
    switch Int.random(in: 0..<15, using: &random) {
    case 0: return .list(ListLiteral(elements: some(0...3) { $0.expression(depth - 1) }))
    case 1:
      let names = Array(["a", "by", "offset", "g:x"].prefix(Int.random(in: 1...4, using: &random)))
      return .record(
        RecordLiteral(
          fields: names.map { RecordLiteral.Field(name: $0, value: expression(depth - 1)) }))
    case 2, 3, 4:
      let list = arguments(depth)
      return .call(
        Call(
          name: pick(["f", "rate", "prep", "deseason"]), version: chance(20) ? 3 : nil,
          arguments: list, isPiped: list.first.map { $0.name == nil } ?? false && chance(60)))
    case 5:
      let list = arguments(depth)
      return .aggregate(
        Aggregate(
          operation: pick(Aggregate.Operation.allCases), arguments: list,
          grouping: chance(60)
            ? Aggregate.Grouping(isWithout: chance(50), labels: labels()) : nil,
          isPiped: list.first.map { $0.name == nil } ?? false && chance(40)))
    case 6:
      let operand = expression(depth - 1)
      switch operand {
      case .number, .duration: return operand
      default:
        return .unary(Unary(operation: pick(Unary.Operation.allCases), operand: operand))
      }
    case 7, 8, 9: return binary(depth)
    case 10: return .window(window(depth))
    case 11:
      var node = Offset(base: expression(depth - 1), nanoseconds: signedDuration())
      if chance(25) { (node.nanoseconds, node.formula) = (0, formula(2)) }
      return .offset(node)
    case 12:
      return .at(
        At(
          base: expression(depth - 1),
          moment: pick([
            .seconds(number(isFinite: true)), .text("2026-01-01T00:00:00Z"), .start, .end, .now,
            .relative(signedDuration()),
          ])))
    case 13:
      return .projection(
        Projection(
          base: expression(depth - 1), name: pick(["lower", "score", "or", "by", "trend"])))
    default: return leaf()
    }
  }

  mutating func binary(_ depth: Int) -> Expression {
    let operation = pick(Binary.Operation.allCases)
    var matching: Matching?
    if chance(30) {
      matching = Matching(isIgnoring: chance(50), labels: labels())
      if !operation.isSetOperation, chance(50) {
        matching?.many = pick(Matching.Side.allCases)
        matching?.include = labels()
      }
    }
    var node = Binary(
      operation: operation, left: expression(depth - 1), right: expression(depth - 1),
      matching: matching, returnsBool: operation.isComparison && chance(30))
    if !operation.isSetOperation, chance(20) {
      node.fill = pick([
        Fill(left: number(isFinite: false)), Fill(right: number(isFinite: false)),
        Fill(left: number(isFinite: false), right: number(isFinite: false)),
        Fill(left: 0, right: 0), Fill(left: .nan, right: .nan),
      ])
    }
    return .binary(node)
  }

  mutating func window(_ depth: Int) -> Window {
    var node = Window(
      base: expression(depth - 1), length: duration(),
      step: pick([.samples, .auto, .every(duration())]))
    if case .selector = node.base, node.step == .samples, chance(50) {
      node.boundary = pick(Window.Boundary.allCases)
    }
    if chance(20) { (node.length, node.lengthFormula) = (0, formula(2)) }
    if node.step != .samples, node.step != .auto, chance(20) {
      (node.step, node.stepFormula) = (.every(0), formula(2))
    }
    return node
  }

  /// How a duration is calculated; at the top it is no literal.
  mutating func formula(_ depth: Int, isTop: Bool = true) -> Expression {
    if depth == 0 || !isTop && chance(30) {
      return chance(50)
        ? .number(Literal(Double(Int.random(in: -9...9, using: &random))))
        : .duration(Literal(signedDuration()))
    }
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return .call(Call(name: pick(["step", "range", "STEP"]), arguments: []))
    case 1:
      let parts = [formula(depth - 1, isTop: false), formula(depth - 1, isTop: false)]
      return chance(50)
        ? .call(Call(name: pick(["min_of", "max_of"]), arguments: parts.map { Argument($0) }))
        : .aggregate(
          Aggregate(operation: pick([.min, .max]), arguments: parts.map { Argument($0) }))
    case 2:
      let operand = formula(depth, isTop: true)
      return .unary(Unary(operation: pick(Unary.Operation.allCases), operand: operand))
    default:
      return .binary(
        Binary(
          operation: pick([.add, .subtract, .multiply, .divide, .remainder, .power]),
          left: formula(depth - 1, isTop: false), right: formula(depth - 1, isTop: false)))
    }
  }

  mutating func arguments(_ depth: Int) -> [Argument] {
    var list = some(0...2) { Argument($0.expression(depth - 1)) }
    for name in ["model", "sum", "or"] where chance(25) {
      list.append(Argument(name: name, expression(depth - 1)))
    }
    return list
  }

  mutating func labels() -> [String] { some(0...2) { $0.pick(["host", "dc", "a.b", "on", "ü"]) } }

  mutating func leaf() -> Expression {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return .number(Literal(number(isFinite: false)))
    case 1: return .duration(Literal(signedDuration()))
    case 2: return .string(Literal(string()))
    case 3: return .boolean(Literal(chance(50)))
    case 4: return .keyword(Literal(pick(Keyword.allCases)))
    case 5 where !references.isEmpty: return .reference(Reference(name: pick(references)))
    default:
      var selector = selector()
      selector.isSmoothed = chance(10)
      return .selector(selector)
    }
  }

  mutating func number(isFinite: Bool) -> Double {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return Double(Int.random(in: -100...100, using: &random))
    case 1: return isFinite ? 8_589_934_592 : pick([Double.nan, .infinity, -.infinity, -0.0])
    case 2: return Double.random(in: -1...1, using: &random)
    default:
      let value = Double(bitPattern: random.next())
      return value.isFinite ? value : 0.5
    }
  }

  mutating func duration() -> Int64 {
    let unit = pick([1, 1000, 1_000_000_000, 60_000_000_000, 86_400_000_000_000] as [Int64])
    return chance(10)
      ? Int64.random(in: 0...Int64.max, using: &random)
      : Int64.random(in: 0...400, using: &random) * unit
  }

  mutating func signedDuration() -> Int64 { chance(30) ? -duration() : duration() }

  mutating func string() -> String {
    let letters: [Character] = [
      "a", "Z", "0", " ", "\"", "'", "\\", "\n", "\t", "\u{0}", "\u{7F}", "é", "日", "🙂", "`", "<",
      ">", ",", "}", "#", "\r\n", "e\u{301}", "-", ".",
    ]
    return String(some(0...6) { $0.pick(letters) })
  }

  mutating func selector() -> Selector {
    let matchers = some(0...2) { generator in
      Matcher(
        label: generator.pick(["host", "le", "__name__", "or", "a:b", "a.b", "it's"]),
        operation: generator.pick(Matcher.Operation.allCases),
        values: generator.some(1...3) { inner in
          Matcher.Value(
            inner.chance(50)
              ? inner.pick(["x", "eu-1", "10.0.0.1", "a/b:*@", "3am"]) : inner.string(),
            isQuoted: inner.chance(50))
        })
    }
    if chance(15), !matchers.isEmpty {
      return Selector(metric: nil, matchers: matchers, brackets: .brace)
    }
    let isBackquoted = chance(10)
    let metric =
      isBackquoted
      ? pick(["a b", "sum", "s", "prep", "on", "memory", "日", "<x>"])
      : pick([
        "memory", "cpu.total", "a:b", "http_errors", "sum", "max.x", "start", ":a:b", "smoothed",
        "fill", "anchored", "fill_left",
      ])
    let hasBrackets = !matchers.isEmpty || chance(20)
    return Selector(
      metric: metric, matchers: matchers,
      brackets: hasBrackets ? pick([.angle, .brace]) : .none, isBackquoted: isBackquoted)
  }
}
