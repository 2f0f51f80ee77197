import Testing

@testable import AlmanacNeural

@Suite("Seq2Seq")
struct Seq2SeqTests {
  init() { BLASKernel.select() }

  /// A shard with windows (B, W) and what follows them (B, K).
  func shard(hidden: Int, windows: [Float], window: Int, wanted: [Float], steps: Int) -> Shard {
    let batch = windows.count / window
    let shard = Shard(hidden: hidden, batch: batch, window: window, steps: steps)
    for row in 0..<batch {
      for step in 0..<window { shard.inputs[step, row] = windows[row * window + step] }
      for step in 0..<steps { shard.wanted[step, row] = wanted[row * steps + step] }
    }
    return shard
  }

  @Test("predictions, loss and gradients agree with the NumPy reference")
  func reference() throws {
    let figures = try Reference.load().seq2seq
    let parameters = Parameters(hidden: figures.hidden, copying: floats(figures.weights))
    let shard = shard(
      hidden: figures.hidden, windows: floats(figures.windows), window: figures.window,
      wanted: floats(figures.wanted), steps: figures.steps)
    shard.forward(parameters)
    let count = shard.batch * figures.steps
    shard.backward(parameters, beta: Float(figures.beta), scale: 1 / Float(count))
    let predicted = (0..<shard.batch).flatMap { row in
      (0..<figures.steps).map { shard.predicted[$0, row] }
    }
    expectClose(predicted, figures.predicted, tolerance: 1e-5, "predictions")
    expectClose([shard.loss / Double(count)], [figures.loss], tolerance: 1e-5, "loss")
    expectClose(
      shard.gradients.values.array, figures.gradients, tolerance: 1e-5, "gradients")

    let network = try Seq2Seq(hidden: figures.hidden, weights: floats(figures.weights))
    let rolledOut = network.rollOut(
      windows: floats(figures.windows), window: figures.window, steps: figures.steps)
    expectClose(rolledOut, figures.predicted, tolerance: 1e-5, "roll-out")
  }

  @Test("the whole loss's gradient agrees with finite differences", arguments: [1, 2, 5])
  func finiteDifferences(_ hidden: Int) {
    let (batch, window, steps) = (3, 5, 4)
    var random = RandomSource(seed: UInt64(hidden))
    let parameters = Parameters(
      hidden: hidden,
      copying: (0..<Parameters.count(hidden: hidden)).map { _ in random.uniform(-0.7, 0.7) })
    let shard = shard(
      hidden: hidden, windows: (0..<batch * window).map { _ in random.uniform(-1, 1) },
      window: window, wanted: (0..<batch * steps).map { _ in random.uniform(-1, 1) }, steps: steps)
    // A wide beta keeps all errors where the loss is smooth; the reference covers the linear part.
    func loss() -> Double {
      shard.forward(parameters)
      shard.backward(parameters, beta: 4, scale: 1)
      return shard.loss
    }
    _ = loss()
    let found = shard.gradients.values.array
    expectClose(found, differences(of: parameters.values, step: 0.01, loss), tolerance: 1e-3)
  }

  @Test("a row's roll-out does not depend on the others", arguments: [1, 5, 32])
  func rowsAlone(_ hidden: Int) {
    let network = Seq2Seq(hidden: hidden, seed: 3)
    var random = RandomSource(seed: 4)
    let windows = (0..<37 * 6).map { _ in random.uniform(-2, 2) }
    let whole = network.rollOut(windows: windows, window: 6, steps: 9)
    for row in 0..<37 {
      let alone = network.rollOut(
        windows: Array(windows[row * 6..<row * 6 + 6]), window: 6, steps: 9)
      #expect(alone == Array(whole[row * 9..<row * 9 + 9]))
    }
  }

  @Test("a longer roll-out begins with the shorter one")
  func carriedOn() {
    let network = Seq2Seq(hidden: 7, seed: 3)
    let window: [Float] = [0.1, -0.4, 0.9]
    let long = network.rollOut(windows: window, window: 3, steps: 50)
    #expect(network.rollOut(windows: window, window: 3, steps: 20) == Array(long.prefix(20)))
    #expect(network.rollOut(windows: window, window: 3, steps: 0).isEmpty)
    #expect(network.rollOut(windows: [], window: 3, steps: 5).isEmpty)
  }

  @Test("a NaN in one window does not reach the others")
  func notANumber() {
    let network = Seq2Seq(hidden: 4, seed: 1)
    let result = network.rollOut(windows: [0, 1, .nan, 1, 0, 1], window: 2, steps: 1)
    #expect(result[1].isNaN)
    #expect(result[0].isFinite && result[0] == result[2])
  }

  @Test("the same seed gives the same weights, another seed others")
  func seeds() {
    #expect(Seq2Seq(hidden: 4, seed: 1).weights == Seq2Seq(hidden: 4, seed: 1).weights)
    #expect(Seq2Seq(hidden: 4, seed: 1).weights != Seq2Seq(hidden: 4, seed: 2).weights)
    #expect(Seq2Seq(hidden: 4, seed: 1).weights.allSatisfy { abs($0) <= 0.5 })
    #expect(Seq2Seq(hidden: 4, seed: 1).weights.count == 6 * 16 + 19 * 4 + 1)
  }

  @Test("weights that do not fit or are not finite are an error")
  func badWeights() throws {
    func code(_ hidden: Int, _ weights: [Float]) -> NeuralError.Code? {
      do throws(NeuralError) {
        _ = try Seq2Seq(hidden: hidden, weights: weights)
        return nil
      } catch {
        return error.code
      }
    }
    var weights = Seq2Seq(hidden: 2, seed: 0).weights
    #expect(code(2, weights) == nil)
    #expect(code(3, weights) == .invalidArgument)
    #expect(code(0, []) == .invalidArgument)
    #expect(code(2, []) == .invalidArgument)
    weights[5] = .infinity
    #expect(code(2, weights) == .nonFinite)
  }
}
