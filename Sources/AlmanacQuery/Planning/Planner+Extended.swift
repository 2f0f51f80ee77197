internal import AlmanacCore

/// What PromQL took in last: windows with values at their ends, filled operators, samples of series.
extension Planner {
  /// Refuses a window whose ends the function cannot use.
  func check(
    _ boundary: Window.Boundary, of function: WindowFunction, _ range: SourceRange, _ stage: String
  ) throws(QueryError) {
    guard boundary != .samples, BoundedWindow.Change(function.name, boundary) == nil else { return }
    let functions = BoundedWindow.Change.functions(of: boundary).sorted()
    throw QueryError(
      code: .type,
      message: "\(boundary.rawValue) can only be used with \(functions.joined(separator: ", ")), "
        + "not with \(function.name)",
      range: range, stage: stage, hint: "leave `\(boundary.rawValue)` out")
  }

  /// What stands for samples without a partner on either side.
  func fill(
    of node: Binary, between left: Plan, and right: Plan
  ) throws(QueryError) -> Fill? {
    guard let fill = node.fill else { return nil }
    guard left.type.isSeries, right.type.isSeries else {
      throw QueryError(
        code: .type, message: "cannot fill this: a number is a partner to every series",
        range: fill.range, stage: "plan", hint: "remove it; it stands between two sets of series")
    }
    // As in Prometheus: `fill_left` fills the side with many, also where that one is the right.
    guard node.matching?.many == .right else { return fill }
    return Fill(left: fill.right, right: fill.left, range: fill.range)
  }
}

extension Plan {
  /// What stands for the values at the ends of a window, perhaps moved in time.
  var boundary: Window.Boundary {
    switch self {
    case .window(let node): node.boundary
    case .moved(let plan, _): plan.boundary
    default: .samples
    }
  }
}
