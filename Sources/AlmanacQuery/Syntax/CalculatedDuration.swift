internal import Glibc

/// Durations that are calculated: `x[5m * 2]`, `x offset (step() / 2)`.
extension Parser {
  /// A duration as it was written; one that is still to be calculated is 0 with its formula.
  typealias WrittenDuration = (nanoseconds: Int64, formula: Expression?)

  private static let functions: Set<String> = ["step", "range", "min_of", "max_of", "min", "max"]

  /// Reads the duration that must be next in brackets. A number counts as seconds.
  mutating func durationInBrackets(
    _ expected: String, example: String
  ) throws(QueryError) -> WrittenDuration {
    switch token.kind {
    case .number, .duration, .symbol(.leftParenthesis), .symbol(.minus), .symbol(.plus): break
    case .name where try isDurationFunction(): break
    default: throw unexpected(expected, hint: "write for example `\(example)`")
    }
    let outer = height
    let expression = try binary(above: 0)
    height = max(outer, height)
    return try written(expression)
  }

  /// Reads the duration that must be next after `offset`: operators after it are none of its, for
  /// `x offset 5m * 2` is `(x offset 5m) * 2`.
  mutating func durationOfOffset() throws(QueryError) -> WrittenDuration {
    let start = token.range.start
    let isNegative = token.is(.minus)
    let isSigned = isNegative || token.is(.plus)
    if isSigned { try advance() }
    switch token.kind {
    case .number, .duration, .symbol(.leftParenthesis): break
    case .name where try isDurationFunction(): break
    default: throw unexpected("a duration", hint: "write for example `offset 1w`")
    }
    let outer = height
    try nest()
    var expression = try primary()
    nesting -= 1
    height = max(outer, height)
    if isSigned {
      switch expression {
      case .duration(let literal) where isNegative:
        expression = .duration(Literal(0 - literal.value, range: range(from: start)))
      case .number(let literal) where isNegative:
        expression = .number(Literal(-literal.value, range: range(from: start)))
      case .duration, .number: break
      default:
        expression = .unary(
          Unary(
            operation: isNegative ? .minus : .plus, operand: expression,
            range: range(from: start)))
        height += 1
      }
    }
    return try written(expression)
  }

  private func isDurationFunction() throws(QueryError) -> Bool {
    guard let name = token.name, Self.functions.contains(name.lowercased()) else { return false }
    return try peek().is(.leftParenthesis)
  }

  private func written(_ expression: Expression) throws(QueryError) -> WrittenDuration {
    switch expression {
    case .duration(let literal): return (literal.value, nil)
    case .number(let literal):
      guard let nanoseconds = Int64(exactly: (literal.value * 1e9).rounded()) else {
        throw failure(
          "found the number `\(lexer.text(literal.range))`, expected a duration",
          at: literal.range, hint: "the longest duration is about 292y")
      }
      return (nanoseconds, nil)
    default:
      // Whether it is a duration at all does not depend on when it is evaluated.
      _ = try expression.seconds(at: QueryDurations(step: 1, range: 1))
      return (0, expression)
    }
  }
}

/// What `step()` and `range()` stand for, in seconds.
struct QueryDurations: Sendable {
  /// From one step to the next; 0 at a single moment.
  var step: Double
  /// From the start of the range to its end; 0 at a single moment.
  var range: Double
}

extension Expression {
  /// The seconds that a calculated duration comes to; a number counts as seconds.
  ///
  /// - Throws: `QueryError` where this is no duration.
  func seconds(at time: QueryDurations) throws(QueryError) -> Double {
    switch self {
    case .number(let literal): return literal.value
    case .duration(let literal): return Double(literal.value) / 1e9
    case .unary(let node):
      let operand = try node.operand.seconds(at: time)
      return node.operation == .minus ? -operand : operand
    case .binary(let node):
      guard node.matching == nil, node.fill == nil else { throw noDuration }
      let left = try node.left.seconds(at: time)
      let right = try node.right.seconds(at: time)
      switch node.operation {
      case .add: return left + right
      case .subtract: return left - right
      case .multiply: return left * right
      case .divide: return left / right
      case .remainder: return fmod(left, right)
      case .power: return pow(left, right)
      default: throw noDuration
      }
    case .call(let node):
      switch (node.name.lowercased(), node.arguments.count) {
      case ("step", 0): return time.step
      case ("range", 0): return time.range
      case ("min_of", 2): return min(try argument(0, at: time), try argument(1, at: time))
      case ("max_of", 2): return max(try argument(0, at: time), try argument(1, at: time))
      default: throw noDuration
      }
    case .aggregate(let node):
      guard node.grouping == nil, node.arguments.count == 2 else { throw noDuration }
      switch node.operation {
      case .min: return min(try argument(0, at: time), try argument(1, at: time))
      case .max: return max(try argument(0, at: time), try argument(1, at: time))
      default: throw noDuration
      }
    default: throw noDuration
    }
  }

  /// Whether a calculated duration depends on when it is evaluated.
  var hasQueryDurations: Bool {
    if case .call(let node) = self, ["step", "range"].contains(node.name.lowercased()) {
      return true
    }
    return children.contains(where: \.hasQueryDurations)
  }

  private func argument(_ index: Int, at time: QueryDurations) throws(QueryError) -> Double {
    switch self {
    case .call(let node) where node.version == nil && node.arguments[index].name == nil:
      return try node.arguments[index].value.seconds(at: time)
    case .aggregate(let node) where node.arguments[index].name == nil:
      return try node.arguments[index].value.seconds(at: time)
    default: throw noDuration
    }
  }

  private var noDuration: QueryError {
    QueryError(
      code: .parse, message: "cannot parse the query: a duration cannot be calculated with this",
      range: range, stage: "parse",
      hint: "use numbers, durations, + - * / % ^, step(), range(), min_of(a, b) and max_of(a, b)")
  }
}
