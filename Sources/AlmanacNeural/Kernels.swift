import CKernels

extension Matrix {
  /// For the kernel files only.
  var pointer: UnsafeMutablePointer<Float> { storage.base + offset }
}

/// Safe faces of the C kernels: shapes are checked here, once per call.
enum Kernels {
  // MARK: GRU

  /// One step's gates, see `almanac_gru_gates_forward`.
  ///
  /// input is (1, B); inputWeights and biases are (1, 3H); state and next are (B, H); gates is
  /// (B, 4H).
  static func gatesForward(
    input: Matrix, weights: GRU.Weights, state: Matrix, gates: Matrix, next: Matrix
  ) {
    let (batch, hidden) = (state.rows, state.columns)
    checkStep(input: input, weights: weights, state: state, gates: gates)
    precondition(next.rows == batch && next.columns == hidden && next.isContiguous, "BUG: next")
    almanac_gru_gates_forward(
      batch, hidden, input.pointer, weights.input.pointer, weights.inputBias.pointer,
      weights.recurrentBias.pointer, state.pointer, gates.pointer, next.pointer)
  }

  /// Backward pair of `gatesForward`, see `almanac_gru_gates_backward`.
  ///
  /// stateGradient is (B, H); sums is (1, 7H); inputGradient is (1, B).
  static func gatesBackward(
    input: Matrix, weights: GRU.Weights, state: Matrix, gates: Matrix, stateGradient: Matrix,
    sums: Matrix, inputGradient: Matrix?
  ) {
    let (batch, hidden) = (state.rows, state.columns)
    checkStep(input: input, weights: weights, state: state, gates: gates)
    precondition(
      stateGradient.rows == batch && stateGradient.columns == hidden && stateGradient.isContiguous,
      "BUG: state gradient")
    precondition(sums.rows == 1 && sums.columns == 7 * hidden, "BUG: sums")
    if let inputGradient {
      precondition(inputGradient.rows == 1 && inputGradient.columns == batch, "BUG: input gradient")
    }
    almanac_gru_gates_backward(
      batch, hidden, input.pointer, weights.input.pointer, state.pointer, gates.pointer,
      stateGradient.pointer, sums.pointer, inputGradient?.pointer)
  }

  private static func checkStep(
    input: Matrix, weights: GRU.Weights, state: Matrix, gates: Matrix
  ) {
    let (batch, hidden) = (state.rows, state.columns)
    precondition(input.rows == 1 && input.columns == batch, "BUG: input")
    precondition(weights.hidden == hidden, "BUG: weights of another width")
    precondition(state.isContiguous, "BUG: state")
    precondition(
      gates.rows == batch && gates.columns == 4 * hidden && gates.isContiguous, "BUG: gates")
  }

  // MARK: Products by rows

  /// c = a b with every row's result independent of the number of rows. a is (B, K), b is (K, N).
  static func multiplyRows(_ a: Matrix, _ b: Matrix, into c: Matrix) {
    precondition(
      a.columns == b.rows && c.rows == a.rows && c.columns == b.columns && a.isContiguous
        && b.isContiguous, "BUG: product by rows")
    almanac_rows_matmul_f32(
      a.rows, a.columns, b.columns, a.pointer, b.pointer, c.pointer, c.stride)
  }

  /// out = a w + bias. a is (B, K), w is (1, K), out is (1, B).
  static func dotRows(_ a: Matrix, _ w: Matrix, bias: Float, into out: Matrix) {
    precondition(
      a.isContiguous && w.rows == 1 && w.columns == a.columns && out.rows == 1
        && out.columns == a.rows, "BUG: dot by rows")
    almanac_rows_dot_f32(a.rows, a.columns, a.pointer, w.pointer, bias, out.pointer)
  }

  /// Backward pair of `dotRows`; adds to the three gradients.
  static func dotRowsBackward(
    _ a: Matrix, _ w: Matrix, outGradient: Matrix, aGradient: Matrix, wGradient: Matrix,
    biasGradient: Matrix
  ) {
    precondition(
      a.isContiguous && w.rows == 1 && w.columns == a.columns && outGradient.rows == 1
        && outGradient.columns == a.rows, "BUG: dot by rows")
    precondition(
      aGradient.isContiguous && aGradient.rows == a.rows && aGradient.columns == a.columns
        && wGradient.rows == 1 && wGradient.columns == w.columns, "BUG: dot gradients")
    almanac_rows_dot_backward_f32(
      a.rows, a.columns, a.pointer, w.pointer, outGradient.pointer, aGradient.pointer,
      wGradient.pointer, biasGradient.pointer)
  }

  // MARK: Whole matrices

  /// to = from transposed. from is (M, N), to is (N, M).
  static func transpose(_ from: Matrix, into to: Matrix) {
    precondition(
      from.rows == to.columns && from.columns == to.rows && from.isContiguous && to.isContiguous,
      "BUG: transpose")
    almanac_transpose_f32(from.rows, from.columns, from.pointer, to.pointer)
  }

  /// to += from.
  static func add(_ from: Matrix, to: Matrix) {
    checkSame(from, to)
    almanac_add_f32(from.rows * from.columns, from.pointer, to.pointer)
  }

  /// to = from.
  static func copy(_ from: Matrix, to: Matrix) {
    checkSame(from, to)
    to.pointer.update(from: from.pointer, count: from.rows * from.columns)
  }

  /// All of `matrix` becomes zero.
  static func clear(_ matrix: Matrix) {
    precondition(matrix.isContiguous, "BUG: clear")
    matrix.pointer.update(repeating: 0, count: matrix.rows * matrix.columns)
  }

  /// Sum of the smooth L1 loss; `gradient` receives `scale` times its gradient by `predicted`.
  static func smoothL1(
    predicted: Matrix, wanted: Matrix, beta: Float, scale: Float, gradient: Matrix
  ) -> Double {
    checkSame(predicted, wanted)
    checkSame(predicted, gradient)
    return almanac_smooth_l1_f32(
      predicted.rows * predicted.columns, predicted.pointer, wanted.pointer, beta, scale,
      gradient.pointer)
  }

  private static func checkSame(_ a: Matrix, _ b: Matrix) {
    precondition(
      a.rows == b.rows && a.columns == b.columns && a.isContiguous && b.isContiguous,
      "BUG: matrices of two shapes")
  }

  // MARK: Optimiser

  /// to += from.
  static func add(_ from: Storage, to: Storage) {
    precondition(from.count == to.count, "BUG: storages of two sizes")
    almanac_add_f32(from.count, from.base, to.base)
  }

  /// Sum of squares.
  static func squareSum(_ values: Storage) -> Double {
    almanac_square_sum_f32(values.count, values.base)
  }

  /// One AdamW step, see `almanac_adamw_f32`.
  static func adamW(
    values: Storage, gradient: Storage, mean: Storage, square: Storage, gradientScale: Float,
    beta1: Float, beta2: Float, keep: Float, rate: Float, rootCorrection: Float, epsilon: Float
  ) {
    precondition(
      gradient.count == values.count && mean.count == values.count && square.count == values.count,
      "BUG: optimiser arrays of several sizes")
    almanac_adamw_f32(
      values.count, values.base, gradient.base, mean.base, square.base, gradientScale, beta1, beta2,
      keep, rate, rootCorrection, epsilon)
  }

  // MARK: Windows

  /// Copies `count` samples from `first` on into column `column` of `to` (count, B), less `level`,
  /// and held within +-`limit`.
  static func gather(
    _ series: Storage, first: Int, count: Int, level: Float, limit: Float, to: Matrix, column: Int
  ) {
    precondition(
      first >= 0 && count >= 1 && first + count <= series.count && to.rows == count && column >= 0
        && column < to.columns, "BUG: window outside the series")
    let source = series.base + first
    let target = to.pointer + column
    for index in 0..<count {
      target[index &* to.stride] = min(max(source[index] - level, -limit), limit)
    }
  }
}
