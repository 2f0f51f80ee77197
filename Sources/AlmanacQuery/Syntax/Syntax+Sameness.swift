/// Comparing trees by meaning of their text: places, quotes, the kind of brackets around matchers
/// and `x | f(a)` against `f(x, a)` do not count.
extension Script {
  /// Whether both hold the same statements.
  public func isSameTree(as other: Script) -> Bool {
    same(statements, other.statements) { $0.isSameTree(as: $1) }
  }
}

extension Statement {
  /// Whether both ask the same.
  public func isSameTree(as other: Statement) -> Bool {
    switch (self, other) {
    case (.query(let left), .query(let right)): left.isSameTree(as: right)
    case (.define(let left), .define(let right)):
      left.name == right.name && left.version == right.version
        && same(left.parameters, right.parameters) {
          $0.name == $1.name && sameOptional($0.defaultValue, $1.defaultValue)
        } && left.body.isSameTree(as: right.body)
    case (.explain(let left), .explain(let right)):
      left.isAnalyze == right.isAnalyze && left.body.isSameTree(as: right.body)
    case (.train(let left), .train(let right)):
      left.refresh == right.refresh && left.body.isSameTree(as: right.body)
    case (.show(let left), .show(let right)):
      left.subject == right.subject
        && sameOptional(
          left.selector.map(Expression.selector), right.selector.map(Expression.selector))
    case (.cancel(let left), .cancel(let right)): left.job == right.job
    case (.drop(let left), .drop(let right)):
      left.subject == right.subject && left.name == right.name && left.version == right.version
    default: false
    }
  }
}

extension Expression {
  /// Whether both stand for the same.
  public func isSameTree(as other: Expression) -> Bool {
    // Two steps, so that the frame of the recursion is small.
    hasSameRoot(as: other) && same(children, other.children) { $0.isSameTree(as: $1) }
  }

  /// Whether both are the same but for their children.
  private func hasSameRoot(as other: Expression) -> Bool {
    switch (self, other) {
    case (.number(let left), .number(let right)):
      left.value.bitPattern == right.value.bitPattern || left.value.isNaN && right.value.isNaN
    case (.duration(let left), .duration(let right)): left.value == right.value
    case (.string(let left), .string(let right)): left.value == right.value
    case (.boolean(let left), .boolean(let right)): left.value == right.value
    case (.keyword(let left), .keyword(let right)): left.value == right.value
    case (.list, .list): true
    case (.record(let left), .record(let right)):
      left.fields.map(\.name) == right.fields.map(\.name)
    case (.selector(let left), .selector(let right)): left.isSame(as: right)
    case (.reference(let left), .reference(let right)): left.name == right.name
    case (.call(let left), .call(let right)):
      left.name == right.name && left.version == right.version
        && left.arguments.map(\.name) == right.arguments.map(\.name)
    case (.aggregate(let left), .aggregate(let right)):
      left.operation == right.operation
        && left.grouping?.isWithout == right.grouping?.isWithout
        && left.grouping?.labels == right.grouping?.labels
        && left.arguments.map(\.name) == right.arguments.map(\.name)
    case (.unary(let left), .unary(let right)): left.operation == right.operation
    case (.binary(let left), .binary(let right)):
      left.operation == right.operation && left.returnsBool == right.returnsBool
        && sameMatching(left.matching, right.matching) && sameFill(left.fill, right.fill)
    case (.window(let left), .window(let right)):
      left.length == right.length && left.step == right.step && left.boundary == right.boundary
        && sameOptional(left.lengthFormula, right.lengthFormula)
        && sameOptional(left.stepFormula, right.stepFormula)
    case (.offset(let left), .offset(let right)):
      left.nanoseconds == right.nanoseconds && sameOptional(left.formula, right.formula)
    case (.at(let left), .at(let right)): left.moment == right.moment
    case (.projection(let left), .projection(let right)): left.name == right.name
    default: false
    }
  }
}

extension Selector {
  /// Whether both select the same; `memory` and `memory<>` differ, as only the first may be
  /// something else than a metric.
  fileprivate func isSame(as other: Selector) -> Bool {
    metric == other.metric && isSmoothed == other.isSmoothed
      && (brackets == .none) == (other.brackets == .none)
      && same(matchers, other.matchers) {
        $0.label == $1.label && $0.operation == $1.operation
          && $0.values.map(\.text) == $1.values.map(\.text)
      }
  }
}

private func same<Element>(
  _ left: [Element], _ right: [Element], by isSame: (Element, Element) -> Bool
) -> Bool {
  left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
}

private func sameOptional(_ left: Expression?, _ right: Expression?) -> Bool {
  guard let left, let right else { return left == nil && right == nil }
  return left.isSameTree(as: right)
}

private func sameFill(_ left: Fill?, _ right: Fill?) -> Bool {
  guard let left, let right else { return left == nil && right == nil }
  return left.isSame(as: right)
}

private func sameMatching(_ left: Matching?, _ right: Matching?) -> Bool {
  left?.isIgnoring == right?.isIgnoring && left?.labels == right?.labels
    && left?.many == right?.many && left?.include == right?.include
}
