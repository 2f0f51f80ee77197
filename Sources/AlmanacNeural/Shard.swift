/// One part of a mini-batch with all its working memory: gathers its windows, computes loss and
/// gradients.
///
/// A mini-batch is always cut into the same shards, whatever the number of threads, and their
/// gradients are summed in their order: the number of threads does not change a single bit of the
/// result.
///
/// `@unchecked Sendable`: no lock; one thread at a time has a shard, and the trainer's group orders
/// its writes before what the trainer reads afterwards.
final class Shard: @unchecked Sendable {
  let batch: Int
  let window: Int
  let steps: Int

  let inputs: Matrix  // (W, B), time-major
  let wanted: Matrix  // (K, B)
  let predicted: Matrix  // (K, B)
  let gradients: Parameters

  /// Where in the series each of the B windows starts; set by the trainer.
  var starts: [Int]
  /// Sum of the loss over (K, B); set by `backward`.
  private(set) var loss = 0.0

  private let encoder: GRU
  private let decoder: GRU
  private let predictedGradient: Matrix  // (K, B)
  private let inputGradient: Matrix  // (1, B)

  init(hidden: Int, batch: Int, window: Int, steps: Int) {
    self.batch = batch
    self.window = window
    self.steps = steps
    starts = [Int](repeating: 0, count: batch)
    inputs = Matrix(rows: window, columns: batch)
    wanted = Matrix(rows: steps, columns: batch)
    predicted = Matrix(rows: steps, columns: batch)
    predictedGradient = Matrix(rows: steps, columns: batch)
    inputGradient = Matrix(rows: 1, columns: batch)
    gradients = Parameters(hidden: hidden)
    encoder = GRU(hidden: hidden, batch: batch, steps: window)
    decoder = GRU(hidden: hidden, batch: batch, steps: steps)
  }

  /// Fills `inputs` and `wanted` from the windows at `starts`, each less the level of its last
  /// sample and held within +-`limit` if there are levels.
  func gather(_ series: Storage, levels: [Float]?, limit: Float) {
    for (column, start) in starts.enumerated() {
      let level = levels.map { $0[start + window - 1] } ?? 0
      let limit = levels == nil ? Float.infinity : limit
      Kernels.gather(
        series, first: start, count: window, level: level, limit: limit, to: inputs, column: column)
      Kernels.gather(
        series, first: start + window, count: steps, level: level, limit: limit, to: wanted,
        column: column)
    }
  }

  /// `predicted` from `inputs`.
  func forward(_ parameters: Parameters) {
    encoder.begin(weights: parameters.encoder)
    for step in 0..<window {
      encoder.forward(step: step, input: inputs.row(step), weights: parameters.encoder)
    }
    decoder.begin(weights: parameters.decoder)
    Kernels.copy(encoder.state(window), to: decoder.state(0))
    for step in 0..<steps {
      decoder.forward(step: step, input: decoderInput(step), weights: parameters.decoder)
      Linear.forward(
        decoder.state(step + 1), weights: parameters.head, into: predicted.row(step))
    }
  }

  /// After `forward`: sets `loss` to the sum of the smooth L1 loss over (K, B), and `gradients` to
  /// `scale` times its gradient by the parameters.
  func backward(_ parameters: Parameters, beta: Float, scale: Float) {
    loss = Kernels.smoothL1(
      predicted: predicted, wanted: wanted, beta: beta, scale: scale, gradient: predictedGradient)
    gradients.values.clear()
    Kernels.clear(decoder.stateGradient)
    for step in stride(from: steps - 1, through: 0, by: -1) {
      Linear.backward(
        decoder.state(step + 1), weights: parameters.head, yGradient: predictedGradient.row(step),
        hGradient: decoder.stateGradient, gradients: gradients.head)
      decoder.backward(
        step: step, input: decoderInput(step), weights: parameters.decoder,
        inputGradient: step > 0 ? inputGradient : nil)
      // The input was the prediction before.
      if step > 0 { Kernels.add(inputGradient, to: predictedGradient.row(step - 1)) }
    }
    decoder.addGradients(to: gradients.decoder)
    Kernels.copy(decoder.stateGradient, to: encoder.stateGradient)
    for step in stride(from: window - 1, through: 0, by: -1) {
      encoder.backward(step: step, input: inputs.row(step), weights: parameters.encoder)
    }
    encoder.addGradients(to: gradients.encoder)
  }

  private func decoderInput(_ step: Int) -> Matrix {
    step == 0 ? inputs.row(window - 1) : predicted.row(step - 1)
  }
}
