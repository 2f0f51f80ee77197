internal import AlmanacCore
internal import AlmanacForecast

/// The stages of preparation, argument by argument. docs/preparation.md lists the same for users.
extension Planner {
  /// Their names.
  static let preparations = [
    "interpolate", "resample", "clean", "clip", "scale", "detrend", "deseason", "decompose",
    "periods", "split",
  ]

  /// The plan of a stage of preparation; nil of another function.
  func planPreparation(_ call: Call, _ stage: String) throws(QueryError) -> Plan? {
    switch call.name {
    case "interpolate": try planInterpolate(call, stage)
    case "resample": .resample(try planResample(call, stage))
    case "clean": try planClean(call, stage)
    case "clip": try planClip(call, stage)
    case "scale": try planScale(call, stage)
    case "detrend": try planDetrend(call, stage)
    case "deseason": try planDeseason(call, stage)
    case "decompose": .decompose(try planDecompose(call, stage))
    case "periods": .periods(try planPeriods(call, stage))
    case "split": .split(try planSplit(call, stage))
    default: nil
    }
  }

  // MARK: - Stages that forecasts refit

  private func planInterpolate(_ call: Call, _ stage: String) throws(QueryError) -> Plan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["method"])
    let input = try planData(arguments)
    let method =
      try arguments.word("method", of: InterpolationMethod.allCases.map(\.rawValue))
      .flatMap(InterpolationMethod.init(rawValue:)) ?? .linear
    let step = try arguments.duration("step")
    let gap = try arguments.duration("max_gap")
    try arguments.finish()
    if step != nil, input.type == .grid {
      throw QueryError(
        code: .type, message: "\(stage) cannot change the step: its input is on one already",
        range: call.range, stage: stage, hint: "give step= to the first stage")
    }
    return .prepare(
      PreparePlan(
        input: input, stage: .interpolate(method, maxGap: gap), step: step, range: call.nameRange))
  }

  private func planClean(_ call: Call, _ stage: String) throws(QueryError) -> Plan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["k"])
    let input = try planData(arguments)
    let deviations = try arguments.positive("k", example: 5) ?? 5
    try arguments.finish()
    return prepare(input, .clean(deviations: deviations), call)
  }

  private func planClip(_ call: Call, _ stage: String) throws(QueryError) -> Plan {
    var arguments = try Arguments(call, stage: stage, positionalNames: [])
    let input = try planData(arguments)
    let minimum = try arguments.number("min")
    let maximum = try arguments.number("max")
    try arguments.finish()
    guard minimum != nil || maximum != nil else {
      throw QueryError(
        code: .type, message: "cannot call clip: it has neither min nor max", range: call.range,
        stage: stage, hint: "write clip(memory<host=x>, min=0, max=100), or one of them")
    }
    if let minimum, let maximum, minimum > maximum {
      throw QueryError(
        code: .type, message: "cannot call clip: min is above max", range: call.range,
        stage: stage, hint: "swap them")
    }
    return prepare(input, .clip(minimum: minimum, maximum: maximum), call)
  }

  private func planScale(_ call: Call, _ stage: String) throws(QueryError) -> Plan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["kind"])
    let input = try planData(arguments)
    let word = try arguments.word("kind", of: Self.scaleWords) ?? "robust"
    try arguments.finish()
    let kind: ScaleKind = word == "log" ? .log1p : ScaleKind(rawValue: word) ?? .robust
    return prepare(input, .scale(kind), call)
  }

  /// What scalings are called.
  static let scaleWords = ["standard", "minmax", "robust", "log"]

  private func planDetrend(_ call: Call, _ stage: String) throws(QueryError) -> Plan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["method"])
    let input = try planData(arguments)
    _ = try arguments.word("method", of: ["linear"])
    try arguments.finish()
    return prepare(input, .detrend, call)
  }

  private func planDeseason(_ call: Call, _ stage: String) throws(QueryError) -> Plan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["period"])
    let input = try planData(arguments)
    let periods = try planPeriodList(&arguments)
    let method =
      try arguments.word("method", of: SeasonMethod.allCases.map(\.rawValue))
      .flatMap(SeasonMethod.init(rawValue:)) ?? .median
    try arguments.finish()
    return prepare(input, .deseason(periods: periods, method: method), call)
  }

  private func prepare(_ input: Plan, _ stage: PreparationStep, _ call: Call) -> Plan {
    .prepare(PreparePlan(input: input, stage: stage, range: call.nameRange))
  }

  /// `period=auto`, `period=1d`, `period=[1d, 1w]`: each once.
  private func planPeriodList(_ arguments: inout Arguments) throws(QueryError) -> [Interval]? {
    let periods = try arguments.list(
      "period", "a duration or a list of them", hint: "write period=[1d, 1w]"
    ) { expression -> Interval? in
      guard case .duration(let literal) = expression, literal.value > 0 else { return nil }
      return Interval(nanoseconds: literal.value)
    }
    let name = arguments.call.name
    if let periods, periods.isEmpty || periods.count > 10 {
      throw QueryError(
        code: .type, message: "cannot call \(name): it takes 1 to 10 periods",
        range: arguments.call.range, stage: arguments.stage, hint: "write period=[1d, 1w]")
    }
    if let periods, Set(periods).count < periods.count {
      throw QueryError(
        code: .type, message: "cannot call \(name): a period is given twice",
        range: arguments.call.range, stage: arguments.stage, hint: "leave one of them out")
    }
    return periods
  }

  // MARK: - Other results

  private func planResample(_ call: Call, _ stage: String) throws(QueryError) -> ResamplePlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["step", "fn"])
    let input = try planData(arguments)
    guard let step = try arguments.duration("step") else {
      throw QueryError(
        code: .type, message: "cannot call resample: it has no step", range: call.range,
        stage: stage, hint: "write how long a bucket is, as resample(memory<host=x>[1d], 5m)")
    }
    let function =
      try arguments.word("fn", of: BucketFunction.allCases.map(\.rawValue))
      .flatMap(BucketFunction.init(rawValue:)) ?? .avg
    try arguments.finish()
    try requireUnchanged(input, call, stage)
    return ResamplePlan(input: input, step: step, function: function, range: call.nameRange)
  }

  private func planSplit(_ call: Call, _ stage: String) throws(QueryError) -> SplitPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: [])
    let input = try planData(arguments)
    let moment = arguments.take("at")
    let share = try arguments.number("share")
    let part = try arguments.word("part", of: ["train", "test"])
    try arguments.finish()
    try requireUnchanged(input, call, stage)
    let cut: SplitPlan.Cut
    switch (moment, share) {
    case (let moment?, nil):
      cut = try planCut(moment, stage)
    case (nil, let share?):
      guard share > 0, share < 1 else {
        throw QueryError(
          code: .type, message: "cannot call split: share must be above 0 and below 1",
          range: call.range, stage: stage, hint: "write share=0.8")
      }
      cut = .share(share)
    default:
      throw QueryError(
        code: .type, message: "cannot call split: it takes one of at and share",
        range: call.range, stage: stage, hint: "write at=-7d or share=0.8")
    }
    return SplitPlan(input: input, cut: cut, isTest: part == "test")
  }

  private func planCut(
    _ moment: Expression, _ stage: String
  ) throws(QueryError) -> SplitPlan.Cut {
    let time: Timestamp?
    switch moment {
    case .duration(let literal) where literal.value <= 0:
      return .relative(Interval(nanoseconds: literal.value))
    case .number(let literal): time = Timestamp(seconds: literal.value)
    case .string(let literal): time = Timestamp(parameter: literal.value)
    default: time = nil
    }
    guard let time else {
      throw QueryError(
        code: .type, message: "cannot call split: at must be a moment", range: moment.range,
        stage: stage, hint: "write at=\"2026-09-01T00:00:00Z\", unix seconds, or at=-7d")
    }
    return .at(time)
  }

  private func planDecompose(_ call: Call, _ stage: String) throws(QueryError) -> DecomposePlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["period"])
    let input = try planData(arguments)
    let periods = try planPeriodList(&arguments)
    let isRobust = try arguments.boolean("robust") ?? false
    try arguments.finish()
    return DecomposePlan(
      input: input, periods: periods, isRobust: isRobust, range: call.nameRange)
  }

  private func planPeriods(_ call: Call, _ stage: String) throws(QueryError) -> PeriodsPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["max"])
    let input = try planData(arguments)
    let limit = try arguments.whole("max", in: 1...20) ?? 3
    try arguments.finish()
    return PeriodsPlan(input: input, limit: limit, range: call.nameRange)
  }

  /// Refuses stages in front whose undoing would be forgotten.
  private func requireUnchanged(
    _ input: Plan, _ call: Call, _ stage: String
  ) throws(QueryError) {
    guard let before = input.stages.first(where: \.isReversible) else { return }
    throw QueryError(
      code: .type,
      message: "\(stage) cannot come after \(before.name): nothing would undo that any more",
      range: call.nameRange, stage: stage, hint: "write \(call.name) in front of \(before.name)")
  }

  // MARK: - Columns

  /// The part of a decomposition that `node` names.
  func planComponent(_ node: Projection, of base: Plan) throws(QueryError) -> Plan {
    let decomposition: DecomposePlan
    switch base {
    case .decompose(let plan): decomposition = plan
    case .moved(let plan, let move): return .moved(try planComponent(node, of: plan), move)
    default: preconditionFailure("BUG: only decompose gives a decomposition")
    }
    let part: ComponentPlan.Part
    let pieces = node.name.split(separator: "_", maxSplits: 1).map(String.init)
    switch (pieces.first, pieces.dropFirst().first) {
    case ("trend", nil): part = .trend
    case ("residual", nil): part = .residual
    case ("seasonal", nil): part = .seasonal(nil)
    case ("strength", nil): part = .strength(nil)
    case ("strength", "trend"): part = .trendStrength
    case (let name?, let text?) where name == "seasonal" || name == "strength":
      guard let period = Interval(parameter: text), period > .zero,
        decomposition.periods?.contains(period) ?? true
      else { throw noPart(node, decomposition) }
      part = name == "seasonal" ? .seasonal(period) : .strength(period)
    default: throw noPart(node, decomposition)
    }
    return .component(
      ComponentPlan(decomposition: decomposition, part: part, range: node.nameRange))
  }

  private func noPart(_ node: Projection, _ decomposition: DecomposePlan) -> QueryError {
    let periods = (decomposition.periods ?? [.days(1)]).map(\.description)
    let names =
      ["trend", "seasonal", "residual", "strength", "strength_trend"]
      + periods.flatMap { ["seasonal_\($0)", "strength_\($0)"] }
    let near = Suggestion.nearest(to: node.name, in: names)
    return QueryError(
      code: .name, message: "decomposition has no column \(node.name)", range: node.nameRange,
      stage: "plan",
      hint: near.map { "did you mean .\($0)?" }
        ?? "it has \(names.map { "." + $0 }.joined(separator: ", "))")
  }
}
