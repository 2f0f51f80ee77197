/// A gated recurrent unit over one number per step (Cho et al. 2014, in PyTorch's form), with the
/// memory of one pass: what `forward` leaves, `backward` uses.
///
///     r = sigmoid(w_ir x + b_ir + W_hr h + b_hr)
///     z = sigmoid(w_iz x + b_iz + W_hz h + b_hz)
///     n = tanh(w_in x + b_in + r * (W_hn h + b_hn))
///     h' = (1 - z) * n + z * h
///
/// The input being one number, its share is an outer product, done inside the gates' kernel. Memory
/// is time-major: T steps of B rows. Nothing is allocated after `init`.
struct GRU {
  /// The layer's numbers, views into one flat array.
  struct Weights: Sendable {
    let hidden: Int
    let input: Matrix  // (1, 3H), PyTorch's weight_ih
    let recurrent: Matrix  // (3H, H), weight_hh
    let inputBias: Matrix  // (1, 3H), bias_ih
    let recurrentBias: Matrix  // (1, 3H), bias_hh

    static func count(hidden: Int) -> Int { 3 * hidden * (hidden + 3) }

    init(_ storage: Storage, offset: Int, hidden: Int) {
      let wide = 3 * hidden
      self.hidden = hidden
      input = Matrix(storage, offset: offset, rows: 1, columns: wide)
      recurrent = Matrix(storage, offset: offset + wide, rows: wide, columns: hidden)
      let biases = offset + wide + wide * hidden
      inputBias = Matrix(storage, offset: biases, rows: 1, columns: wide)
      recurrentBias = Matrix(storage, offset: biases + wide, rows: 1, columns: wide)
    }
  }

  let hidden: Int
  let batch: Int
  let steps: Int

  /// dL/dh of the step about to go back; set by the caller before the last step's `backward`.
  let stateGradient: Matrix  // (B, H)

  private let states: Matrix  // ((T + 1) B, H); block 0 is the start
  private let gates: Matrix  // (T B, 4H): r, z, q, n; their gradients once gone back
  private let recurrentTransposed: Matrix  // (H, 3H), so that both operands of a product are plain
  private let sums: Matrix  // (1, 7H), see gatesBackward

  init(hidden: Int, batch: Int, steps: Int) {
    self.hidden = hidden
    self.batch = batch
    self.steps = steps
    states = Matrix(rows: (steps + 1) * batch, columns: hidden)
    gates = Matrix(rows: steps * batch, columns: 4 * hidden)
    recurrentTransposed = Matrix(rows: hidden, columns: 3 * hidden)
    stateGradient = Matrix(rows: batch, columns: hidden)
    sums = Matrix(rows: 1, columns: 7 * hidden)
  }

  /// The state before step `step`, (B, H); `state(steps)` is the last.
  func state(_ step: Int) -> Matrix {
    states.rows(from: step * batch, count: batch)
  }

  /// Begins a pass with `weights`. The caller sets `state(0)`.
  func begin(weights: Weights) {
    Kernels.transpose(weights.recurrent, into: recurrentTransposed)
    Kernels.clear(sums)
  }

  /// `state(step + 1)` from `state(step)` and input (1, B).
  func forward(step: Int, input: Matrix, weights: Weights) {
    let gate = gates.rows(from: step * batch, count: batch)
    BLAS.multiply(
      state(step), recurrentTransposed, into: gate.columns(from: 0, count: 3 * hidden))
    Kernels.gatesForward(
      input: input, weights: weights, state: state(step), gates: gate, next: state(step + 1))
  }

  /// Turns `stateGradient` from the gradient by `state(step + 1)` into the one by `state(step)`,
  /// and gives the gradient by the input (1, B) if asked. Steps go back in falling order, each
  /// once.
  func backward(step: Int, input: Matrix, weights: Weights, inputGradient: Matrix? = nil) {
    let gate = gates.rows(from: step * batch, count: batch)
    Kernels.gatesBackward(
      input: input, weights: weights, state: state(step), gates: gate,
      stateGradient: stateGradient, sums: sums, inputGradient: inputGradient)
    BLAS.multiply(
      gate.columns(from: 0, count: 3 * hidden), weights.recurrent, into: stateGradient, adding: true
    )
  }

  /// Adds the gradients of all steps to `gradients`, once every step has gone back.
  func addGradients(to gradients: Weights) {
    // One product over all steps and rows: (T B, 3H)^T (T B, H).
    BLAS.multiplyTransposed(
      gates.columns(from: 0, count: 3 * hidden), states.rows(from: 0, count: steps * batch),
      into: gradients.recurrent, adding: true)
    // sums holds dr, dz, dq, dn, x dr, x dz, x dn. The biases of r and z share their gradient; n's
    // input bias has dn, its recurrent bias dq.
    let two = 2 * hidden
    Kernels.add(sums.columns(from: 0, count: 3 * hidden), to: gradients.recurrentBias)
    Kernels.add(
      sums.columns(from: 0, count: two), to: gradients.inputBias.columns(from: 0, count: two))
    Kernels.add(
      sums.columns(from: 3 * hidden, count: hidden),
      to: gradients.inputBias.columns(from: two, count: hidden))
    Kernels.add(sums.columns(from: 4 * hidden, count: 3 * hidden), to: gradients.input)
  }
}
