internal import AlmanacCore

/// Reads the arguments of one call, each once, and complains about what is left.
struct Arguments {
  let call: Call
  /// The call's place in its pipe, as errors name it.
  let stage: String
  private let positional: [Expression]
  private var named: [String: Argument] = [:]
  private var known: [String] = []

  /// - Parameter positionalNames: what positional arguments after the data are called.
  init(_ call: Call, stage: String, positionalNames: [String]) throws(QueryError) {
    self.call = call
    self.stage = stage
    var positional: [Expression] = []
    for argument in call.arguments {
      if let name = argument.name {
        guard named.updateValue(argument, forKey: name) == nil else {
          throw QueryError(
            code: .parse, message: "cannot call \(call.name): \(name) is given twice",
            range: argument.range, stage: stage, hint: "leave one of them out")
        }
      } else {
        positional.append(argument.value)
      }
    }
    guard positional.count <= positionalNames.count + 1 else {
      throw QueryError(
        code: .type,
        message: "cannot call \(call.name): it takes \(positionalNames.count + 1) arguments "
          + "without a name, got \(positional.count)",
        range: positional[positionalNames.count + 1].range, stage: stage,
        hint: "write the others as name=value")
    }
    self.positional = positional
    for (name, value) in zip(positionalNames, positional.dropFirst()) {
      guard named[name] == nil else {
        throw QueryError(
          code: .parse, message: "cannot call \(call.name): \(name) is given twice",
          range: value.range, stage: stage, hint: "leave one of them out")
      }
      named[name] = Argument(name: name, value, range: value.range)
    }
  }

  /// The first argument: the data.
  func input() throws(QueryError) -> Expression {
    guard let input = positional.first else {
      throw QueryError(
        code: .type, message: "cannot call \(call.name): it has no series to work on",
        range: call.range, stage: stage,
        hint: "write \(call.name)(memory<host=x>) or memory<host=x> | \(call.name)")
    }
    return input
  }

  /// The argument `name`, or nil where it was not given.
  mutating func take(_ name: String) -> Expression? {
    known.append(name)
    return named.removeValue(forKey: name)?.value
  }

  /// Complains about arguments that nobody took.
  func finish() throws(QueryError) {
    guard let (name, argument) = named.min(by: { $0.value.range.start < $1.value.range.start })
    else { return }
    let near = Suggestion.nearest(to: name, in: known)
    throw QueryError(
      code: .name, message: "cannot call \(call.name): it has no argument \(name)",
      range: argument.range, stage: stage,
      hint: near.map { "did you mean \($0)?" } ?? "it has \(known.joined(separator: ", "))")
  }

  // MARK: - Typed reading

  mutating func number(_ name: String) throws(QueryError) -> Double? {
    guard let value = take(name) else { return nil }
    if case .keyword = value { return nil }
    guard case .number(let literal) = value, literal.value.isFinite else {
      throw wrong(name, value, "a number", "write \(name)=1")
    }
    return literal.value
  }

  /// A number above 0.
  /// - Parameter example: what the error proposes to write.
  mutating func positive(_ name: String, example: Double) throws(QueryError) -> Double? {
    try number(name, "a number above 0", example: example) { $0 > 0 }
  }

  /// A number, 0 or above.
  mutating func nonNegative(_ name: String) throws(QueryError) -> Double? {
    try number(name, "0 or above", example: 0) { $0 >= 0 }
  }

  private mutating func number(
    _ name: String, _ wanted: String, example: Double, _ isGood: (Double) -> Bool
  ) throws(QueryError) -> Double? {
    let value = named[name]?.value
    guard let number = try number(name) else { return nil }
    if let value, !isGood(number) {
      throw wrong(name, value, wanted, "write \(name)=\(example.shortestText)")
    }
    return number
  }

  mutating func whole(
    _ name: String, in bounds: ClosedRange<Int>
  ) throws(QueryError) -> Int? {
    guard let value = take(name) else { return nil }
    if case .keyword = value { return nil }
    guard case .number(let literal) = value, let whole = Int(exactly: literal.value),
      bounds.contains(whole)
    else {
      throw wrong(
        name, value, "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)",
        "write \(name)=\(max(1, bounds.lowerBound))")
    }
    return whole
  }

  mutating func duration(
    _ name: String, allowsZero: Bool = false
  ) throws(QueryError) -> Interval? {
    guard let value = take(name) else { return nil }
    if case .keyword = value { return nil }
    if case .number(let literal) = value, literal.value == 0, allowsZero { return .zero }
    guard case .duration(let literal) = value, literal.value > 0 || allowsZero && literal.value == 0
    else {
      throw wrong(name, value, "a duration", "write \(name)=1h")
    }
    return Interval(nanoseconds: literal.value)
  }

  /// The argument `history`, which must not contradict a window in the data.
  mutating func history(beside input: Plan) throws(QueryError) -> Interval? {
    let history = try duration("history")
    if let history, let window = input.windowLength, history != window {
      throw QueryError(
        code: .type,
        message: "cannot call \(call.name): history=\(history) and the window [\(window)] "
          + "say different things",
        range: call.range, stage: stage, hint: "leave one of them out")
    }
    return history
  }

  mutating func boolean(_ name: String) throws(QueryError) -> Bool? {
    guard let value = take(name) else { return nil }
    guard case .boolean(let literal) = value else {
      throw wrong(name, value, "true or false", "write \(name)=true")
    }
    return literal.value
  }

  /// One of a list of words, bare or quoted.
  mutating func word(_ name: String, of words: [String]) throws(QueryError) -> String? {
    guard let value = take(name) else { return nil }
    guard let text = Self.text(value), words.contains(text) else {
      let near = Self.text(value).flatMap { Suggestion.nearest(to: $0, in: words) }
      let hint =
        near.map { "did you mean \($0)?" } ?? "write \(name)=\(words.first ?? "")"
      throw wrong(name, value, "one of \(words.joined(separator: ", "))", hint)
    }
    return text
  }

  /// One element or a list of them, each read by `read`.
  mutating func list<T>(
    _ name: String, _ description: String, hint: String, _ read: (Expression) -> T?
  ) throws(QueryError) -> [T]? {
    guard let value = take(name) else { return nil }
    if case .keyword = value { return nil }
    let elements: [Expression] = if case .list(let list) = value { list.elements } else { [value] }
    var all: [T] = []
    for element in elements {
      guard let one = read(element) else { throw wrong(name, element, description, hint) }
      all.append(one)
    }
    return all
  }

  /// The text of a string, a bare word or a keyword.
  static func text(_ expression: Expression) -> String? {
    switch expression {
    case .string(let literal): literal.value
    case .keyword(let literal): literal.value.rawValue
    case .selector(let selector): selector.bareWord
    default: nil
    }
  }

  private func wrong(
    _ name: String, _ value: Expression, _ wanted: String, _ hint: String
  ) -> QueryError {
    QueryError(
      code: .type, message: "cannot call \(call.name): \(name) must be \(wanted)",
      range: value.range, stage: stage, hint: hint)
  }
}
