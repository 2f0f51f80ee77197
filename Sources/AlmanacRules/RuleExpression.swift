public import AlmanacQuery

/// What a rule may ask: any query that has one value of each series.
public enum RuleExpression {
  /// Reads and checks `text`.
  ///
  /// - Parameter lets: the definitions that are stored.
  public static func read(_ text: String, lets: [StoredLet]) throws(QueryError) -> Query {
    let query = try Query(text, lets: lets)
    for step in query.steps {
      switch step {
      case .answer, .skip, .define: break
      default:
        throw QueryError(
          code: .type, message: "a rule asks and changes nothing: it takes no such statement",
          stage: "plan", hint: "send the statement to the server once, as a query")
      }
    }
    let message: String
    let hint: String
    switch query.shape {
    case .scalar, .vector, .curves: return query
    case .string:
      (message, hint) = ("a rule wants series, got a string", "compare something")
    case .window:
      message = "a rule wants one value of each series, got a window"
      hint = "take a function of the window, as max_over_time(memory[5m])"
    case .report:
      message = "a rule wants series, got a small table"
      hint = "take one of its columns, as crosses(forecast(memory, 7d), above=90).in < 3d"
    }
    throw QueryError(code: .type, message: message, stage: "plan", hint: hint)
  }
}
