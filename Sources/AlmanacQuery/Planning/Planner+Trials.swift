internal import AlmanacCore
internal import AlmanacForecast

/// What takes a forecast, or the plan of one.
extension Planner {
  /// The functions of this file.
  static let trials = ["crosses", "accuracy", "backtest", "tune"]

  /// The plan of a call of one of these functions; nil where it is none.
  func planTrial(_ call: Call, _ stage: String) throws(QueryError) -> Plan? {
    switch call.name {
    case "crosses": .crosses(try planCrosses(call, stage))
    case "accuracy": .accuracy(try planAccuracy(call, stage))
    case "backtest": .backtest(try planBacktest(call, stage))
    case "tune": .tune(try planTune(call, stage))
    default: nil
    }
  }

  // MARK: - Crosses

  private func planCrosses(_ call: Call, _ stage: String) throws(QueryError) -> CrossesPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: [])
    let expression = try arguments.input()
    let input = try plan(expression)
    try require(input, isSeries: expression.range, stage: stage, doing: "see this cross a value")
    let above = try arguments.number("above")
    let below = try arguments.number("below")
    try arguments.finish()
    guard let threshold = above ?? below, above == nil || below == nil else {
      throw QueryError(
        code: .type,
        message: "cannot call crosses: it needs "
          + (above == nil ? "above or below" : "one of above and below"),
        range: call.range, stage: stage,
        hint: "write crosses(forecast(memory<host=x>, 7d), above=90)")
    }
    return CrossesPlan(input: input, threshold: threshold, isAbove: above != nil)
  }

  // MARK: - Accuracy

  private func planAccuracy(_ call: Call, _ stage: String) throws(QueryError) -> AccuracyPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["forecast"])
    let input = try planData(arguments)
    guard let expression = arguments.take("forecast") else {
      throw QueryError(
        code: .type, message: "cannot call accuracy: it has no forecast to compare with",
        range: call.range, stage: stage,
        hint: "write accuracy(memory<host=x>[7d], forecast(memory<host=x>[30d] @ -7d, 7d))")
    }
    try arguments.finish()
    let said = try plan(expression)
    try require(said, isSeries: expression.range, stage: stage, doing: "compare with this")
    return AccuracyPlan(input: input, said: said)
  }

  // MARK: - Backtest

  private func planBacktest(_ call: Call, _ stage: String) throws(QueryError) -> BacktestPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["folds"])
    let (_, forecast) = try planForecast(arguments)
    let trial = try planTrial(&arguments, folds: 4)
    let metrics = try arguments.list(
      "metrics", "among \(ForecastMetric.allCases.map(\.rawValue).joined(separator: ", "))",
      hint: "write metrics=[mae, mase, coverage]"
    ) { Arguments.text($0).flatMap(ForecastMetric.init(rawValue:)) }
    try arguments.finish()
    var known: Set<ForecastMetric> = []
    return BacktestPlan(
      forecast: forecast, trial: trial,
      metrics: (metrics ?? ForecastMetric.allCases).filter { known.insert($0).inserted })
  }

  /// The forecast that a trial is given, and its expression.
  private func planForecast(
    _ arguments: Arguments
  ) throws(QueryError) -> (Expression, ForecastPlan) {
    let expression = try arguments.input()
    let plan = try plan(expression)
    guard case .forecast(let forecast) = plan.unstaged else {
      throw QueryError(
        code: .type, message: "\(arguments.stage) wants a forecast, got \(plan.type.name)",
        range: expression.range, stage: arguments.stage,
        hint: "write \(arguments.call.name)(memory<host=x>[60d] | forecast(7d))")
    }
    return (expression, forecast)
  }

  private func planTrial(
    _ arguments: inout Arguments, folds: Int
  ) throws(QueryError) -> Trial {
    let folds = try arguments.whole("folds", in: 1...100) ?? folds
    let step = try arguments.duration("step")
    let strategy =
      try arguments.word("strategy", of: Trial.Strategy.allCases.map(\.rawValue))
      .flatMap(Trial.Strategy.init(rawValue:)) ?? .rolling
    let budget = try arguments.duration("budget") ?? .minutes(10)
    return Trial(
      folds: folds, step: step, strategy: strategy, budget: .nanoseconds(budget.nanoseconds),
      text: Printer().print(Expression.call(arguments.call).untapped),
      range: arguments.call.range)
  }

  // MARK: - Tune

  /// The most ways to forecast that are tried.
  private static let maximumCandidates = 1000

  private func planTune(_ call: Call, _ stage: String) throws(QueryError) -> TunePlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["grid"])
    let (expression, _) = try planForecast(arguments)
    let fields = try planGrid(&arguments)
    let measures = ForecastMetric.allCases.filter { $0 != .coverage }.map(\.rawValue)
    let metric =
      try arguments.word("by", of: measures).flatMap(ForecastMetric.init(rawValue:)) ?? .mase
    let trial = try planTrial(&arguments, folds: 3)
    try arguments.finish()
    let count = fields.reduce(1) { min($0 * $1.values.count, Self.maximumCandidates + 1) }
    guard count <= Self.maximumCandidates else {
      throw QueryError(
        code: .budget,
        message: "cannot call tune: the grid has over \(Self.maximumCandidates) combinations",
        range: call.range, stage: stage, hint: "give fewer values")
    }
    var combinations: [[Expression]] = [[]]
    for field in fields {
      combinations = combinations.flatMap { one in field.values.map { one + [$0] } }
    }
    var depths: [Int] = []
    for field in fields { depths.append(try depth(of: field, in: expression)) }
    var candidates: [TunePlan.Candidate] = []
    for values in combinations {
      var query = expression
      for (index, value) in values.enumerated() {
        query = query.withArgument(fields[index].name, value, depth: depths[index])
      }
      candidates.append(
        TunePlan.Candidate(
          values: values.map { Printer().print($0) }, query: Printer().print(query.untapped),
          forecast: try planned(candidate: query)))
    }
    return TunePlan(
      names: fields.map(\.name), candidates: candidates, metric: metric, trial: trial)
  }

  /// How many stages before the forecast the one is that knows the argument `field`.
  private func depth(of field: GridField, in expression: Expression) throws(QueryError) -> Int {
    var unknown: QueryError?
    for depth in 0..<expression.chainLength {
      do throws(QueryError) {
        _ = try planned(
          candidate: expression.withArgument(field.name, field.values[0], depth: depth))
        return depth
      } catch {
        guard error.code == .name else { throw error }
        unknown = unknown ?? error
      }
    }
    throw unknown
      ?? QueryError(
        code: .type, message: "cannot call tune: it is given no call to change",
        range: expression.range, stage: "plan", hint: "write the forecast out")
  }

  /// The forecast of `query`, which is no stage of this one.
  private func planned(candidate query: Expression) throws(QueryError) -> ForecastPlan {
    var planner = self
    planner.stages = nil
    guard case .forecast(let forecast) = try planner.plan(query) else {
      preconditionFailure("BUG: another argument makes no other function")
    }
    return forecast
  }

  /// An argument with the values to try.
  private struct GridField {
    var name: String
    var values: [Expression]
  }

  private func planGrid(
    _ arguments: inout Arguments
  ) throws(QueryError) -> [GridField] {
    let (call, stage) = (arguments.call, arguments.stage)
    guard case .record(let record)? = arguments.take("grid") else {
      throw QueryError(
        code: .type, message: "cannot call tune: it has no grid of arguments", range: call.range,
        stage: stage, hint: "write grid=(window=[30m, 60m], hidden=[32, 64])")
    }
    var fields: [GridField] = []
    for field in record.fields {
      let values: [Expression] =
        if case .list(let list) = field.value { list.elements } else { [field.value] }
      guard !values.isEmpty else {
        throw QueryError(
          code: .type, message: "cannot call tune: \(field.name) has no values",
          range: field.value.range, stage: stage,
          hint: "write grid=(window=[30m, 60m], hidden=[32, 64])")
      }
      fields.append(GridField(name: field.name, values: values))
    }
    return fields
  }
}

extension Expression {
  /// How many calls follow each other along the data, this first.
  fileprivate var chainLength: Int {
    guard case .call(let call) = self else { return 0 }
    return 1 + (call.arguments.first { $0.name == nil }?.value.chainLength ?? 0)
  }

  /// This with the argument `name` given or replaced in the call `depth` stages before it.
  fileprivate func withArgument(_ name: String, _ value: Expression, depth: Int) -> Expression {
    guard case .call(var call) = self else { return self }
    if depth > 0, let data = call.arguments.firstIndex(where: { $0.name == nil }) {
      call.arguments[data].value = call.arguments[data].value.withArgument(
        name, value, depth: depth - 1)
    } else {
      call.arguments.removeAll { $0.name == name }
      call.arguments.append(Argument(name: name, value, range: value.range))
    }
    return .call(call)
  }
}
