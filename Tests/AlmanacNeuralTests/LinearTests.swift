import Testing

@testable import AlmanacNeural

@Suite("Linear layer")
struct LinearTests {
  @Test("gradients agree with finite differences", arguments: [1, 5, 16, 37])
  func finiteDifferences(_ inputs: Int) {
    let batch = 3
    var random = RandomSource(seed: UInt64(inputs))
    let count = Linear.Weights.count(inputs: inputs)
    let values = Storage((0..<count).map { _ in random.uniform(-1, 1) })
    let weights = Linear.Weights(values, offset: 0, inputs: inputs)
    let h = Matrix(rows: batch, columns: inputs)
    for index in 0..<batch * inputs { h.storage[index] = random.uniform(-1, 1) }
    let direction = Matrix(rows: 1, columns: batch)
    for row in 0..<batch { direction[0, row] = random.uniform(-1, 1) }

    // The loss is direction * y, linear in everything: differences are exact but for rounding.
    func loss() -> Double {
      let y = Matrix(rows: 1, columns: batch)
      Linear.forward(h, weights: weights, into: y)
      return (0..<batch).reduce(0) { $0 + Double(direction[0, $1]) * Double(y[0, $1]) }
    }
    let gradients = Storage(count: count)
    let hGradient = Matrix(rows: batch, columns: inputs)
    Linear.backward(
      h, weights: weights, yGradient: direction, hGradient: hGradient,
      gradients: Linear.Weights(gradients, offset: 0, inputs: inputs))
    expectClose(
      gradients.array, differences(of: values, step: 0.25, loss), tolerance: 1e-5, "weights")
    expectClose(
      hGradient.storage.array, differences(of: h.storage, step: 0.25, loss), tolerance: 1e-5, "h")
  }
}

/// Central differences of `loss` by each of `values`.
func differences(of values: Storage, step: Float, _ loss: () -> Double) -> [Double] {
  (0..<values.count).map { index in
    let kept = values[index]
    values[index] = kept + step
    let (above, high) = (loss(), Double(values[index]))
    values[index] = kept - step
    let (below, low) = (loss(), Double(values[index]))
    values[index] = kept
    return (above - below) / (high - low)
  }
}
