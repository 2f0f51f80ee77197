internal import Glibc

/// The upper tail of a nonnegative statistic: a Pareto law above its 98 % quantile.
///
/// The shape is the estimate of Hill (1975, Annals of Statistics 3:1163), the mean logarithm of
/// the excesses, drawn towards 0.3 as if 20 excesses of that mean had been seen.
struct ParetoTail: Sendable, Equatable {
  /// Where the tail begins.
  let bound: Double
  /// -log10 of the share of the past beyond the bound.
  let boundSurprise: Double
  /// Tail index xi: P(s > t) = share x (t / bound)^(-1 / xi).
  let shape: Double

  /// -log10 p never exceeds this.
  static let cap = 30.0
  private static let share = 0.02
  private static let priorWeight = 20.0
  private static let priorShape = 0.3

  /// A tail that was fitted before.
  init(bound: Double, boundSurprise: Double, shape: Double) {
    self.bound = bound
    self.boundSurprise = boundSurprise
    self.shape = shape
  }

  /// Fits the present (not NaN) values at `first`, `first + every`, ... before `end`; nil when fewer
  /// than `fewest`. `scratch` has room for them.
  ///
  /// Of values beyond the bound that follow each other only the first `longestRun` count: one long
  /// event in the past shall not make the next one look usual.
  init?(
    _ values: [Double], from first: Int, to end: Int, every: Int, fewest: Int, longestRun: Int,
    scratch: inout [Double]
  ) {
    var count = 0
    for index in stride(from: first, to: end, by: every) where !values[index].isNaN {
      scratch[count] = values[index]
      count += 1
    }
    guard count >= max(fewest, 1) else { return nil }
    var bound = Quantiles.quantile(reordering: &scratch, count: count, 1 - Self.share)
    var share = Self.share
    if bound < 1e-6 {
      // A (nearly) constant past: begin at half of the smallest departure, with its own share.
      var least = Double.infinity
      var departures = 0
      for index in 0..<count where scratch[index] > 1e-6 {
        least = min(least, scratch[index])
        departures += 1
      }
      bound = departures > 0 ? least / 2 : 1
      share = Double(departures + 1) / Double(count)
    }
    var sum = 0.0
    var excesses = 0
    var run = 0
    for index in stride(from: first, to: end, by: every) {
      let value = values[index]
      guard value > bound else {
        run = value.isNaN ? run : 0
        continue
      }
      run += 1
      guard run <= longestRun else { continue }
      sum += log(value / bound)
      excesses += 1
    }
    self.bound = bound
    boundSurprise = -log10(min(share, 1))
    shape =
      (sum + Self.priorWeight * Self.priorShape) / (Double(excesses) + Self.priorWeight)
  }

  /// -log10 of the probability of a statistic of at least `value`.
  func surprise(_ value: Double) -> Double {
    guard value > bound else { return boundSurprise * max(value, 0) / bound }
    return min(boundSurprise + log10(value / bound) / shape, Self.cap)
  }

  /// The statistic whose surprise is `surprise`.
  func statistic(at surprise: Double) -> Double {
    guard surprise > boundSurprise else {
      return boundSurprise > 0 ? bound * surprise / boundSurprise : bound
    }
    return bound * pow(10, (surprise - boundSurprise) * shape)
  }
}
