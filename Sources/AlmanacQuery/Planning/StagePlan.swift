internal import AlmanacCore

/// A stage whose result other queries may use again.
struct StagePlan: Sendable {
  /// What works it out.
  var plan: Plan
  /// The canonical text of its expression, definitions written out: what it is known by.
  var text: String

  /// Whether the value depends on the range of the whole query beyond the stage's own times.
  var looksAtWholeRange: Bool {
    ["@ start", "@ end", "start()", "end()", "range()"].contains { text.contains($0) }
  }
}

extension StagePlan {
  /// Whether judgements of outliers may change the value.
  var judges: Bool { text.contains("outliers") || text.contains("peers") }
}

/// The stages of a query in the order in which they are worked out, noted while it is planned.
final class StageList {
  /// One expression that has a value of its own.
  struct Entry {
    var expression: Expression
    /// The canonical text.
    var text: String
    var plan: Plan
    /// The name that `tap` gave it.
    var tap: String?
  }

  private(set) var entries: [Entry] = []
  /// Whether somebody wants to see them.
  let isListed: Bool

  init(isListed: Bool) {
    self.isListed = isListed
  }

  /// Notes an expression with its plan, once.
  func note(_ expression: Expression, _ text: String, _ plan: Plan) {
    guard isListed else { return }
    let isKnown = entries.contains { $0.text == text && $0.expression.range == expression.range }
    guard !isKnown else { return }
    entries.append(Entry(expression: expression, text: text, plan: plan))
  }

  /// Names the stage that was noted last: what `tap` looks at.
  func tap(_ name: String) {
    guard !entries.isEmpty else { return }
    entries[entries.count - 1].tap = name
  }
}

extension Planner {
  /// The plan of `expression`; where stages are noted, one whose results are kept.
  func plan(_ expression: Expression) throws(QueryError) -> Plan {
    let plan = try planned(expression)
    guard let stages, plan.type.isSeries || plan.type == .report else { return plan }
    let isKept: Bool
    switch expression {
    // What a forecast needs is kept as its model; functions look into windows and selectors.
    case .call(let call):
      if call.name == "tap" { return plan }
      isKept = plan.isWorthKeeping
    case .aggregate: isKept = plan.isWorthKeeping
    default: isKept = false
    }
    // The text takes its time.
    guard isKept || stages.isListed else { return plan }
    let text = Printer().print(expression.untapped)
    stages.note(expression, text, plan)
    // The step of the request may be that of another stage.
    return isKept && !text.contains("step()") ? .stage(StagePlan(plan: plan, text: text)) : plan
  }

  /// `tap(s, "name")`: the input as it is, with a name in `explain analyze`.
  func planTap(_ call: Call, _ stage: String) throws(QueryError) -> Plan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["name"])
    let expression = try arguments.input()
    let input = try plan(expression)
    try require(input, isSeries: expression.range, stage: stage, doing: "look at this")
    guard let value = arguments.take("name"), let name = Arguments.text(value) else {
      throw QueryError(
        code: .type, message: "cannot call tap: it has no name", range: call.range, stage: stage,
        hint: "write tap(memory<host=x>, \"raw\")")
    }
    try arguments.finish()
    stages?.tap(name)
    return input
  }
}

extension Plan {
  /// This without the note that its result is kept.
  var unstaged: Plan {
    if case .stage(let node) = self { node.plan.unstaged } else { self }
  }

  fileprivate var isWorthKeeping: Bool {
    switch self {
    case .select, .window, .moved, .forecast, .stage: false
    default: true
    }
  }
}
