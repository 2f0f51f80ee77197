/// Values that stand for samples without a partner: `a + fill(0) b`.
public struct Fill: Sendable, Equatable {
  /// What stands on the left; nil leaves samples without a left partner out.
  public var left: Double?
  /// What stands on the right; nil leaves samples without a right partner out.
  public var right: Double?
  /// Where the clauses stand.
  public var range: SourceRange

  /// Says what stands for missing samples.
  public init(left: Double? = nil, right: Double? = nil, range: SourceRange = .synthetic) {
    self.left = left
    self.right = right
    self.range = range
  }

  /// Whether both say the same, wherever they stand.
  func isSame(as other: Fill) -> Bool {
    Self.isSame(left, other.left) && Self.isSame(right, other.right)
  }

  private static func isSame(_ one: Double?, _ other: Double?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    return one.bitPattern == other.bitPattern || one.isNaN && other.isNaN
  }
}

extension Parser {
  /// Reads `fill(0)`, `fill_left(0)`, `fill_right(0)` after an operator, if they are next. The words
  /// are metrics and functions everywhere else.
  mutating func fill(for operation: Binary.Operation) throws(QueryError) -> Fill? {
    let start = token.range.start
    var fill = Fill()
    while let word = token.name?.lowercased(), ["fill", "fill_left", "fill_right"].contains(word),
      !definitions.contains(word), try peek().is(.leftParenthesis)
    {
      var ahead = self
      guard let value = try ahead.fillValue() else { break }
      guard !operation.isSetOperation else {
        throw failure(
          "`\(word)` after `\(operation.rawValue)`, which matches no values", at: token.range,
          hint: "remove `\(word)(...)`")
      }
      let (fillsLeft, fillsRight) = (word != "fill_right", word != "fill_left")
      guard fill.left == nil || !fillsLeft, fill.right == nil || !fillsRight else {
        throw failure(
          "one side is filled twice", at: token.range,
          hint: "write `fill(0)`, or `fill_left(0) fill_right(1)`")
      }
      if fillsLeft { fill.left = value }
      if fillsRight { fill.right = value }
      self = ahead
    }
    fill.range = range(from: start)
    return fill.left == nil && fill.right == nil ? nil : fill
  }

  /// Reads a word and the number in parentheses after it; nil where there is anything else.
  private mutating func fillValue() throws(QueryError) -> Double? {
    try advance()
    try advance()
    let isNegative = token.is(.minus)
    if isNegative || token.is(.plus) { try advance() }
    let value: Double
    switch token.kind {
    case .number(let number): value = number
    case .duration(let nanoseconds): value = Double(nanoseconds) / 1e9
    case .name where token.isWord("nan"): value = .nan
    case .name where token.isWord("inf"): value = .infinity
    default: return nil
    }
    try advance()
    return try take(.rightParenthesis) ? (isNegative ? -value : value) : nil
  }
}

extension Printer {
  /// The clauses of `fill`.
  func text(_ fill: Fill) -> [String] {
    if let left = fill.left, let right = fill.right,
      Fill(left: left).isSame(as: Fill(left: right))
    {
      return ["fill(\(Self.number(left)))"]
    }
    let left = fill.left.map { "fill_left(\(Self.number($0)))" }
    let right = fill.right.map { "fill_right(\(Self.number($0)))" }
    return [left, right].compactMap { $0 }
  }
}
