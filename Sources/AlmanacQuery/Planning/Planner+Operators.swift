/// `and`, `or`, `unless`, and what operators may stand between.
extension Planner {
  func planSet(_ node: Binary) throws(QueryError) -> Plan {
    let name = node.operation.rawValue
    let sides = (try plan(node.left), try plan(node.right))
    for (plan, range) in [(sides.0, node.left.range), (sides.1, node.right.range)] {
      guard !plan.type.isSeries else { continue }
      throw QueryError(
        code: .type,
        message: "set operator \"\(name)\" not allowed in binary scalar expression: this is a "
          + plan.type.name,
        range: range, stage: "plan", hint: "write \(name) vector(...)")
    }
    return .setOperation(
      SetOperation(
        operation: node.operation, left: sides.0, right: sides.1,
        matching: try node.matching.map(matching) ?? .allLabels))
  }

  func matching(_ node: Matching) throws(QueryError) -> SeriesMatching {
    if !node.isIgnoring, let label = node.include.first(where: node.labels.contains) {
      throw QueryError(
        code: .type,
        message: "label \"\(label)\" must not occur in ON and GROUP clause at once",
        range: node.range, stage: "plan", hint: "leave it out of one of them")
    }
    return SeriesMatching(
      labels: Set(node.labels), isIgnoring: node.isIgnoring, many: node.many,
      include: node.include)
  }

  /// Checks an operator with a number on one side or on both.
  func checkNumber(_ node: Binary, areBoth: Bool) throws(QueryError) {
    if areBoth, node.operation.isComparison, !node.returnsBool {
      throw QueryError(
        code: .type, message: "comparisons between scalars must use BOOL modifier",
        range: node.operatorRange, stage: "plan",
        hint: "write \(node.operation.rawValue) bool")
    }
    if let matching = node.matching {
      throw QueryError(
        code: .type, message: "vector matching only allowed between instant vectors",
        range: matching.range, stage: "plan", hint: "leave it out beside a number")
    }
  }
}
