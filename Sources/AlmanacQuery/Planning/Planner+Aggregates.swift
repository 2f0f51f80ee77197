internal import AlmanacCore

/// Aggregates: `sum by (pool) (memory)`, `topk(3, memory)`.
extension Planner {
  func plan(_ node: Aggregate) throws(QueryError) -> Plan {
    let grouping = SeriesGrouping(
      labels: Set(node.grouping?.labels ?? []), isWithout: node.grouping?.isWithout ?? false)
    switch node.operation {
    case .topk, .bottomk:
      let (input, count, range) = try dataAndNumber(of: node, "count")
      return .rank(
        Ranking(
          count: count, isTop: node.operation == .topk, input: input, grouping: grouping,
          range: range))
    case .quantile:
      let (input, share, range) = try dataAndNumber(of: node, "share")
      return .aggregate(
        Aggregation(
          function: .quantile, parameter: share, parameterRange: range, input: input,
          grouping: grouping))
    case .countValues:
      let input = try data(of: node, at: node.isPiped ? 0 : 1, count: 2)
      let argument = node.arguments[node.isPiped ? 1 : 0].value
      guard let label = Arguments.text(argument), !label.isEmpty else {
        throw QueryError(
          code: .type, message: "cannot aggregate: the label must be a text",
          range: argument.range, stage: "plan", hint: usage(of: node))
      }
      return .countValues(ValueCount(label: label, input: input, grouping: grouping))
    case .limitk, .limitRatio:
      let isCount = node.operation == .limitk
      let (input, number, range) = try dataAndNumber(of: node, isCount ? "count" : "ratio")
      return .rank(
        Ranking(
          count: number, isTop: false, input: input, grouping: grouping, range: range,
          sampling: isCount ? .count : .share))
    default:
      guard let function = Aggregation.Function(rawValue: node.operation.rawValue) else {
        throw notYet("the aggregate \(node.operation.rawValue)", node.nameRange)
      }
      let input = try data(of: node, at: 0, count: 1)
      return .aggregate(
        Aggregation(
          function: function, parameter: .number(0), parameterRange: node.range, input: input,
          grouping: grouping))
    }
  }

  /// The series that `node` combines, which are its argument at `index` out of `count`.
  private func data(of node: Aggregate, at index: Int, count: Int) throws(QueryError) -> Plan {
    let name = node.operation.rawValue
    guard node.arguments.count == count, node.arguments.allSatisfy({ $0.name == nil }) else {
      throw QueryError(
        code: .type,
        message: "cannot aggregate: \(name) takes "
          + "\(count == 1 ? "one argument" : "two arguments"), got \(node.arguments.count)",
        range: node.range, stage: "plan", hint: usage(of: node))
    }
    let argument = node.arguments[index].value
    let input = try plan(argument)
    try require(input, isSeries: argument.range, stage: "plan", doing: "aggregate this")
    return input
  }

  /// The series, and the number in front of them, or behind them in a pipe.
  private func dataAndNumber(
    of node: Aggregate, _ name: String
  ) throws(QueryError) -> (Plan, Plan, SourceRange) {
    let input = try data(of: node, at: node.isPiped ? 0 : 1, count: 2)
    let argument = node.arguments[node.isPiped ? 1 : 0].value
    let number = try plan(argument)
    guard number.type == .number else {
      throw QueryError(
        code: .type,
        message: "cannot aggregate: the \(name) must be a number, got \(number.type.name)",
        range: argument.range, stage: "plan", hint: usage(of: node))
    }
    return (input, number, argument.range)
  }

  private func usage(of node: Aggregate) -> String {
    switch node.operation {
    case .countValues: "write count_values(\"version\", build)"
    case .quantile: "write quantile(0.9, memory)"
    case .topk, .bottomk, .limitk: "write \(node.operation.rawValue)(3, memory)"
    case .limitRatio: "write limit_ratio(0.1, memory)"
    default: "write \(node.operation.rawValue) by (label) (memory)"
    }
  }
}
