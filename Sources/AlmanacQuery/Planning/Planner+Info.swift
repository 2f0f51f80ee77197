internal import AlmanacCore
internal import AlmanacPattern

/// Series with labels that others know more of: `info(x)`, `info(x, {version=~".+"})`.
struct InfoPlan: Sendable {
  /// The series that get labels.
  var input: Plan
  /// Which series the labels come from, by metric.
  var metrics: [LabelMatcher]
  /// What is asked of the labels; only these are taken, or all where nothing is asked.
  var labels: [LabelMatcher]
  /// How the first selector of `input` is moved in time, from the outside in.
  var moves: [Move]
  /// Where errors point to.
  var range: SourceRange

  /// Whether series without any of these labels stay.
  var keepsOthers: Bool { labels.allSatisfy(\.acceptsAbsent) }
}

extension Planner {
  func planInfo(_ call: Call, _ stage: String) throws(QueryError) -> InfoPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["labels"])
    let expression = try arguments.input()
    let input = try plan(expression)
    guard input.isInstant else {
      throw QueryError(
        code: .type,
        message: "\(stage) wants one value of each series, got "
          + (input.isWindow ? "a window" : input.type.name),
        range: expression.range, stage: stage, hint: "write info(memory<host=x>)")
    }
    var asked: [LabelMatcher] = []
    if let labels = arguments.take("labels") {
      guard case .selector = labels, case .select(let selection) = try plan(labels) else {
        throw QueryError(
          code: .type, message: "cannot call info: labels must be a selector",
          range: labels.range, stage: stage, hint: "write info(memory, {version=~\".+\"})")
      }
      asked = selection.matchers
    }
    try arguments.finish()
    let names = asked.filter { $0.name == SeriesKey.metricLabel }
    return InfoPlan(
      input: input, metrics: try metrics(asked: names),
      labels: asked.filter { $0.name != SeriesKey.metricLabel }, moves: input.movesOfFirstSelector,
      range: call.range)
  }

  /// `target_info` where nothing is asked of the metric, and any that ends in `_info` where it is
  /// only said which ones are not meant.
  private func metrics(asked: [LabelMatcher]) throws(QueryError) -> [LabelMatcher] {
    if asked.isEmpty {
      return [LabelMatcher(name: SeriesKey.metricLabel, .equal("target_info"))]
    }
    let namesSome = asked.contains { matcher in
      switch matcher.condition {
      case .equal, .oneOf, .matches: true
      case .notEqual, .noneOf, .notMatches: false
      }
    }
    if namesSome { return asked }
    guard let anyInfo = try? Pattern(anyOf: [".+_info"]) else {
      preconditionFailure("BUG: a pattern that cannot be read")
    }
    return [LabelMatcher(name: SeriesKey.metricLabel, .matches(anyInfo))] + asked
  }
}

extension Plan {
  /// How the first selector inside is moved in time, from the outside in.
  fileprivate var movesOfFirstSelector: [Move] {
    switch self {
    case .moved(let plan, let move): [move] + plan.movesOfFirstSelector
    case .window(let node): node.base.movesOfFirstSelector
    case .windowFunction(let node): node.input.movesOfFirstSelector
    case .negated(let plan): plan.movesOfFirstSelector
    case .stage(let node): node.plan.movesOfFirstSelector
    case .function(let node): node.input.movesOfFirstSelector
    case .aggregate(let node): node.input.movesOfFirstSelector
    case .rank(let node): node.input.movesOfFirstSelector
    case .info(let node): node.input.movesOfFirstSelector
    case .arithmetic(let node):
      (node.left.type.isSeries ? node.left : node.right).movesOfFirstSelector
    default: []
    }
  }
}
