extension Window {
  /// What stands for the values at the ends of a window.
  public enum Boundary: String, Sendable, CaseIterable {
    /// Nothing: the window holds its samples alone.
    case samples
    /// `x[5m] anchored`: the last sample at or before the beginning counts as the value there.
    case anchored
    /// `x[5m] smoothed`: both ends are interpolated between the samples around them.
    case smoothed
  }
}

extension Expression {
  /// This with `boundary` on the selector or window that it comes down to below `offset` and `@`;
  /// nil where there is none.
  func with(_ boundary: Window.Boundary) -> Expression? {
    switch self {
    case .selector(var node) where boundary == .smoothed:
      node.isSmoothed = true
      return .selector(node)
    case .window(var node):
      guard case .selector = node.base, node.step == .samples,
        node.boundary == .samples || node.boundary == boundary
      else { return nil }
      node.boundary = boundary
      return .window(node)
    case .offset(var node):
      guard let base = node.base.with(boundary) else { return nil }
      node.base = base
      return .offset(node)
    case .at(var node):
      guard let base = node.base.with(boundary) else { return nil }
      node.base = base
      return .at(node)
    default: return nil
    }
  }

  /// This with another place in the text, where it may have one of these forms.
  func standing(at range: SourceRange) -> Expression {
    switch self {
    case .selector(var node):
      node.range = range
      return .selector(node)
    case .window(var node):
      node.range = range
      return .window(node)
    case .offset(var node):
      node.range = range
      return .offset(node)
    case .at(var node):
      node.range = range
      return .at(node)
    default: return self
    }
  }
}

extension Parser {
  /// What `anchored` or `smoothed` says where one of them is next.
  var nextBoundary: Window.Boundary? {
    guard let name = token.name, let boundary = Window.Boundary(rawValue: name.lowercased()),
      boundary != .samples
    else { return nil }
    return boundary
  }

  /// Reads `anchored` or `smoothed` after a selector or window.
  mutating func boundary(
    _ boundary: Window.Boundary, of base: Expression, from start: SourcePosition
  ) throws(QueryError) -> Expression {
    guard let bounded = base.with(boundary) else {
      let isSelector = if case .selector = base { true } else { false }
      throw failure(
        "`\(boundary.rawValue)` after \(isSelector ? "a selector without a window" : "this")",
        at: token.range,
        hint: boundary == .anchored
          ? "it says how a window begins: write `memory[5m] anchored`"
          : "write `memory[5m] smoothed` or `memory smoothed`")
    }
    try advance()
    return bounded.standing(at: range(from: start))
  }
}
