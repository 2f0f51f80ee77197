internal import Glibc

/// How badly one distribution describes stretches of some values: twice the negative
/// log-likelihood of the stretch's own empirical distribution, the mean over thresholds.
///
/// The cost of Haynes, Fearnhead and Eckley (2017, "A computationally efficient nonparametric
/// approach for changepoint detection", Statistics and Computing 27:1293), after Zou et al. (2014):
/// thresholds are quantiles of all values, denser towards the tails. It knows values by their order
/// only, so how far away an outlier lies does not count, and it sees changes of level and spread
/// alike. Here a value equal to a threshold is below it, so ties need no care, and the outermost
/// twentieths have no thresholds: few values tell little.
struct DistributionCost {
  /// How many values there are.
  let count: Int
  private let thresholds: Int
  /// How many of the first i values are at most threshold k, at `i * thresholds + k`.
  private let below: [Int32]
  /// i log i.
  private let logs: [Double]
  private let weight: Double
  /// The share of all values at or below each threshold.
  private let shares: [Double]

  private static let thresholds = 12
  /// The logarithm of the odds of the outermost quantiles.
  private static let reach = 3.0

  /// The cost of stretches of `values`, none of them NaN.
  init(_ values: [Double]) {
    count = values.count
    let sorted = values.sorted()
    let size = Double(max(count, 2))
    let thresholds = Self.thresholds
    let limits = (0..<thresholds).map { k -> Double in
      let share = 1 / (1 + exp(Self.reach * (1 - Double(2 * k + 1) / Double(thresholds))))
      return sorted.isEmpty ? 0 : sorted[min(Int(share * size), sorted.count - 1)]
    }
    var below = [Int32](repeating: 0, count: (count + 1) * thresholds)
    for index in 0..<count {
      let (from, to) = (index * thresholds, (index + 1) * thresholds)
      let value = values[index]
      for k in 0..<thresholds { below[to + k] = below[from + k] + (value <= limits[k] ? 1 : 0) }
    }
    self.below = below
    self.thresholds = thresholds
    shares = below.suffix(thresholds).map { Double($0) / size }
    logs = (0...count).map { $0 < 2 ? 0 : Double($0) * log(Double($0)) }
    weight = 2 / Double(thresholds)
  }

  /// The cost of the values in `start..<end`, at least 0.
  func cost(_ start: Int, _ end: Int) -> Double {
    let length = end - start
    let (from, to) = (start * thresholds, end * thresholds)
    var sum = 0.0
    for k in 0..<thresholds {
      let under = Int(below[to + k] - below[from + k])
      sum += logs[under] + logs[length - under]
    }
    return weight * (Double(thresholds) * logs[length] - sum)
  }

  /// By how much two stretches cost less than one, at least 0.
  func gain(_ start: Int, _ middle: Int, _ end: Int) -> Double {
    cost(start, end) - cost(start, middle) - cost(middle, end)
  }

  // MARK: - Noise

  /// What a cut gains in values without changes with a probability of `rate` over their number.
  ///
  /// Twice the log-likelihood ratio at one threshold is chi-square with one degree of freedom, and
  /// thresholds are correlated as empirical distributions are. Their sum is taken for a gamma variable
  /// with the same mean and variance, whose quantile is that of Wilson and Hilferty (1931, PNAS
  /// 17:684). Ties make it heavier: few thresholds count.
  func noise(rate: Double) -> Double {
    let telling = shares.filter { $0 > 0 && $0 < 1 }
    guard !telling.isEmpty else { return .infinity }
    var squares = 0.0
    for a in telling {
      for b in telling {
        let (low, high) = (min(a, b), max(a, b))
        squares += low * (1 - high) / (high * (1 - low))
      }
    }
    let mean = Double(telling.count)
    let ninth = 2 * squares / (9 * mean * mean)
    let z = NormalQuantile.upper(rate / Double(max(count, 1)))
    let root = 1 - ninth + z * ninth.squareRoot()
    return weight / 2 * mean * root * root * root
  }
}
