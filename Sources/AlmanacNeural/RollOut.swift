/// Runs the network forward for some rows, keeping only the current state.
///
/// Products are by our own row kernel, not by BLAS: a few rows times a small matrix is too little
/// for BLAS, and its rounding depends on the number of rows.
struct RollOut {
  private let parameters: Parameters
  private let encoder: Matrix  // (H, 3H), recurrent weights transposed
  private let decoder: Matrix  // (H, 3H)

  init(parameters: Parameters) {
    self.parameters = parameters
    let hidden = parameters.hidden
    encoder = Matrix(rows: hidden, columns: 3 * hidden)
    decoder = Matrix(rows: hidden, columns: 3 * hidden)
    Kernels.transpose(parameters.encoder.recurrent, into: encoder)
    Kernels.transpose(parameters.decoder.recurrent, into: decoder)
  }

  /// windows is (B, W) and result (B, steps); only `rows` of both are read and written.
  func run(windows: [Float], window: Int, rows: Range<Int>, steps: Int, result: inout [Float]) {
    let hidden = parameters.hidden
    let batch = rows.count
    var state = Matrix(rows: batch, columns: hidden)
    var next = Matrix(rows: batch, columns: hidden)
    let gates = Matrix(rows: batch, columns: 4 * hidden)
    let recurrent = gates.columns(from: 0, count: 3 * hidden)
    let value = Matrix(rows: 1, columns: batch)

    for step in 0..<window {
      for row in 0..<batch { value[0, row] = windows[(rows.lowerBound + row) * window + step] }
      Kernels.multiplyRows(state, encoder, into: recurrent)
      Kernels.gatesForward(
        input: value, weights: parameters.encoder, state: state, gates: gates, next: next)
      swap(&state, &next)
    }
    for step in 0..<steps {
      Kernels.multiplyRows(state, decoder, into: recurrent)
      Kernels.gatesForward(
        input: value, weights: parameters.decoder, state: state, gates: gates, next: next)
      swap(&state, &next)
      Linear.forward(state, weights: parameters.head, into: value)
      for row in 0..<batch { result[(rows.lowerBound + row) * steps + step] = value[0, row] }
    }
  }
}
