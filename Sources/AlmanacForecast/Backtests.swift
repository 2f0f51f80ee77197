internal import AlmanacCore
internal import Glibc

/// What the rules said at past moments, beside what came: at most a week from each origin.
struct Backtests {
  /// One origin.
  struct Fold {
    /// Position of the origin in the grid.
    let end: Int
    let past: Past
    /// The steps compared, from 0: about every seventh minute of what followed.
    let leads: [Int]
    /// (rules, leads).
    let candidates: [[Double]]
    /// (leads); NaN where nothing is known.
    let truth: [Double]
  }

  let folds: [Fold]
  let rhythm: Rhythm

  /// Days before the end at which the mix is tried; not all whole ones, so that origins lie at
  /// several times of day.
  private static let back = [1, 2.3, 3.6, 5.3, 7, 8.5, 10, 11.5, 13, 14.5, 16]
  /// A rule's weight falls with this power of its error.
  private static let power = 6.0
  /// Errors are taken as this much of the unit larger, so that a perfect one has no weight of its
  /// own.
  private static let floor = 0.02
  /// The anchor's share falls with this power of how much worse it was than the mix.
  private static let anchorPower = 2.0

  /// Origins 7, 8.5 and 10 days before `end` where at least 10 days remain before them, one at 7
  /// days for histories of 9 days on, else one or two at a third of what there is: for methods
  /// without weights.
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

  /// Up to eleven origins 1 to 16 days before `end` that leave a week before them, or half of a
  /// shorter history.
  static func mixOrigins(until end: Int, rhythm: Rhythm) -> [Int] {
    let day = Double(rhythm.day)
    let days = Double(end) / day
    let least = min(7.3, max(1, days / 2))
    return back.filter { days - $0 >= least }.map { end - Int($0 * day) }
  }

  init(
    until end: Int, rhythm: Rhythm, past: (Int) throws(ForecastError) -> Past
  ) throws(ForecastError) {
    self.rhythm = rhythm
    let stride = max(1, 7 * rhythm.day / 1440)
    var folds: [Fold] = []
    for origin in Self.mixOrigins(until: end, rhythm: rhythm) {
      let past = try past(origin)
      let rules = SeasonalRules(past.values, rhythm: rhythm)
      let truth = past.truth(min(7 * rhythm.day, end - origin))
      let leads = Array(
        Swift.stride(from: folds.count % stride, to: truth.count, by: stride))
      folds.append(
        Fold(
          end: origin, past: past, leads: leads,
          candidates: rules.candidates(at: leads).map { past.held($0) },
          truth: leads.map { truth[$0] }))
    }
    self.folds = folds
  }

  /// The mix whose weights fall with the rules' errors: those of the first hours with the errors
  /// there, the others with the errors at every lead.
  func fit() -> Ensemble {
    let errors = errors()
    guard let first = errors.first, first.count == SeasonalRules.count else { return .prior }
    let unit = unit
    var weights = [Double](repeating: 0, count: SeasonalRules.count)
    var near: [Double] = []
    for part in errors {
      let scores = part.map { -Self.power * log($0 / unit + Self.floor) }
      let best = scores.max() ?? 0
      let shares = scores.map { exp($0 - best) }
      let sum = shares.reduce(0, +)
      if near.isEmpty { near = shares.map { $0 / sum } }
      for rule in weights.indices { weights[rule] += shares[rule] / sum / Double(errors.count) }
    }
    var mix = Ensemble(earned: weights, near: near)
    var sums = (mix: 0.0, pair: 0.0)
    for fold in folds {
      let point = mix.combine(fold.candidates, at: fold.leads, day: rhythm.day).point
      for index in fold.truth.indices where fold.truth[index].isFinite {
        let pair =
          SeasonalRules.anchors.reduce(0) { $0 + fold.candidates[$1][index] }
          / Double(SeasonalRules.anchors.count)
        sums.mix += abs(fold.truth[index] - point[index])
        sums.pair += abs(fold.truth[index] - pair)
      }
    }
    let ratio = sums.pair > 0 ? min(1, sums.mix / sums.pair) : 1
    mix.anchor = Ensemble.usualAnchor * pow(ratio, Self.anchorPower)
    return mix
  }

  /// Mean absolute errors of the rules by how far ahead: (parts with known steps, rules).
  private func errors() -> [[Double]] {
    let day = Double(rhythm.day)
    // Every part has the same say.
    return zip(Intervals.edges, Intervals.edges.dropFirst()).compactMap { from, to -> [Double]? in
      var sums = [Double](repeating: 0, count: SeasonalRules.count)
      var count = 0
      for fold in folds {
        for (index, lead) in fold.leads.enumerated()
        where Double(lead) >= from * day && Double(lead) < to * day && fold.truth[index].isFinite {
          count += 1
          for rule in sums.indices {
            sums[rule] += abs(fold.candidates[rule][index] - fold.truth[index])
          }
        }
      }
      return count > 0 ? sums.map { $0 / Double(count) } : nil
    }
  }

  /// The mean absolute change from day to day before the newest origin; of a signal that repeats
  /// itself exactly, its mean distance from its median.
  private var unit: Double {
    let values = folds.first?.past.values ?? []
    let change = HoldOut.unit(values, period: rhythm.day)
    guard change <= 0 else { return change }
    let center = Quantiles.median(values)
    let distance = Quantiles.mean(values.map { abs($0 - center) })
    return distance > 0 ? distance : 1
  }

  /// Errors of the mix with their positions in the day and how many steps ahead they were.
  func errors(of ensemble: Ensemble) -> (errors: [Double], positions: [Int], leads: [Int]) {
    var errors: [Double] = []
    var positions: [Int] = []
    var leads: [Int] = []
    for fold in folds {
      let point = ensemble.combine(fold.candidates, at: fold.leads, day: rhythm.day).point
      let position = fold.past.next.position(in: rhythm.day, step: fold.past.step)
      for (index, lead) in fold.leads.enumerated() where fold.truth[index].isFinite {
        errors.append(fold.truth[index] - point[index])
        positions.append((position + lead) % rhythm.day)
        leads.append(lead)
      }
    }
    return (errors, positions, leads)
  }
}
