internal import Glibc

/// Quantiles of the standard normal and of Student's t distribution.
enum NormalQuantile {
  /// The z that a normal variable exceeds with probability `tail`, 0 < tail <= 0.5.
  ///
  /// Two Newton steps on the complementary error function after the rational start of Abramowitz
  /// and Stegun 26.2.23; relative error below 1e-9 for tails above 1e-300.
  static func upper(_ tail: Double) -> Double {
    let tail = min(max(tail, 1e-300), 0.5)
    let t = (-2 * log(tail)).squareRoot()
    let above = (0.010328 * t + 0.802853) * t + 2.515517
    let below = ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1
    var z = t - above / below
    for _ in 0..<3 {
      let probability = 0.5 * erfc(z / 2.0.squareRoot())
      guard probability > 0 else { break }
      // Newton on the logarithm, which is nearly quadratic in z.
      let hazard = exp(-z * z / 2) / (2 * Double.pi).squareRoot() / probability
      z += log(probability / tail) / hazard
    }
    return max(z, 0)
  }

  /// Standard deviations from the middle to each end of the central interval that holds `level`.
  static func score(level: Double) -> Double { upper((1 - level) / 2) }

  /// The t that a Student variable of `freedom` degrees exceeds with probability `tail`:
  /// Abramowitz and Stegun 26.7.5, good to three digits from 10 degrees on.
  static func studentUpper(_ tail: Double, freedom: Double) -> Double {
    let z = upper(tail)
    let v = max(freedom, 1)
    let square = z * z
    let first = z * (square + 1) / 4
    let second = z * ((5 * square + 16) * square + 3) / 96
    let third = z * (((3 * square + 19) * square + 17) * square - 15) / 384
    return z + first / v + second / (v * v) + third / (v * v * v)
  }
}
