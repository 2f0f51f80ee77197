internal import AlmanacForecast

/// Candidates that are tried fold by fold, the worse half of them leaving after each (successive
/// halving: Jamieson and Talwalkar, AISTATS 2016).
struct Race: Sendable {
  /// How a forecast did by one measure, smaller being better, and yesterday or last week again.
  struct Score: Sendable {
    /// NaN where it is not known.
    var own: Double
    var naive: Double
  }

  /// How one candidate did.
  struct Entry: Sendable {
    var index: Int
    /// The mean over its folds; NaN without any.
    var score: Score
    var folds: Int
  }

  private var scores: [[Score]]
  /// Who is still in it, in order of number.
  private(set) var alive: [Int]

  init(count: Int) {
    scores = Array(repeating: [], count: count)
    alive = Array(0..<count)
  }

  /// How many forecasts a whole race takes.
  static func trainings(of count: Int, folds: Int) -> Int {
    var (left, sum) = (count, 0)
    for _ in 0..<folds {
      sum += left
      left = half(left)
    }
    return sum
  }

  private static func half(_ count: Int) -> Int { (count + 1) / 2 }

  var hasScores: Bool { scores.contains { !$0.isEmpty } }

  /// Takes in a fold of those alive.
  ///
  /// - Parameter halves: whether another fold follows, for the better half.
  mutating func add(_ round: [(index: Int, score: Score)], halves: Bool) {
    for (index, score) in round { scores[index].append(score) }
    guard halves, !round.isEmpty else { return }
    let ranked = ranked(of: alive)
    alive = ranked.prefix(Self.half(alive.count)).map(\.index).sorted()
  }

  /// All of them: those with more folds first, then the smaller mean, then the order they came in.
  var ranked: [Entry] { ranked(of: Array(scores.indices)) }

  private func ranked(of indices: [Int]) -> [Entry] {
    indices.map { index in
      let folds = scores[index]
      return Entry(
        index: index,
        score: Score(own: folds.map(\.own).meanOfKnown, naive: folds.map(\.naive).meanOfKnown),
        folds: folds.count)
    }.sorted { a, b in
      if a.folds != b.folds { return a.folds > b.folds }
      let (x, y) = (a.score.own, b.score.own)
      if x.isNaN != y.isNaN { return y.isNaN }
      return x != y && !x.isNaN ? x < y : a.index < b.index
    }
  }
}
