import Testing

@testable import AlmanacNeural

@Suite("GRU")
struct GRUTests {
  init() { BLASKernel.select() }

  /// A pass over all steps; the state after each, and the layer ready to go back.
  func pass(_ weights: GRU.Weights, inputs: Matrix, start: [Float]) -> (GRU, [Float]) {
    let layer = GRU(hidden: weights.hidden, batch: inputs.columns, steps: inputs.rows)
    layer.begin(weights: weights)
    Kernels.copy(
      Matrix(Storage(start), offset: 0, rows: inputs.columns, columns: weights.hidden),
      to: layer.state(0))
    var states: [Float] = []
    for step in 0..<inputs.rows {
      layer.forward(step: step, input: inputs.row(step), weights: weights)
      let state = layer.state(step + 1)
      for row in 0..<state.rows { states += (0..<state.columns).map { state[row, $0] } }
    }
    return (layer, states)
  }

  @Test("states and gradients agree with the NumPy reference")
  func reference() throws {
    let wanted = try Reference.load().gru
    let weights = GRU.Weights(Storage(floats(wanted.weights)), offset: 0, hidden: wanted.hidden)
    let inputs = Matrix(
      Storage(floats(wanted.inputs)), offset: 0, rows: wanted.steps, columns: wanted.batch)
    let (layer, states) = pass(weights, inputs: inputs, start: floats(wanted.start))
    expectClose(states, wanted.states, tolerance: 1e-6, "states")

    let gradients = Storage(count: wanted.weights.count)
    let inputGradient = Matrix(rows: wanted.steps, columns: wanted.batch)
    Kernels.copy(
      Matrix(
        Storage(floats(wanted.lastGradient)), offset: 0, rows: wanted.batch,
        columns: wanted.hidden),
      to: layer.stateGradient)
    for step in stride(from: wanted.steps - 1, through: 0, by: -1) {
      layer.backward(
        step: step, input: inputs.row(step), weights: weights,
        inputGradient: inputGradient.row(step))
    }
    layer.addGradients(to: GRU.Weights(gradients, offset: 0, hidden: wanted.hidden))
    expectClose(gradients.array, wanted.gradients, tolerance: 1e-5, "gradients")
    expectClose(inputGradient.storage.array, wanted.inputGradient, tolerance: 1e-5, "inputs")
    expectClose(
      layer.stateGradient.storage.array, wanted.startGradient, tolerance: 1e-5, "start")
  }

  @Test("gradients agree with finite differences", arguments: [1, 3, 8, 17])
  func finiteDifferences(_ hidden: Int) {
    let (batch, steps) = (2, 3)
    var random = RandomSource(seed: UInt64(hidden))
    let values = Storage(
      (0..<GRU.Weights.count(hidden: hidden)).map { _ in random.uniform(-0.5, 0.5) })
    let weights = GRU.Weights(values, offset: 0, hidden: hidden)
    let inputs = Matrix(rows: steps, columns: batch)
    for index in 0..<steps * batch { inputs.storage[index] = random.uniform(-1, 1) }
    let start = (0..<batch * hidden).map { _ in random.uniform(-1, 1) }
    let direction = (0..<batch * hidden).map { _ in random.uniform(-1, 1) }

    func loss() -> Double {
      let last = pass(weights, inputs: inputs, start: start).1.suffix(batch * hidden)
      return zip(last, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let (layer, _) = pass(weights, inputs: inputs, start: start)
    let inputGradient = Matrix(rows: steps, columns: batch)
    Kernels.copy(
      Matrix(Storage(direction), offset: 0, rows: batch, columns: hidden), to: layer.stateGradient)
    for step in stride(from: steps - 1, through: 0, by: -1) {
      layer.backward(
        step: step, input: inputs.row(step), weights: weights,
        inputGradient: inputGradient.row(step))
    }
    let gradients = Storage(count: values.count)
    layer.addGradients(to: GRU.Weights(gradients, offset: 0, hidden: hidden))
    expectClose(
      gradients.array, differences(of: values, step: 0.01, loss), tolerance: 1e-3, "weights")
    expectClose(
      inputGradient.storage.array, differences(of: inputs.storage, step: 0.01, loss),
      tolerance: 1e-3, "inputs")
  }
}
