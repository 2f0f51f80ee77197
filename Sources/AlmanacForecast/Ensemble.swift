internal import AlmanacCore

/// The mix of seasonal rules: the middle of what they say, each with the weight that its backtests
/// earned it, held towards a fixed pair of rules.
struct Ensemble: Equatable, Sendable {
  /// One weight for each rule, together 1: what it earned at all leads.
  var weights: [Double]
  /// The same for the first hours, where other rules are good.
  var near: [Double]
  /// The fixed pair's share of the forecast, 0 to 1.
  var anchor: Double

  /// The middle is the mean of what lies between these shares of the weight: near the median, which
  /// is right for absolute errors, and smoother.
  private static let middle = (low: 0.4, high: 0.6)
  /// The anchor's share where the pair was as good as the mix.
  static let usualAnchor = 0.5
  /// Rules with less weight are left out.
  private static let least = 0.002
  /// The weights go over from near to all leads between these leads, in days.
  private static let change = (from: 1.0 / 12, to: 1.0 / 6)

  /// Equal weights: what is used before any backtest.
  static let prior: Ensemble = {
    let equal = [Double](repeating: 1 / Double(SeasonalRules.count), count: SeasonalRules.count)
    return Ensemble(weights: equal, near: equal, anchor: usualAnchor)
  }()

  /// Stored figures.
  init(weights: [Double], near: [Double], anchor: Double) {
    self.weights = weights
    self.near = near
    self.anchor = anchor
  }

  /// What was earned at all leads and in the first hours, without the smallest weights.
  init(earned: [Double], near: [Double]) {
    weights = Self.pruned(earned)
    self.near = Self.pruned(near)
    anchor = 0
  }

  private static func pruned(_ weights: [Double]) -> [Double] {
    let kept = weights.map { $0 < least ? 0 : $0 }
    let sum = kept.reduce(0, +)
    return sum > 0 ? kept.map { $0 / sum } : prior.weights
  }

  /// The rules that count.
  var wanted: [Bool] {
    weights.indices.map {
      weights[$0] > 0 || near[$0] > 0 || (anchor > 0 && SeasonalRules.anchors.contains($0))
    }
  }

  /// The mix and how far the rules are from it on average, by weight: (leads) each.
  ///
  /// - Parameters:
  ///   - candidates: of all rules that are `wanted`; (rules, leads).
  ///   - leads: steps ahead, from 0.
  func combine(
    _ candidates: [[Double]], at leads: [Int], day: Int
  ) -> (point: [Double], disagreement: [Double]) {
    var early = MiddleMean(near, candidates)
    var late = MiddleMean(weights, candidates)
    let pair = SeasonalRules.anchors.map { candidates[$0] }
    var point = [Double](repeating: 0, count: leads.count)
    var disagreement = point
    let width = Self.change.to - Self.change.from
    for index in leads.indices {
      let days = Double(leads[index]) / Double(day)
      let share = min(max((Self.change.to - days) / width, 0), 1)
      var value = 0.0
      if share > 0 { value += share * early.value(index) }
      if share < 1 { value += (1 - share) * late.value(index) }
      if anchor > 0 {
        let fixed = pair.reduce(0) { $0 + $1[index] } / Double(pair.count)
        value += (1 - share) * anchor * (fixed - value)
      }
      var apart = 0.0
      if share > 0 { apart += share * early.distance(from: value, index) }
      if share < 1 { apart += (1 - share) * late.distance(from: value, index) }
      point[index] = value
      disagreement[index] = apart
    }
    return (point, disagreement)
  }

  /// The mix of the next `horizon` steps.
  func forecast(
    _ rules: SeasonalRules, horizon: Int
  ) -> (point: [Double], disagreement: [Double]) {
    // In stretches: every rule's whole forecast would be too much at a time for long horizons.
    let stretch = 20_160
    let wanted = wanted
    var point: [Double] = []
    var disagreement: [Double] = []
    for start in stride(from: 0, to: horizon, by: stretch) {
      let leads = Array(start..<min(start + stretch, horizon))
      let part = combine(
        rules.candidates(at: leads, only: wanted), at: leads, day: rules.rhythm.day)
      point += part.point
      disagreement += part.disagreement
    }
    return (point, disagreement)
  }

  /// The mean of the middle fifth of weighted values.
  private struct MiddleMean {
    /// The weights of the rules that have some, and what these say: (leads, rules).
    private let parts: [Double]
    private let columns: [Double]
    /// The column last seen in ascending order, and whose value each is.
    private var order: [Int]
    private var sorted: [Double]

    /// - Parameter candidates: (rules, leads).
    init(_ weights: [Double], _ candidates: [[Double]]) {
      let rules = weights.indices.filter { weights[$0] > 0 }
      parts = rules.map { weights[$0] }
      let leads = rules.first.map { candidates[$0].count } ?? 0
      var columns = [Double](repeating: 0, count: leads * rules.count)
      for (place, rule) in rules.enumerated() {
        let values = candidates[rule]
        for index in 0..<leads { columns[index * rules.count + place] = values[index] }
      }
      self.columns = columns
      order = Array(rules.indices)
      sorted = [Double](repeating: 0, count: rules.count)
    }

    /// The middle of column `index`.
    mutating func value(_ index: Int) -> Double {
      let first = index * parts.count
      // The order hardly changes from column to column: insertion finds it at once.
      for i in order.indices {
        let one = order[i]
        let value = columns[first + one]
        var j = i
        while j > 0, sorted[j - 1] > value {
          order[j] = order[j - 1]
          sorted[j] = sorted[j - 1]
          j -= 1
        }
        order[j] = one
        sorted[j] = value
      }
      let (low, high) = Ensemble.middle
      var below = 0.0
      var sum = 0.0
      for i in order.indices {
        let above = below + parts[order[i]]
        sum += (min(max(above, low), high) - min(max(below, low), high)) * sorted[i]
        below = above
        if below >= high { break }
      }
      return sum / (high - low)
    }

    /// The weighted distance of the column at `index` from `point`.
    func distance(from point: Double, _ index: Int) -> Double {
      var sum = 0.0
      let first = index * parts.count
      for one in parts.indices { sum += parts[one] * abs(columns[first + one] - point) }
      return sum
    }
  }
}
