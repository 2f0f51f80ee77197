import CKernels

/// Weighted counts, sums and products of rows about given centres, from which a mixture is made.
///
/// Taking them about centres near the means keeps the digits of a small covariance far from the
/// origin.
struct Moments {
  let dimensions: Int
  let centres: [Double]  // (K, D)
  private var counts: [Double]  // (K)
  private var sums: [Double]  // (K, D)
  private var products: [Double]  // (K, D, D), lower triangles
  private var offset: [Double]  // (D), scratch

  init(centres: [Double], dimensions: Int) {
    let components = centres.count / dimensions
    self.dimensions = dimensions
    self.centres = centres
    counts = [Double](repeating: 0, count: components)
    sums = [Double](repeating: 0, count: components * dimensions)
    products = [Double](repeating: 0, count: components * dimensions * dimensions)
    offset = [Double](repeating: 0, count: dimensions)
  }

  /// Adds row `row` of rows (N, D) to every component with its share, shares (K).
  mutating func add(_ rows: [Double], row: Int, shares: [Double]) {
    for component in counts.indices where shares[component] > 0 {
      let share = shares[component]
      let base = component * dimensions
      counts[component] += share
      for d in 0..<dimensions {
        offset[d] = rows[row * dimensions + d] - centres[base + d]
        sums[base + d] += share * offset[d]
        let line = (base + d) * dimensions
        for e in 0...d { products[line + e] += share * offset[d] * offset[e] }
      }
    }
  }

  /// Adds the row with shares in proportion to exp(logs); returns log of the sum of exp(logs).
  mutating func addNormalised(
    _ rows: [Double], row: Int, logs: [Double], shares: inout [Double]
  ) -> Double {
    let total = GaussianMixture.logSumExp(logs)
    for component in logs.indices { shares[component] = almanac_exp(logs[component] - total) }
    add(rows, row: row, shares: shares)
    return total
  }

  /// The mixture with these moments, `ridge` (D) added to the diagonals.
  ///
  /// A component that has lost all its rows stays where it is, with weight 0 and the ridge as its
  /// covariance.
  func mixture(ridge: [Double]) throws(NeuralError) -> GaussianMixture {
    let total = counts.reduce(0, +)
    var means = centres
    var covariances = [Double](repeating: 0, count: products.count)
    for component in counts.indices {
      let base = component * dimensions
      let inverse = counts[component] > 1e-300 ? 1 / counts[component] : 0
      for d in 0..<dimensions { means[base + d] += sums[base + d] * inverse }
      for d in 0..<dimensions {
        for e in 0...d {
          let shift = sums[base + d] * inverse * (sums[base + e] * inverse)
          let value = products[(base + d) * dimensions + e] * inverse - shift
          // Rounding may leave a variance a little below 0.
          let kept = d == e ? max(value, 0) + ridge[d] : value
          covariances[(base + d) * dimensions + e] = kept
          covariances[(base + e) * dimensions + d] = kept
        }
      }
    }
    return try GaussianMixture(
      dimensions: dimensions, weights: counts.map { $0 / total }, means: means,
      covariances: covariances)
  }
}
