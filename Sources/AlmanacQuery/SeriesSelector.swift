public import AlmanacPattern

/// A selector on its own, such as `memory{host="x"}`: which series a request is about.
public struct SeriesSelector: Sendable {
  /// The conditions that a series must pass.
  public let matchers: [LabelMatcher]

  /// Reads `text`.
  public init(_ text: String) throws(QueryError) {
    let expression = try Parser.parseExpression(text)
    guard case .select(let selection) = try Planner().plan(expression) else {
      throw QueryError(
        code: .type, message: "cannot select series by this: it is no selector",
        range: expression.range, stage: "plan", hint: "write a selector, as memory<host=x>")
    }
    matchers = selection.matchers
  }
}
