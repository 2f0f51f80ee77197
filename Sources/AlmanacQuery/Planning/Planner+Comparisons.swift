internal import AlmanacCore
internal import AlmanacForecast

/// `peers`, `why`, `incidents`, `label` and the change points of `changes`. docs/functions.md lists the same for users.
extension Planner {
  /// Their names, but for `changes`, which is a function of windows too.
  static let comparisons = ["peers", "why", "incidents", "label"]

  /// The plan of one of these functions; nil of another function.
  func planComparison(_ call: Call, _ stage: String) throws(QueryError) -> Plan? {
    switch call.name {
    case "peers": .peers(try planPeers(call, stage))
    case "why": .why(try planWhy(call, stage))
    case "incidents": .incidents(try planIncidents(call, stage))
    case "label": .label(try planLabel(call, stage))
    case "changes" where !call.countsChanges: .changes(try planChanges(call, stage))
    default: nil
    }
  }

  private func planPeers(_ call: Call, _ stage: String) throws(QueryError) -> PeersPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: [])
    let input = try planData(arguments)
    let labels =
      try arguments.list(
        "by", "a label or a list of them", hint: "write by=[pool]", { Arguments.text($0) }) ?? []
    let method =
      try arguments.word("method", of: PeerMethod.allCases.map(\.rawValue))
      .flatMap(PeerMethod.init(rawValue:)) ?? .dbscan
    let tolerance = try arguments.positive("tolerance", example: 3) ?? 3
    let all = try arguments.boolean("all") ?? false
    try arguments.finish()
    return PeersPlan(
      input: input, signal: JudgedSignal(try arguments.input()), labels: labels, method: method,
      tolerance: tolerance, includesAll: all,
      range: call.range)
  }

  private func planWhy(_ call: Call, _ stage: String) throws(QueryError) -> WhyPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: [])
    let input = try planJudged(arguments)
    let probability = try arguments.number("p") ?? 0.05
    let limit = try arguments.whole("max", in: 1...1000) ?? 10
    try arguments.finish()
    guard probability > 0, probability <= 1 else {
      throw QueryError(
        code: .type, message: "cannot call why: p must be above 0 and at most 1",
        range: call.range, stage: stage, hint: "write p=0.05, or p=1 for all labels")
    }
    return WhyPlan(input: input, probability: probability, limit: limit)
  }

  private func planChanges(_ call: Call, _ stage: String) throws(QueryError) -> ChangesPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: [])
    let input = try planData(arguments)
    let history = try arguments.history(beside: input)
    let kind =
      try arguments.word("kind", of: ["any"] + ChangePoint.Kind.allCases.map(\.rawValue))
      .flatMap(ChangePoint.Kind.init(rawValue:))
    try arguments.finish()
    return ChangesPlan(input: input, history: history, kind: kind)
  }
}

extension Call {
  /// Whether this is PromQL's function of a window, `changes(x[5m])`: the number of changes.
  fileprivate var countsChanges: Bool {
    guard arguments.allSatisfy({ $0.name == nil }), let data = arguments.first else {
      return false
    }
    return data.value.isWindow
  }
}

extension Expression {
  /// Whether this is a window, perhaps moved in time or looked at.
  fileprivate var isWindow: Bool {
    switch self {
    case .window: true
    case .offset(let node): node.base.isWindow
    case .at(let node): node.base.isWindow
    case .call(let call) where call.name == "tap": call.arguments.first?.value.isWindow ?? false
    default: false
    }
  }
}
