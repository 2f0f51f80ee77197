/// The factor L of a small symmetric positive definite matrix A = L L^T, in double precision.
public struct Cholesky: Sendable, Equatable {
  let size: Int
  /// (D, D) row-major, zero above the diagonal.
  let factor: [Double]

  /// Factors `matrix`, (D, D) row-major, of which only the lower triangle is read; nil unless it is
  /// positive definite.
  ///
  /// - Parameter tolerance: the share of each number on the diagonal that must be left of it once
  ///   the columns before are taken away.
  public init?(_ matrix: [Double], size: Int, tolerance: Double = 0) {
    precondition(matrix.count == size * size, "BUG: a matrix that is not square")
    var factor = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0...row {
        var rest = matrix[row * size + column]
        for k in 0..<column { rest -= factor[row * size + k] * factor[column * size + k] }
        if row == column {
          guard rest > tolerance * matrix[row * size + row], rest.isFinite else { return nil }
          factor[row * size + row] = rest.squareRoot()
        } else {
          factor[row * size + column] = rest / factor[column * size + column]
        }
      }
    }
    self.size = size
    self.factor = factor
  }

  /// x of A x = b, (D) both; nil where it is not finite.
  public func solve(_ b: [Double]) -> [Double]? {
    precondition(b.count == size, "BUG: another number of equations")
    var x = b
    for row in 0..<size {
      for k in 0..<row { x[row] -= factor[row * size + k] * x[k] }
      x[row] /= factor[row * size + row]
    }
    for row in (0..<size).reversed() {
      for k in (row + 1)..<max(size, row + 1) { x[row] -= factor[k * size + row] * x[k] }
      x[row] /= factor[row * size + row]
    }
    return x.allSatisfy(\.isFinite) ? x : nil
  }

  /// log det A, from `log`, the natural logarithm.
  func logDeterminant(log: (Double) -> Double) -> Double {
    var sum = 0.0
    for row in 0..<size { sum += log(factor[row * size + row]) }
    return 2 * sum
  }

  /// x^T A^-1 x for x (D), which is overwritten.
  func squaredLength(_ x: inout [Double]) -> Double {
    var sum = 0.0
    for row in 0..<size {
      var rest = x[row]
      for k in 0..<row { rest -= factor[row * size + k] * x[k] }
      rest /= factor[row * size + row]
      x[row] = rest
      sum += rest * rest
    }
    return sum
  }
}
