import CKernels

/// A weighted sum of K Gaussian densities with full covariances over D numbers.
///
/// All sums of densities are taken in log space, so that rows far from every component have a
/// finite score.
public struct GaussianMixture: Sendable, Equatable {
  /// Numbers D in a row.
  public let dimensions: Int
  /// (K), not negative, of sum 1.
  public let weights: [Double]
  /// (K, D) row-major.
  public let means: [Double]
  /// (K, D, D) row-major, each symmetric and positive definite.
  public let covariances: [Double]

  private let factors: [Cholesky]
  /// log of weight and normalising constant of each component.
  private let logScales: [Double]

  /// A mixture from stored numbers: weights (K), means (K, D), covariances (K, D, D), row-major.
  ///
  /// - Throws: `invalidArgument` if the counts do not fit or the weights are negative or do not sum
  ///   to 1 within 1e-6; `nonFinite`; `notPositiveDefinite`.
  public init(
    dimensions: Int, weights: [Double], means: [Double], covariances: [Double]
  ) throws(NeuralError) {
    func fail(_ code: NeuralError.Code, _ cause: String) -> NeuralError {
      NeuralError(code: code, message: "cannot make a mixture: \(cause)")
    }
    let count = weights.count
    guard (1...64).contains(dimensions) && (1...1024).contains(count) else {
      throw fail(.invalidArgument, "\(count) components of \(dimensions) dimensions")
    }
    guard
      means.count == count * dimensions && covariances.count == count * dimensions * dimensions
    else {
      throw fail(
        .invalidArgument, "\(means.count) means, \(covariances.count) covariances for \(count)")
    }
    guard
      weights.allSatisfy(\.isFinite) && means.allSatisfy(\.isFinite)
        && covariances.allSatisfy(\.isFinite)
    else {
      throw fail(.nonFinite, "a number is NaN or infinite")
    }
    guard weights.allSatisfy({ $0 >= 0 }) && abs(weights.reduce(0, +) - 1) <= 1e-6 else {
      throw fail(.invalidArgument, "the weights are not shares of 1")
    }
    self.dimensions = dimensions
    self.weights = weights
    self.means = means
    self.covariances = covariances
    var factors: [Cholesky] = []
    var logScales: [Double] = []
    let size = dimensions * dimensions
    for component in 0..<count {
      let matrix = Array(covariances[component * size..<(component + 1) * size])
      guard Self.isSymmetric(matrix, size: dimensions),
        let factor = Cholesky(matrix, size: dimensions)
      else {
        throw fail(.notPositiveDefinite, "covariance \(component) is not positive definite")
      }
      factors.append(factor)
      logScales.append(
        almanac_log(weights[component]) - 0.5 * Double(dimensions) * almanac_log(2 * .pi)
          - 0.5 * factor.logDeterminant(log: almanac_log))
    }
    self.factors = factors
    self.logScales = logScales
  }

  /// The natural logarithm of the density at each row. rows is (N, D) row-major, the result (N).
  ///
  /// A row that holds a NaN gives NaN.
  ///
  /// - Precondition: D divides the count of `rows`.
  public func logLikelihood(_ rows: [Double]) -> [Double] {
    mapRows(rows) { logs in Self.logSumExp(logs) }
  }

  /// The index of the component that most likely made each row (the first of equals). rows is
  /// (N, D).
  ///
  /// - Precondition: D divides the count of `rows`.
  public func mostLikelyComponent(_ rows: [Double]) -> [Int] {
    mapRows(rows) { logs in
      logs.indices.reduce(0) { best, index in logs[index] > logs[best] ? index : best }
    }
  }

  /// The Bayesian information criterion (Schwarz 1978) on rows (N, D): -2 log L + p ln N with
  /// p = K - 1 + K D + K D (D + 1) / 2 free numbers. Lower is better.
  ///
  /// - Precondition: D divides the count of `rows`, which is not 0.
  public func bic(_ rows: [Double]) -> Double {
    precondition(!rows.isEmpty, "the criterion needs rows")
    return bic(logLikelihood: logLikelihood(rows).reduce(0, +), count: rows.count / dimensions)
  }

  func bic(logLikelihood: Double, count: Int) -> Double {
    let free =
      weights.count * (1 + dimensions + dimensions * (dimensions + 1) / 2) - 1
    return -2 * logLikelihood + Double(free) * almanac_log(Double(count))
  }

  /// log(weight x density) of each component at row `row` of rows (N, D), into `logs` (K).
  /// `scratch` is (D).
  func componentLogs(
    _ rows: [Double], row: Int, scratch: inout [Double], into logs: inout [Double]
  ) {
    for component in weights.indices {
      for d in 0..<dimensions {
        scratch[d] = rows[row * dimensions + d] - means[component * dimensions + d]
      }
      logs[component] = logScales[component] - 0.5 * factors[component].squaredLength(&scratch)
    }
  }

  static func logSumExp(_ logs: [Double]) -> Double {
    var top = -Double.infinity
    for value in logs where !(value <= top) { top = value }
    guard top.isFinite else { return top }
    var sum = 0.0
    for value in logs { sum += almanac_exp(value - top) }
    return top + almanac_log(sum)
  }

  private func mapRows<T>(_ rows: [Double], _ body: ([Double]) -> T) -> [T] {
    precondition(rows.count % dimensions == 0, "rows must be (N, \(dimensions)) row-major")
    var logs = [Double](repeating: 0, count: weights.count)
    var scratch = [Double](repeating: 0, count: dimensions)
    return (0..<rows.count / dimensions).map { row in
      componentLogs(rows, row: row, scratch: &scratch, into: &logs)
      return body(logs)
    }
  }

  private static func isSymmetric(_ matrix: [Double], size: Int) -> Bool {
    for row in 0..<size {
      for column in 0..<row {
        let (a, b) = (matrix[row * size + column], matrix[column * size + row])
        if abs(a - b) > 1e-9 * max(abs(a), abs(b)) { return false }
      }
    }
    return true
  }
}
