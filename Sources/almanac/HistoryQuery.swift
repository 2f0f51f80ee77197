import AlmanacQuery

/// The query for what a forecast or outliers were made from: the selector inside, with a window.
struct HistoryQuery {
  let text: String

  init?(_ query: String) {
    guard let expression = try? Parser.parseExpression(query),
      let (data, length) = Self.data(expression)
    else { return nil }
    text = Printer().print(.window(Window(base: data, length: length)))
  }

  /// The innermost data of a chain of calls and how much of it to show.
  private static func data(_ expression: Expression) -> (Expression, Int64)? {
    switch expression {
    case .call(let call):
      guard let first = call.arguments.first?.value, let (data, length) = data(first) else {
        return nil
      }
      if call.name == "forecast", call.arguments.count > 1,
        case .duration(let horizon) = call.arguments[1].value
      {
        // Twice as far back as ahead; centuries are cut to one.
        return (data, min(horizon.value, 1 << 61) * 2)
      }
      return (data, length)
    case .window(let window) where window.lengthFormula == nil:
      return (window.base, window.length)
    case .projection(let node): return data(node.base)
    case .selector: return (expression, 7 * 86_400_000_000_000)
    default: return nil
    }
  }
}
