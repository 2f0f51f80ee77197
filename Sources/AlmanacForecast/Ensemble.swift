internal import AlmanacCore

/// The mix of seasonal rules: half weights fitted on backtests, half a fixed pair of rules.
struct Ensemble: Equatable, Sendable {
  /// One weight for each rule, together 1.
  var weights: [Double]

  /// Equal weights, half and half with the fixed pair: what is used before any backtest.
  static let prior = Ensemble(
    fitted: [Double](
      repeating: 1 / Double(SeasonalRules.count), count: SeasonalRules.count))

  /// Stored weights.
  init(weights: [Double]) { self.weights = weights }

  /// `fitted` weights, half and half with the fixed pair.
  init(fitted: [Double]) {
    weights = fitted.map { $0 / 2 }
    for rule in SeasonalRules.fixed { weights[rule] += 0.5 / Double(SeasonalRules.fixed.count) }
  }

  /// The mix and how far the rules are from it on average, by weight: (steps) each.
  func combine(_ candidates: [[Double]]) -> (point: [Double], disagreement: [Double]) {
    let horizon = candidates.first?.count ?? 0
    var point = [Double](repeating: 0, count: horizon)
    for (weight, rule) in zip(weights, candidates) where weight > 0 {
      for index in 0..<horizon { point[index] += weight * rule[index] }
    }
    var disagreement = [Double](repeating: 0, count: horizon)
    for (weight, rule) in zip(weights, candidates) where weight > 0 {
      for index in 0..<horizon { disagreement[index] += weight * abs(rule[index] - point[index]) }
    }
    return (point, disagreement)
  }
}

/// What the rules said at past moments, beside what came: at most a week from each origin.
struct Backtests {
  /// One origin.
  struct Fold {
    /// Position of the origin in the grid.
    let end: Int
    let past: Past
    let rules: SeasonalRules
    /// (rules, steps).
    let candidates: [[Double]]
    /// (steps); NaN where nothing is known.
    let truth: [Double]
  }

  let folds: [Fold]
  let rhythm: Rhythm

  /// Origins 7, 8.5 and 10 days before `end` where at least 10 days remain before them, one at 7
  /// days for histories of 9 days on, else one or two at a third of what there is.
  static func origins(until end: Int, rhythm: Rhythm) -> [Int] {
    let day = Double(rhythm.day)
    let days = Double(end) / day
    let usual = [7, 8.5, 10].filter { days - $0 > 10 }
    let back: [Double]
    if !usual.isEmpty {
      back = usual
    } else if days >= 9 {
      back = [7]
    } else if days >= 3 {
      let third = (days / 3).rounded(.down)
      back = third > 1 ? [third, 1] : [1]
    } else {
      back = days >= 2 ? [1] : []
    }
    return back.map { end - Int($0 * day) }
  }

  init(
    until end: Int, rhythm: Rhythm, past: (Int) throws(ForecastError) -> Past
  ) throws(ForecastError) {
    self.rhythm = rhythm
    var folds: [Fold] = []
    for origin in Self.origins(until: end, rhythm: rhythm) {
      let past = try past(origin)
      let rules = SeasonalRules(past.values, rhythm: rhythm)
      let horizon = min(7 * rhythm.day, end - origin)
      folds.append(
        Fold(
          end: origin, past: past, rules: rules,
          candidates: rules.candidates(horizon: horizon), truth: past.truth(horizon)))
    }
    self.folds = folds
  }

  /// The mix fitted on every seventh minute of all folds.
  func fit() -> Ensemble {
    let stride = max(1, 7 * rhythm.day / 1440)
    var points = [[Double]](repeating: [], count: SeasonalRules.count)
    var truth: [Double] = []
    for fold in folds {
      for index in Swift.stride(from: 0, to: fold.truth.count, by: stride)
      where fold.truth[index].isFinite {
        truth.append(fold.truth[index])
        for rule in points.indices { points[rule].append(fold.candidates[rule][index]) }
      }
    }
    guard truth.count >= 2 * SeasonalRules.count else { return .prior }
    return Ensemble(fitted: SimplexFit().weights(forecasts: points, truth: truth))
  }

  /// Errors of the mix at all known steps with their positions in the day.
  func errors(of ensemble: Ensemble) -> (errors: [Double], positions: [Int]) {
    var errors: [Double] = []
    var positions: [Int] = []
    for fold in folds {
      let point = ensemble.combine(fold.candidates).point
      let position = fold.past.next.position(in: rhythm.day, step: fold.past.step)
      for index in fold.truth.indices where fold.truth[index].isFinite {
        errors.append(fold.truth[index] - point[index])
        positions.append((position + index) % rhythm.day)
      }
    }
    return (errors, positions)
  }
}
