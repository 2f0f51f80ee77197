internal import AlmanacCore

/// Durations that are calculated, in a plan.
extension Planner {
  /// `node` with its durations worked out. As long as nothing is known of the evaluation, an hour
  /// and a minute stand for what depends on it.
  func calculated(_ node: Window) throws(QueryError) -> Window {
    var node = node
    if let formula = node.lengthFormula {
      node.length = try nanoseconds(formula) ?? 3_600_000_000_000
      node.lengthFormula = nil
    }
    if let formula = node.stepFormula {
      node.step = .every(try nanoseconds(formula) ?? 60_000_000_000)
      node.stepFormula = nil
    }
    if node.step == .samples, case .selector(var selector) = node.base, selector.isSmoothed {
      // `x smoothed[5m]` is `x[5m] smoothed`, as in Prometheus.
      selector.isSmoothed = false
      node.base = .selector(selector)
      if node.boundary == .samples { node.boundary = .smoothed }
    }
    return node
  }

  /// `node` with its duration worked out; no time stands for what is not known yet.
  func calculated(_ node: Offset) throws(QueryError) -> Offset {
    var node = node
    if let formula = node.formula {
      node.nanoseconds = try nanoseconds(formula) ?? 0
      node.formula = nil
    }
    return node
  }

  /// Nil where it depends on an evaluation that nothing is known of.
  private func nanoseconds(_ formula: Expression) throws(QueryError) -> Int64? {
    if durations == nil, formula.hasQueryDurations { return nil }
    let seconds = try formula.seconds(at: durations ?? QueryDurations(step: 0, range: 0))
    guard let nanoseconds = Int64(exactly: (seconds * 1e9).rounded()) else {
      throw QueryError(
        code: .type, message: "cannot use \(Printer.number(seconds)) seconds as a duration",
        range: formula.range, stage: "plan", hint: "write a duration, as 1h30m")
    }
    return nanoseconds
  }
}

extension QueryDurations {
  /// Those of an evaluation.
  init(_ time: QueryTime) {
    step = time.step?.seconds ?? 0
    range =
      time.range.map { range in
        let (span, overflow) = range.end.nanoseconds.subtractingReportingOverflow(
          range.start.nanoseconds)
        return overflow ? .infinity : Double(span) / 1e9
      } ?? 0
  }
}

extension Script {
  /// Whether durations in it depend on when it is evaluated.
  var hasQueryDurations: Bool {
    statements.contains { statement in
      switch statement {
      case .query(let body): body.holdsQueryDurations
      case .define(let node): node.body.holdsQueryDurations
      case .explain(let node): node.body.holdsQueryDurations
      case .train(let node): node.body.holdsQueryDurations
      case .show, .cancel, .drop: false
      }
    }
  }
}

extension Expression {
  /// Whether a window or an offset in it depends on when it is evaluated.
  fileprivate var holdsQueryDurations: Bool {
    let formulas: [Expression?] =
      switch self {
      case .window(let node): [node.lengthFormula, node.stepFormula]
      case .offset(let node): [node.formula]
      default: []
      }
    return formulas.contains { $0?.hasQueryDurations ?? false }
      || children.contains(where: \.holdsQueryDurations)
  }
}
