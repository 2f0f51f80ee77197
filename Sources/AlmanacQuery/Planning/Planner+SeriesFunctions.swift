internal import AlmanacCore
internal import AlmanacPattern

/// Functions of series and numbers: `abs(x)`, `time()`, `label_replace(...)`.
extension Planner {
  func plan(
    _ signature: FunctionSignature, _ call: Call, _ stage: String
  ) throws(QueryError) -> Plan {
    let bound = BoundArguments(
      planner: self, signature: signature, stage: stage,
      arguments: try signature.bind(call, stage: stage))
    if let rule = ElementaryFunction.all[signature.name] {
      return .function(SeriesFunctionPlan(operation: .values(rule), input: try bound.series(0)))
    }
    if let rule = ElementaryFunction.calendar[signature.name] {
      let input = bound.isGiven(0) ? try bound.series(0) : .vector(.scalar(.time))
      return .function(SeriesFunctionPlan(operation: .values(rule), input: input))
    }
    let operation: SeriesFunctionPlan.Operation
    switch signature.name {
    case "pi": return .number(.pi)
    case "time": return .scalar(.time)
    case "start": return .scalar(.start)
    case "end": return .scalar(.end)
    case "step": return .scalar(.step)
    case "range": return .scalar(.range)
    case "min_of": return .scalar(.least(try bound.number(0), try bound.number(1)))
    case "max_of": return .scalar(.greatest(try bound.number(0), try bound.number(1)))
    case "scalar": return .scalar(.only(try bound.series(0, isInstant: true)))
    case "vector": return .vector(try bound.number(0))
    case "timestamp":
      let input = try bound.series(0)
      if let times = input.withSampleTimes { return times }
      operation = .moments
    case "round":
      let unit = bound.isGiven(1) ? try bound.number(1) : .number(1)
      operation = .bounded({ value, to, _ in ElementaryFunction.round(value, to: to) }, unit, unit)
    case "clamp":
      operation = .bounded(ElementaryFunction.clamp, try bound.number(1), try bound.number(2))
    case "clamp_min":
      let least = try bound.number(1)
      operation = .bounded({ value, to, _ in ElementaryFunction.greater(value, to) }, least, least)
    case "clamp_max":
      let most = try bound.number(1)
      operation = .bounded({ value, to, _ in ElementaryFunction.lesser(value, to) }, most, most)
    case "absent":
      operation = .absent(try bound.series(0, isInstant: true).askedLabels)
    case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc":
      operation = .sorted(
        SeriesSorting(
          labels: signature.parameters.count > 1 ? try bound.texts(1) : [],
          isDescending: signature.name.hasSuffix("_desc")))
    case "label_replace": operation = .relabelled(try replacement(bound))
    case "label_join":
      operation = .relabelled(
        .join(to: try bound.label(1), separator: try bound.text(2), from: try bound.texts(3)))
    default: operation = .histogram(try histogram(bound))
    }
    let data = signature.parameters.firstIndex { $0.kind == .series } ?? 0
    return .function(SeriesFunctionPlan(operation: operation, input: try bound.series(data)))
  }

  private func replacement(_ bound: BoundArguments) throws(QueryError) -> Relabelling {
    let pattern = try bound.text(4)
    do {
      let substitution = try Substitution(pattern: pattern, template: try bound.text(2))
      return .replace(to: try bound.label(1), substitution, from: try bound.text(3))
    } catch let error as PatternError {
      throw QueryError(
        code: .parse,
        message: "cannot read the regular expression \"\(pattern)\": \(error.reason)",
        range: bound.arguments[4].first?.range, stage: bound.stage,
        hint: "write \\\\ before a special character that is meant as itself")
    } catch let error as QueryError {
      throw error
    } catch {
      preconditionFailure("BUG: an error of no known type")
    }
  }

  private func histogram(_ bound: BoundArguments) throws(QueryError) -> HistogramFunction {
    switch bound.signature.name {
    case "histogram_quantile":
      return HistogramFunction(
        operation: .quantile(try bound.number(0)), range: bound.range(0))
    case "histogram_fraction":
      return HistogramFunction(
        operation: .fraction(lower: try bound.number(0), upper: try bound.number(1)),
        range: bound.range(0))
    case "histogram_quantiles":
      var shares: [Double] = []
      for share in bound.arguments[2] {
        guard let constant = try plan(share).constant else {
          throw QueryError(
            code: .type, message: "cannot call histogram_quantiles: a share must be a number",
            range: share.range, stage: bound.stage, hint: "write \(bound.signature.usage)")
        }
        shares.append(constant)
      }
      return HistogramFunction(
        operation: .quantiles(shares, label: try bound.label(1)), range: bound.range(2))
    default: preconditionFailure("BUG: a function with a signature and nothing else")
    }
  }
}

/// The arguments of one call, each read by its type.
private struct BoundArguments {
  let planner: Planner
  let signature: FunctionSignature
  let stage: String
  let arguments: [[Expression]]

  func isGiven(_ index: Int) -> Bool { !arguments[index].isEmpty }

  /// Where an argument stands.
  func range(_ index: Int) -> SourceRange { arguments[index].first?.range ?? .synthetic }

  /// - Parameter isInstant: whether each series must have one value at a moment.
  func series(_ index: Int, isInstant: Bool = false) throws(QueryError) -> Plan {
    guard let expression = arguments[index].first else {
      preconditionFailure("BUG: a parameter without an argument")
    }
    let plan = try planner.plan(expression)
    guard plan.type.isSeries else {
      let isNumber = plan.type == .number
      throw QueryError(
        code: .type,
        message: "cannot call \(signature.name): it takes series, got a \(plan.type.name)",
        range: expression.range, stage: stage,
        hint: isNumber ? "write \(signature.name)(vector(...))" : "write \(signature.usage)")
    }
    guard !isInstant || plan.isInstant else {
      throw QueryError(
        code: .type,
        message: "cannot call \(signature.name): it takes one value of each series, got "
          + (plan.isWindow ? "a window" : plan.type.name),
        range: expression.range, stage: stage, hint: "write \(signature.usage)")
    }
    return plan
  }

  func number(_ index: Int) throws(QueryError) -> Plan {
    guard let expression = arguments[index].first else {
      preconditionFailure("BUG: a parameter without an argument")
    }
    let plan = try planner.plan(expression)
    guard plan.type == .number else {
      throw QueryError(
        code: .type,
        message: "cannot call \(signature.name): \(signature.parameters[index].name) must be a "
          + "number, got \(plan.type.name)",
        range: expression.range, stage: stage,
        hint: plan.type.isSeries ? "write scalar(...) around it" : "write \(signature.usage)")
    }
    return plan
  }

  func texts(_ index: Int) throws(QueryError) -> [String] {
    var texts: [String] = []
    for expression in arguments[index] {
      guard let text = Arguments.text(expression) else {
        throw QueryError(
          code: .type,
          message: "cannot call \(signature.name): \(signature.parameters[index].name) must be a "
            + "text",
          range: expression.range, stage: stage, hint: "write \(signature.usage)")
      }
      texts.append(text)
    }
    return texts
  }

  func text(_ index: Int) throws(QueryError) -> String {
    guard let text = try texts(index).first else {
      preconditionFailure("BUG: a parameter without an argument")
    }
    return text
  }

  /// The name of a label to set.
  func label(_ index: Int) throws(QueryError) -> String {
    let label = try text(index)
    guard !label.isEmpty else {
      throw QueryError(
        code: .type, message: "cannot call \(signature.name): a label without a name",
        range: range(index), stage: stage, hint: "write \(signature.usage)")
    }
    return label
  }
}
