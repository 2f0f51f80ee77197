extension GaussianMixture {
  /// Fits a mixture to rows (N, D): for each number of components expectation-maximisation
  /// (Dempster et al. 1977) from a k-means++ start (Arthur & Vassilvitskii 2007); the lowest BIC
  /// (Schwarz 1978) wins, the smaller number of equals.
  ///
  /// The same rows and seed give the same mixture. Cost: iterations x N x K x D^2 for each number
  /// of components.
  ///
  /// - Parameters:
  ///   - rows: (N, D) row-major.
  ///   - components: the numbers of components to try; those above N are left out.
  ///   - seed: of the k-means++ start.
  ///   - iterations: most rounds for each number of components.
  ///   - tolerance: a round that gains less mean log-likelihood per row than this is the last.
  ///   - floor: this share of the data's variance in each dimension is added to the diagonal of
  ///     each covariance, so that no component can shrink to a point.
  /// - Throws: `invalidArgument` for sizes or settings out of range; `nonFinite`; `tooShort` if
  ///   there are fewer than two rows or fewer than `components.lowerBound`.
  public static func fit(
    _ rows: [Double], dimensions: Int, components: ClosedRange<Int>, seed: UInt64, iterations: Int,
    tolerance: Double, floor: Double
  ) throws(NeuralError) -> GaussianMixture {
    func fail(_ code: NeuralError.Code, _ cause: String) -> NeuralError {
      NeuralError(code: code, message: "cannot fit a mixture: \(cause)")
    }
    guard (1...64).contains(dimensions) && rows.count % dimensions == 0 else {
      throw fail(.invalidArgument, "\(rows.count) numbers in rows of \(dimensions)")
    }
    guard components.lowerBound >= 1 && components.upperBound <= 1024 else {
      throw fail(.invalidArgument, "\(components) components are outside 1...1024")
    }
    guard iterations >= 1 && tolerance >= 0 && floor >= 0 && floor.isFinite else {
      throw fail(
        .invalidArgument, "iterations \(iterations), tolerance \(tolerance), floor \(floor)")
    }
    let count = rows.count / dimensions
    guard count >= max(2, components.lowerBound) else {
      throw fail(.tooShort, "\(count) rows for \(components) components")
    }
    guard rows.allSatisfy(\.isFinite) else {
      throw fail(.nonFinite, "a number is NaN or infinite")
    }

    let ridge = Self.ridge(rows, dimensions: dimensions, floor: floor)
    guard ridge.allSatisfy(\.isFinite) else {
      throw fail(.nonFinite, "the variance is too large for a number")
    }
    var best: (mixture: GaussianMixture, bic: Double)?
    for number in components where number <= count {
      let fitted = try expectationMaximisation(
        rows, dimensions: dimensions, components: number, seed: seed, iterations: iterations,
        tolerance: tolerance, ridge: ridge)
      if let old = best, old.bic <= fitted.bic { continue }
      best = fitted
    }
    guard let best else { preconditionFailure("BUG: no number of components was tried") }
    return best.mixture
  }

  /// What is added to the diagonal of each covariance, (D). Never 0, not even for a constant
  /// column.
  private static func ridge(_ rows: [Double], dimensions: Int, floor: Double) -> [Double] {
    let count = Double(rows.count / dimensions)
    return (0..<dimensions).map { d in
      let column = stride(from: d, to: rows.count, by: dimensions)
      let mean = column.reduce(0) { $0 + rows[$1] / count }
      let variance = column.reduce(0) { $0 + (rows[$1] - mean) * (rows[$1] - mean) / count }
      // The last terms stand for the rounding of numbers of this size.
      return max(floor * variance, 1e-12 * variance, 1e-20 * mean * mean, 1e-100)
    }
  }

  private static func expectationMaximisation(
    _ rows: [Double], dimensions: Int, components: Int, seed: UInt64, iterations: Int,
    tolerance: Double, ridge: [Double]
  ) throws(NeuralError) -> (mixture: GaussianMixture, bic: Double) {
    let count = rows.count / dimensions
    let start = KMeans(rows, dimensions: dimensions, clusters: components, seed: seed)
    var moments = Moments(centres: start.centres, dimensions: dimensions)
    var shares = [Double](repeating: 0, count: components)
    for row in 0..<count {
      for component in shares.indices { shares[component] = 0 }
      shares[start.assignment[row]] = 1
      moments.add(rows, row: row, shares: shares)
    }
    var mixture = try moments.mixture(ridge: ridge)

    var logs = shares
    var scratch = [Double](repeating: 0, count: dimensions)
    var last = -Double.infinity
    var total = 0.0
    for round in 0...iterations {
      // One pass does both steps: shares of each row (E), and at once their moments (M).
      moments = Moments(centres: mixture.means, dimensions: dimensions)
      total = 0
      for row in 0..<count {
        mixture.componentLogs(rows, row: row, scratch: &scratch, into: &logs)
        total += moments.addNormalised(rows, row: row, logs: logs, shares: &shares)
      }
      let mean = total / Double(count)
      if round == iterations || mean - last < tolerance { break }
      last = mean
      mixture = try moments.mixture(ridge: ridge)
    }
    return (mixture, mixture.bic(logLikelihood: total, count: count))
  }
}
