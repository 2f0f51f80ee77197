internal import AlmanacCore

/// What is said about the steps ahead, in the unit of the prepared past.
struct Outlook {
  /// (steps).
  var point: [Double]
  /// How far the parts of a mix are from it, at least 0; (steps).
  var disagreement: [Double]
  /// Whether bounds stay in the range of the past, as the forecast does.
  var isHeld = false
}

/// A trained way to forecast.
enum Method: Equatable, Sendable {
  /// Seasonal rules with the network's share.
  case mix(Ensemble, NetworkForecaster?, HoldOut.NetworkShare)
  /// The network alone.
  case network(NetworkForecaster)
  /// No weights, or a handful.
  case plain(Baseline)

  /// How much of the distance between rules and network counts as disagreement.
  private static let apart = 0.3

  /// The least number of steps of the grid that a forecast needs; nil where it needs a rhythm
  /// and there is none.
  func needed(_ rhythm: Rhythm?) -> Int? {
    switch self {
    case .mix: return rhythm?.day
    case .network(let network): return rhythm.map { max($0.day, network.window) }
    case .plain(.holtWinters(let parameters)): return parameters.period
    case .plain: return 1
    }
  }

  /// The forecast of the `steps` after `past`.
  ///
  /// - Precondition: the past is as long as `needed` says.
  func outlook(_ past: Past, rhythm: Rhythm?, steps: Int) -> Outlook {
    var outlook: Outlook
    switch (self, rhythm) {
    case (.mix(let ensemble, let network, let share), let rhythm?):
      let rules = SeasonalRules(past.values, rhythm: rhythm)
      outlook = Self.mixed(
        Self.ruled(ensemble, rules, steps: steps, past: past),
        network: network?.forecast(past, rules: rules, steps: steps), share: share, past: past,
        day: rhythm.day)
    case (.network(let network), let rhythm?):
      let rules = SeasonalRules(past.values, rhythm: rhythm)
      // A roll-out that leaves all bounds says nothing: the week at the last day's level is left.
      let point =
        network.forecast(past, rules: rules, steps: steps)
        ?? rules.weekAtLevel.values(at: Array(0..<steps))
      outlook = Outlook(
        point: past.held(point), disagreement: [Double](repeating: 0, count: steps))
    case (.plain(let baseline), _):
      outlook = Outlook(
        point: baseline.forecast(past.values, steps: steps),
        disagreement: [Double](repeating: 0, count: steps))
    case (_, nil):
      preconditionFailure("BUG: rules without a rhythm")
    }
    past.shift?.apply(to: &outlook)
    return outlook
  }

  /// Whether it takes the history at its newest level. Plain methods do what they say.
  var followsLevel: Bool { if case .plain = self { false } else { true } }

  /// The rules' mix inside the range of the past.
  static func ruled(
    _ ensemble: Ensemble, _ rules: SeasonalRules, steps: Int, past: Past
  ) -> Outlook {
    let (point, disagreement) = ensemble.forecast(rules, horizon: steps)
    return Outlook(point: past.held(point), disagreement: disagreement, isHeld: true)
  }

  /// Rules and network mixed by share.
  static func mixed(
    _ rules: Outlook, network: [Double]?, share: HoldOut.NetworkShare, past: Past, day: Int
  ) -> Outlook {
    guard let network, share != .none else { return rules }
    let other = past.held(network)
    var result = rules
    for index in rules.point.indices {
      let weight = share.at(index, day: day)
      let distance = other[index] - rules.point[index]
      if weight > 0 { result.disagreement[index] += apart * abs(distance) }
      result.point[index] += weight * distance
    }
    return result
  }

}

extension Outlook {
  /// The central interval of `level` at every step, in the unit of the past.
  func bounds(
    _ intervals: Intervals, level: Double, past: Past, rhythm: Rhythm?
  ) -> (lower: [Double], upper: [Double]) {
    let day = rhythm?.day ?? 1
    let (below, above) = intervals.distances(
      level: level, position: past.next.position(in: day, step: past.step), day: day,
      disagreement: disagreement)
    let lower = zip(point, below).map { $0 - $1 }
    let upper = zip(point, above).map { $0 + $1 }
    return isHeld ? (past.held(lower), past.held(upper)) : (lower, upper)
  }
}
