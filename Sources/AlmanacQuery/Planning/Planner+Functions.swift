internal import AlmanacCore
internal import AlmanacForecast

/// The functions, argument by argument. docs/query-language.md lists the same for users.
extension Planner {
  /// Functions that the language has and this version has not.
  private static let planned: Set<String> = [
    "embed", "similar",
    "histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev", "histogram_stdvar",
  ]

  func plan(_ call: Call) throws(QueryError) -> Plan {
    let stage = "stage \(depth(of: call)) `\(call.name)`"
    switch call.name {
    case "tap": return try planTap(call, stage)
    case "forecast": return .forecast(try planForecast(call, stage))
    case "outliers": return .outliers(try planOutliers(call, stage))
    case "info": return .info(try planInfo(call, stage))
    default:
      if let plan = try planPreparation(call, stage) { return plan }
      if let plan = try planTrial(call, stage) { return plan }
      if let plan = try planComparison(call, stage) { return plan }
      if let function = WindowFunction.named(call.name) {
        return .windowFunction(try planWindow(function, call, stage))
      }
      if let signature = FunctionSignature.all[call.name] {
        return try plan(signature, call, stage)
      }
      if Self.planned.contains(call.name) { throw notYet("\(call.name)()", call.nameRange) }
      let near = Suggestion.nearest(to: call.name, in: Self.functions)
      throw QueryError(
        code: .name, message: "there is no function \(call.name)", range: call.nameRange,
        stage: "plan",
        hint: near.map { "did you mean \($0)?" }
          ?? "the functions are \(Self.functions.joined(separator: ", "))")
    }
  }

  /// The place of a call in its chain of data, counted from 1.
  private func depth(of call: Call) -> Int {
    guard let first = call.arguments.first, first.name == nil, case .call(let inner) = first.value
    else { return 1 }
    return depth(of: inner) + 1
  }

  /// The data of a stage: series or a grid, but no result of a later kind.
  func planData(_ arguments: Arguments) throws(QueryError) -> Plan {
    let expression = try arguments.input()
    let input = try plan(expression)
    switch input.type {
    case .series, .grid: return input
    case .number, .string, .report:
      try require(
        input, isSeries: expression.range, stage: arguments.stage,
        doing: "call \(arguments.call.name) on this")
      return input
    case .forecast, .outliers, .decomposition:
      let column =
        input.type == .forecast ? ".yhat" : input.type == .outliers ? ".score" : ".trend"
      throw QueryError(
        code: .type,
        message: "\(arguments.stage) wants series, got \(input.type.name)",
        range: expression.range, stage: arguments.stage, hint: "did you mean \(column)?")
    }
  }

  // MARK: - Forecast

  private func planForecast(_ call: Call, _ stage: String) throws(QueryError) -> ForecastPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["horizon"])
    let input = try planData(arguments)
    guard let horizon = try arguments.duration("horizon") else {
      throw QueryError(
        code: .type, message: "cannot call forecast: it has no horizon", range: call.range,
        stage: stage, hint: "write how far to look ahead, as forecast(memory<host=x>, 7d)")
    }
    let history = try arguments.history(beside: input)
    var options = ForecastOptions()
    if let model = try arguments.word("model", of: ModelKind.selectable.map(\.rawValue)) {
      options.model = ModelKind(rawValue: model) ?? .auto
    }
    options.window = try arguments.duration("window") ?? options.window
    options.hidden = try arguments.whole("hidden", in: 1...1024) ?? options.hidden
    options.batch = try arguments.whole("batch", in: 1...65_536) ?? options.batch
    options.epochs = try arguments.whole("epochs", in: 1...10_000)
    options.scale = try scaleKind(&arguments, "scale") ?? options.scale
    options.interpolate = try interpolation(&arguments, "interpolate") ?? options.interpolate
    options.minimum = try arguments.number("min")
    options.maximum = try arguments.number("max")
    options.seed = UInt64(try arguments.whole("seed", in: 0...Int.max) ?? 0)
    options.preparation = input.stages
    let step = try arguments.duration("step")
    let levels = try planLevels(&arguments)
    let group = try arguments.list(
      "group", "a label or a list of labels", hint: "write group=[role]"
    ) { Arguments.text($0) }
    let store = try planStore(&arguments)
    let wait = try arguments.duration("wait", allowsZero: true) ?? .seconds(10)
    let maximumAge = try arguments.duration("max_age") ?? .days(1)
    try arguments.finish()
    if let minimum = options.minimum, let maximum = options.maximum, minimum > maximum {
      throw QueryError(
        code: .type, message: "cannot call forecast: min is above max", range: call.range,
        stage: stage, hint: "swap them")
    }
    if group != nil, ![.auto, .seq2seq].contains(options.model) {
      throw QueryError(
        code: .type,
        message: "cannot call forecast: model=\(options.model.rawValue) has no network "
          + "for a group to share", range: call.range, stage: stage,
        hint: "leave group out, or write model=seq2seq or model=auto")
    }
    return ForecastPlan(
      input: input, inputText: Printer().print(try arguments.input().untapped), horizon: horizon,
      history: history ?? input.windowLength ?? .days(30), step: step ?? input.gridStep,
      options: options, levels: levels, group: group, store: store,
      wait: .nanoseconds(wait.nanoseconds),
      maximumAge: maximumAge, range: call.range)
  }

  private func interpolation(
    _ arguments: inout Arguments, _ name: String
  ) throws(QueryError) -> InterpolationMethod? {
    // Seasons are what forecasts find by themselves.
    try arguments.word(
      name, of: InterpolationMethod.allCases.filter { $0 != .seasonal }.map(\.rawValue)
    )
    .flatMap(InterpolationMethod.init(rawValue:))
  }

  private func scaleKind(
    _ arguments: inout Arguments, _ name: String
  ) throws(QueryError) -> ScaleKind? {
    try arguments.word(name, of: Self.scaleWords).flatMap(ScaleKind.init(rawValue:))
  }

  /// The metric that a forecast is to be stored as.
  private func planStore(_ arguments: inout Arguments) throws(QueryError) -> String? {
    guard let value = arguments.take("store") else { return nil }
    guard let metric = Arguments.text(value), !metric.isEmpty else {
      throw QueryError(
        code: .type, message: "cannot call forecast: store must be the name of a metric",
        range: value.range, stage: arguments.stage, hint: "write store=memory_forecast")
    }
    return metric
  }

  /// Levels as shares, in ascending order: `level=95` and `level=[80, 95]`.
  private func planLevels(_ arguments: inout Arguments) throws(QueryError) -> [Double] {
    let levels = try arguments.list(
      "level", "percent above 0 and below 100", hint: "write level=95 or level=[80, 95]"
    ) { expression -> Double? in
      guard case .number(let literal) = expression, literal.value > 0, literal.value < 100 else {
        return nil
      }
      return literal.value / 100
    }
    guard levels?.count ?? 1 <= 20 else {
      throw QueryError(
        code: .type, message: "cannot call forecast: it has over 20 levels",
        range: arguments.call.range, stage: arguments.stage, hint: "write level=[80, 95]")
    }
    return Set(levels ?? [0.95]).sorted()
  }

  // MARK: - Outliers

  private func planOutliers(_ call: Call, _ stage: String) throws(QueryError) -> OutliersPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["method"])
    let input = try planData(arguments)
    if input.type == .grid {
      throw QueryError(
        code: .type, message: "\(stage) judges samples as they were written, got a grid",
        range: call.range, stage: stage,
        hint: "leave the stages before it out: outliers knows seasons by itself")
    }
    let method =
      try arguments.word("method", of: OutlierMethod.allCases.map(\.rawValue))
      .flatMap(OutlierMethod.init(rawValue:)) ?? .auto
    let against = try planReference(&arguments, stage)
    let history = try arguments.duration("history") ?? .days(7)
    let threshold = try arguments.positive("threshold", example: 1)
    let alarms = try arguments.positive("alarms", example: 1) ?? 1
    let per = try arguments.duration("per") ?? .days(7)
    let direction =
      try arguments.word("direction", of: OutlierDirection.allCases.map(\.rawValue))
      .flatMap(OutlierDirection.init(rawValue:)) ?? .both
    let minimumDuration = try arguments.duration("for", allowsZero: true) ?? .zero
    let minimumDeviation = try arguments.nonNegative("min_dev") ?? 0
    let all = try arguments.boolean("all") ?? false
    let seed = try arguments.whole("seed", in: 0...Int.max) ?? 0
    try arguments.finish()
    guard history >= .days(1) else {
      throw QueryError(
        code: .type, message: "cannot call outliers: a history of \(history) is too short",
        range: call.range, stage: stage, hint: "write history=7d, or at least 1d")
    }
    return OutliersPlan(
      input: input, signal: JudgedSignal(try arguments.input()), against: against, history: history,
      method: method, threshold: threshold,
      alarmsPerDay: alarms * Interval.days(1).seconds / per.seconds, direction: direction,
      minimumDuration: minimumDuration, minimumDeviation: minimumDeviation, includesAll: all,
      seed: UInt64(seed), range: call.range)
  }

  /// `against=rules` or `against=forecast(...)`.
  private func planReference(
    _ arguments: inout Arguments, _ stage: String
  ) throws(QueryError) -> ForecastPlan? {
    guard let value = arguments.take("against"), Arguments.text(value) != "rules" else {
      return nil
    }
    guard case .forecast(let plan) = try plan(value).unstaged else {
      throw QueryError(
        code: .type, message: "\(stage) is judged against rules or against a forecast",
        range: value.range, stage: stage,
        hint: "write against=rules or against=forecast(memory<host=x> @ -7d, 7d)")
    }
    return plan
  }
}

extension Plan {
  /// The stages that lead from what was read to this grid.
  var stages: [PreparationStep] {
    switch self {
    case .prepare(let node): node.input.stages + [node.stage]
    case .stage(let node): node.plan.stages
    case .moved(let plan, _): plan.stages
    default: []
    }
  }

  /// The step that a stage asked for.
  var gridStep: Interval? {
    switch self {
    case .prepare(let node): node.step ?? node.input.gridStep
    case .resample(let node): node.step
    case .stage(let node): node.plan.gridStep
    case .moved(let plan, _): plan.gridStep
    default: nil
    }
  }

  /// The data before all stages.
  var beforeStages: Plan {
    switch self {
    case .prepare(let node): node.input.beforeStages
    case .stage(let node) where node.plan.type == .grid: node.plan.beforeStages
    case .moved(let plan, let move): .moved(plan.beforeStages, move)
    default: self
    }
  }
}
