internal import AlmanacCore
internal import AlmanacPattern

/// Functions of windows: `rate(x[5m])`, `quantile_over_time(0.9, x[1h])`.
extension Planner {
  func planWindow(
    _ function: WindowFunction, _ call: Call, _ stage: String
  ) throws(QueryError) -> WindowFunctionPlan {
    let call = try dataFirst(call, function)
    var arguments = try Arguments(
      call, stage: stage, positionalNames: function.parameters.map(\.name))
    let expression = try arguments.input()
    let input = try plan(expression)
    guard input.isWindow else {
      throw QueryError(
        code: .type,
        message: "\(stage) wants a window, got "
          + (input.isInstant ? "one value of each series" : input.type.name),
        range: expression.range, stage: stage,
        hint: "write \(function.name)(memory<host=x>[5m])")
    }
    try check(input.boundary, of: function, expression.range, stage)
    var numbers: [Plan] = []
    for parameter in function.parameters {
      guard let value = arguments.take(parameter.name) else {
        throw QueryError(
          code: .type, message: "cannot call \(function.name): it has no \(parameter.name)",
          range: call.range, stage: stage, hint: Self.usage(of: function))
      }
      let number = try plan(value)
      guard number.type == .number else {
        throw QueryError(
          code: .type,
          message: "cannot call \(function.name): \(parameter.name) must be a number, "
            + "got \(number.type.name)",
          range: value.range, stage: stage, hint: Self.usage(of: function))
      }
      numbers.append(number)
    }
    try arguments.finish()
    return WindowFunctionPlan(
      function: function, input: input, parameters: numbers, absentLabels: input.askedLabels,
      range: call.range)
  }

  /// The call with its data in front, where PromQL writes the number first.
  private func dataFirst(
    _ call: Call, _ function: WindowFunction
  ) throws(QueryError) -> Call {
    guard function.parameters.first?.isFirst ?? false, !call.isPiped, call.arguments.count == 2,
      call.arguments.allSatisfy({ $0.name == nil }),
      try plan(call.arguments[0].value).type == .number
    else { return call }
    var call = call
    call.arguments.swapAt(0, 1)
    return call
  }

  private static func usage(of function: WindowFunction) -> String {
    if function.takesShares { return "write \(function.name)(memory<host=x>[1h], 0.3, 0.1)" }
    return function.parameters.first?.isFirst ?? false
      ? "write \(function.name)(0.9, memory<host=x>[1h])"
      : "write \(function.name)(memory<host=x>[1h], 3600)"
  }
}

extension Plan {
  /// The number that this comes to without any data, or nil.
  var constant: Double? {
    switch self {
    case .number(let number): return number
    case .negated(let plan): return plan.constant.map { -$0 }
    case .arithmetic(let node):
      guard let left = node.left.constant, let right = node.right.constant else { return nil }
      return node.apply(left, right)
    default: return nil
    }
  }

  /// This earlier by `interval`. As in PromQL `@` counts before `offset`, in whatever order they
  /// are written.
  func moved(by interval: Interval) -> Plan {
    if case .moved(let plan, let move) = self, !move.isOffset {
      return .moved(plan.moved(by: interval), move)
    }
    return .moved(self, .offset(interval))
  }

  /// The labels that must have one value in the selector below, each asked for once.
  var askedLabels: Labels {
    switch self {
    case .moved(let plan, _): return plan.askedLabels
    // As in Prometheus a subquery asks for no labels.
    case .window(let node): return node.step == nil ? node.base.askedLabels : .none
    case .select(let selection):
      let names = selection.matchers.map(\.name)
      return Labels(
        selection.matchers.compactMap { matcher -> (String, String)? in
          guard case .equal(let value) = matcher.condition,
            matcher.name != SeriesKey.metricLabel,
            names.count(where: { $0 == matcher.name }) == 1
          else { return nil }
          return (matcher.name, value)
        })
    default: return .none
    }
  }
}

extension Move {
  /// Whether this is an `offset`; the others name a moment.
  var isOffset: Bool { if case .offset = self { true } else { false } }
}
