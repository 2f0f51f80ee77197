/// Expressions, with parentheses only where the text would read differently without.
extension Printer {
  /// How tightly a text holds together; a part that holds less than its place wants is put in
  /// parentheses.
  enum Tightness: Int, Comparable {
    case pipeline, or, and, comparison, sum, product, unary, power, postfix

    static func < (left: Tightness, right: Tightness) -> Bool { left.rawValue < right.rawValue }

    /// The next tighter one.
    var next: Tightness { Tightness(rawValue: rawValue + 1) ?? .postfix }
  }

  /// Writes an expression for a place that wants at least this tightness.
  func text(_ expression: Expression, atLeast wanted: Tightness) -> String {
    let text = text(expression)
    return tightness(expression) < wanted ? "(\(text))" : text
  }

  private func tightness(_ expression: Expression) -> Tightness {
    switch expression {
    case .number(let node):
      return node.value.sign == .minus && !node.value.isNaN ? .unary : .postfix
    case .duration(let node): return node.value < 0 ? .unary : .postfix
    case .unary: return .unary
    case .binary(let node): return Tightness(rawValue: node.operation.precedence) ?? .pipeline
    case .call(let node): return isPiped(node.isPiped, node.arguments) ? .pipeline : .postfix
    case .aggregate(let node): return isPiped(node.isPiped, node.arguments) ? .pipeline : .postfix
    case .window(let node): return suffixTightness(node.base)
    case .offset(let node): return suffixTightness(node.base)
    case .at(let node): return suffixTightness(node.base)
    case .projection(let node): return suffixTightness(node.base)
    case .string, .boolean, .keyword, .list, .record, .selector, .reference: return .postfix
    }
  }

  /// A suffix after a pipe belongs to the last stage and needs no parentheses there.
  private func suffixTightness(_ base: Expression) -> Tightness {
    tightness(base) == .pipeline ? .pipeline : .postfix
  }

  private func isPiped(_ isPiped: Bool, _ arguments: [Argument]) -> Bool {
    isPiped && arguments.first.map { $0.name == nil } ?? false
  }

  private func text(_ expression: Expression) -> String {
    switch expression {
    case .number(let node): return Self.number(node.value)
    case .duration(let node): return Self.duration(node.value)
    case .string(let node): return Self.quoted(node.value)
    case .boolean(let node): return node.value ? "true" : "false"
    case .keyword(let node): return node.value.rawValue
    case .list(let node):
      return "[\(node.elements.map { text($0, atLeast: .or) }.joined(separator: ", "))]"
    case .record(let node):
      let fields = node.fields.map { "\($0.name)=\(text($0.value, atLeast: .or))" }
      return "(\(fields.joined(separator: ", ")))"
    case .selector(let node): return selector(node) + (node.isSmoothed ? " smoothed" : "")
    case .reference(let node): return node.name
    case .call(let node): return call(node, hasSuffix: false)
    case .aggregate(let node): return aggregate(node, hasSuffix: false)
    case .unary(let node):
      return node.operation.rawValue + text(node.operand, atLeast: .unary)
    case .binary(let node): return binary(node)
    case .window(let node):
      let step =
        switch node.step {
        case .samples: ""
        case .auto: ":"
        case .every(let step): ":\(duration(step, node.stepFormula))"
        }
      let boundary = node.boundary == .samples ? "" : " \(node.boundary.rawValue)"
      return "\(base(node.base))[\(duration(node.length, node.lengthFormula))\(step)]\(boundary)"
    case .offset(let node):
      let length = node.formula.map { "(\(print($0)))" } ?? Self.duration(node.nanoseconds)
      return "\(base(node.base)) offset \(length)"
    case .at(let node): return "\(base(node.base)) @ \(moment(node.moment))"
    case .projection(let node): return "\(projectionBase(node.base)).\(node.name)"
    }
  }

  /// A duration, or how it is calculated.
  private func duration(_ nanoseconds: Int64, _ formula: Expression?) -> String {
    formula.map { text($0, atLeast: .or) } ?? Self.duration(nanoseconds)
  }

  // MARK: Suffixes

  /// Writes what stands before a suffix.
  private func base(_ expression: Expression) -> String {
    switch expression {
    case .call(let node) where isPiped(node.isPiped, node.arguments):
      return call(node, hasSuffix: true)
    case .aggregate(let node) where isPiped(node.isPiped, node.arguments):
      return aggregate(node, hasSuffix: true)
    default:
      return tightness(expression) == .pipeline
        ? text(expression) : text(expression, atLeast: .postfix)
    }
  }

  /// Writes what stands before `.name`: it must end in a bracket.
  private func projectionBase(_ expression: Expression) -> String {
    switch expression {
    case .window(let node) where node.boundary != .samples: return "(\(base(expression)))"
    case .reference, .projection, .call, .aggregate, .window, .list, .record:
      return base(expression)
    default:
      let text = base(expression)
      let last = text.utf8.last
      let isSelector = if case .selector = expression { true } else { false }
      if isSelector, last == UInt8(ascii: ">") || last == UInt8(ascii: "}") { return text }
      if tightness(expression) == .postfix || tightness(expression) == .pipeline {
        return "(\(text))"
      }
      return text
    }
  }

  private func moment(_ moment: At.Moment) -> String {
    switch moment {
    case .seconds(let value): Self.number(value)
    case .text(let text): Self.quoted(text)
    case .start: "start"
    case .end: "end"
    case .now: "now"
    case .relative(let nanoseconds):
      (nanoseconds < 0 ? "" : "+") + Self.duration(nanoseconds)
    }
  }

  // MARK: Operators

  private func binary(_ node: Binary) -> String {
    let own = Tightness(rawValue: node.operation.precedence) ?? .pipeline
    let left: Tightness
    let right: Tightness
    switch node.operation {
    case .power: (left, right) = (.postfix, .unary)
    case _ where node.operation.isComparison: (left, right) = (own.next, own.next)
    default: (left, right) = (own, own.next)
    }
    var words = [text(node.left, atLeast: left), node.operation.rawValue]
    if node.returnsBool { words.append("bool") }
    if let matching = node.matching {
      words.append("\(matching.isIgnoring ? "ignoring" : "on")(\(labels(matching.labels)))")
      if let many = matching.many {
        words.append("\(many.rawValue)(\(labels(matching.include)))")
      }
    }
    if let fill = node.fill { words += text(fill) }
    words.append(text(node.right, atLeast: right))
    return words.joined(separator: " ")
  }

  private func labels(_ labels: [String]) -> String {
    labels.map { Words.isName($0) ? $0 : Self.quoted($0) }.joined(separator: ", ")
  }

  // MARK: Calls

  private func call(_ node: Call, hasSuffix: Bool) -> String {
    let name = node.name + Self.version(node.version)
    guard isPiped(node.isPiped, node.arguments) else { return "\(name)(\(list(node.arguments)))" }
    let input = text(node.arguments[0].value, atLeast: .pipeline)
    let rest = node.arguments.dropFirst()
    return "\(input) | \(name)" + (rest.isEmpty && !hasSuffix ? "" : "(\(list(rest)))")
  }

  private func aggregate(_ node: Aggregate, hasSuffix: Bool) -> String {
    let name = node.operation.rawValue
    let grouping = node.grouping.map {
      " \($0.isWithout ? "without" : "by") (\(labels($0.labels)))"
    }
    guard isPiped(node.isPiped, node.arguments) else {
      let space = grouping == nil ? "" : " "
      return "\(name)\(grouping ?? "")\(space)(\(list(node.arguments)))"
    }
    // In a pipe the grouping stands last: `x | topk(5) by (host)`.
    let input = text(node.arguments[0].value, atLeast: .pipeline)
    let rest = node.arguments.dropFirst()
    let hasList = !rest.isEmpty || hasSuffix && grouping == nil
    return "\(input) | \(name)" + (hasList ? "(\(list(rest)))" : "") + (grouping ?? "")
  }

  private func list(_ arguments: some Sequence<Argument>) -> String {
    arguments.map { argument in
      (argument.name.map { "\($0)=" } ?? "") + print(argument.value)
    }.joined(separator: ", ")
  }
}
