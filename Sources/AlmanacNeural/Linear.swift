/// A linear layer to one number per row: y = h w + b.
///
/// Forward and backward are a pair; neither allocates. B is the batch, H the inputs.
enum Linear {
  /// The layer's numbers, views into one flat array.
  struct Weights: Sendable {
    let weight: Matrix  // (1, H)
    let bias: Matrix  // (1, 1)

    static func count(inputs: Int) -> Int { inputs + 1 }

    init(_ storage: Storage, offset: Int, inputs: Int) {
      weight = Matrix(storage, offset: offset, rows: 1, columns: inputs)
      bias = Matrix(storage, offset: offset + inputs, rows: 1, columns: 1)
    }
  }

  /// h is (B, H), y is (1, B). A row's result does not depend on B.
  static func forward(_ h: Matrix, weights: Weights, into y: Matrix) {
    Kernels.dotRows(h, weights.weight, bias: weights.bias[0, 0], into: y)
  }

  /// h and hGradient are (B, H), yGradient is (1, B). Adds to hGradient and to the parts of
  /// `gradients`.
  static func backward(
    _ h: Matrix, weights: Weights, yGradient: Matrix, hGradient: Matrix, gradients: Weights
  ) {
    Kernels.dotRowsBackward(
      h, weights.weight, outGradient: yGradient, aGradient: hGradient,
      wGradient: gradients.weight, biasGradient: gradients.bias)
  }
}
