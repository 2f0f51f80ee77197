internal import AlmanacCore

/// Outliers of many series, as the incidents that they belong to.
struct IncidentsPlan: Sendable {
  var input: Plan
  /// The labels whose values name a group, outermost first; none for one group of all.
  var labels: [String]
  /// What begins in so short a time may be one incident.
  var within: Interval
  /// False alarms a day that each series raises by chance.
  var alarmsPerDay: Double
  /// Incidents of fewer series are not listed.
  var least: Int
  /// How many incidents of each group of labels are listed.
  var limit: Int

  /// The columns that hold numbers.
  static let numbers = ["series", "judged", "share", "score"]
}

extension Planner {
  func planIncidents(_ call: Call, _ stage: String) throws(QueryError) -> IncidentsPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: [])
    let input = try planJudged(arguments)
    let labels =
      try arguments.list(
        "by", "a label or a list of them", hint: "write by=[service, team]",
        { Arguments.text($0) }) ?? []
    let within = try arguments.duration("within") ?? .minutes(10)
    let alarms = try arguments.positive("alarms", example: 1)
    let per = try arguments.duration("per")
    let least = try arguments.whole("min", in: 1...1_000_000) ?? 1
    let limit = try arguments.whole("max", in: 1...1000) ?? 20
    try arguments.finish()
    var rate = input.alarmsPerDay ?? 1.0 / 7
    if alarms != nil || per != nil {
      rate = (alarms ?? 1) * Interval.days(1).seconds / (per ?? .days(7)).seconds
    }
    return IncidentsPlan(
      input: input, labels: labels, within: within, alarmsPerDay: rate, least: least,
      limit: limit)
  }

  /// The outliers that a stage works on.
  func planJudged(_ arguments: Arguments) throws(QueryError) -> Plan {
    let expression = try arguments.input()
    let input = try plan(expression)
    guard input.type == .outliers else {
      throw QueryError(
        code: .type, message: "\(arguments.stage) wants outliers, got \(input.type.name)",
        range: expression.range, stage: arguments.stage,
        hint: "write outliers(memory<host=x>[7d]) | \(arguments.call.name), "
          + "or peers(memory[1h]) | \(arguments.call.name)")
    }
    return input
  }
}

extension Plan {
  /// False alarms a day that the outliers aim at; nil where they aim at none.
  fileprivate var alarmsPerDay: Double? {
    switch self {
    case .outliers(let plan): plan.threshold == nil ? plan.alarmsPerDay : nil
    case .stage(let node): node.plan.alarmsPerDay
    case .moved(let plan, _): plan.alarmsPerDay
    default: nil
    }
  }
}
