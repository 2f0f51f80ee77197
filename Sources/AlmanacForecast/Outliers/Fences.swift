/// A band round the expectation for one refit block: what `mad`, `iqr` and `esd` judge by.
struct Fences: Sendable, Equatable {
  /// Residual in the middle of the band.
  var centre: Double
  /// Distance from the centre to the lower fence, above 0.
  var below: Double
  /// Distance from the centre to the upper fence, above 0.
  var above: Double

  /// Scores never exceed this.
  static let largestScore = 1000.0

  /// Statistic / threshold of a residual.
  func score(_ residual: Double) -> Double {
    let from = residual - centre
    return min(from >= 0 ? from / above : -from / below, Self.largestScore)
  }

  /// The median and `limit` robust standard deviations to either side.
  static func mad(_ scale: SurpriseTable.Scale, limit: Double) -> Fences {
    let width = limit * SurpriseTable.gaussian * scale.unit
    return Fences(centre: scale.centre, below: width, above: width)
  }

  /// Tukey's fences: `limit` interquartile ranges beyond the quartiles of `residuals[0..<count]`,
  /// whose order is lost.
  static func iqr(
    _ residuals: inout [Double], count: Int, unit: Double, limit: Double
  ) -> Fences {
    let low = Quantiles.quantile(reordering: &residuals, count: count, 0.25)
    let high = Quantiles.quantile(reordering: &residuals, count: count, 0.75)
    let centre = Quantiles.quantile(reordering: &residuals, count: count, 0.5)
    // A (nearly) constant past has no range of its own.
    let range = max(high - low, unit)
    return Fences(
      centre: centre, below: centre - low + limit * range, above: high - centre + limit * range)
  }

  /// Mean and `limit` standard deviations of what the generalised extreme studentised deviate test
  /// (Rosner 1983, Technometrics 25:165; level 0.05, at most 2 % of the past unless told) leaves of
  /// `residuals[0..<count]`, which it sorts.
  static func esd(
    _ residuals: inout [Double], count: Int, unit: Double, atMost: Int? = nil,
    limit: (_ left: Int) -> Double
  ) -> Fences {
    let most = atMost ?? max(count / 50, 1)
    var sorted = residuals[0..<count]
    sorted.sort()
    let origin = sorted[count / 2]
    var sum = 0.0
    var squares = 0.0
    for value in sorted {
      sum += value - origin
      squares += (value - origin) * (value - origin)
    }
    var low = 0
    var high = count - 1
    var best = (mean: sum / Double(count), square: squares / Double(count), left: count)
    for removed in 1...most where high - low > 4 {
      let left = Double(high - low + 1)
      let mean = sum / left
      let deviation = max(squares / (left - 1) - mean * mean * left / (left - 1), 0).squareRoot()
      let fromBelow = mean - (sorted[low] - origin)
      let fromAbove = sorted[high] - origin - mean
      let ratio = max(fromBelow, fromAbove) / max(deviation, unit * 1e-9)
      let extreme = (fromAbove > fromBelow ? sorted[high] : sorted[low]) - origin
      if fromAbove > fromBelow { high -= 1 } else { low += 1 }
      sum -= extreme
      squares -= extreme * extreme
      if ratio > Self.critical(count, removed) {
        best = (sum / (left - 1), squares / (left - 1), Int(left) - 1)
      }
    }
    let variance = max(best.square - best.mean * best.mean, 0)
    // A twentieth of the unit keeps a (nearly) constant past from dividing by 0.
    let width = limit(best.left) * max(variance.squareRoot(), unit / 20)
    return Fences(centre: origin + best.mean, below: width, above: width)
  }

  /// Rosner's critical value for the `removed`-th of `count` values.
  private static func critical(_ count: Int, _ removed: Int) -> Double {
    let left = Double(count - removed)
    let t = NormalQuantile.studentUpper(0.05 / (2 * (left + 1)), freedom: left - 1)
    return left * t / ((left - 1 + t * t) * (left + 1)).squareRoot()
  }
}
