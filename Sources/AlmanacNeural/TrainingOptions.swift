/// How `Trainer` trains. The defaults are those measured best for host metrics at one minute.
public struct TrainingOptions: Sendable {
  /// Samples the encoder reads.
  public var window = 60
  /// Steps the decoder runs freely in training, and over which the loss is taken.
  public var decoderSteps = 8
  /// Optimiser steps.
  public var steps = 300
  /// Windows in each mini-batch, drawn at random with replacement.
  public var batch = 256
  /// Peak of the one-cycle learning rate.
  public var learningRate: Float = 4e-3
  /// AdamW's decay of all weights, per step and unit of learning rate.
  public var weightDecay: Float = 1e-3
  /// Largest Euclidean norm of the gradient; a longer one is scaled down.
  public var clipNorm: Float = 1
  /// Where the smooth L1 loss goes from quadratic to linear, in units of the series.
  public var huberBeta: Float = 0.3
  /// Seed of the choice of windows.
  public var seed: UInt64 = 0
  /// If set, each window and what follows it are taken relative to the mean of the `anchor` samples
  /// up to and with the window's last one (of what there is, near the start), and held within +-5.
  public var anchor: Int?
  /// Threads to train on. The weights do not depend on it; more than four bring nothing.
  public var threads = 2

  /// The defaults.
  public init() {}

  /// - Throws: `invalidArgument`, naming the option.
  func check() throws(NeuralError) {
    func require(_ isFine: Bool, _ cause: String) throws(NeuralError) {
      guard isFine else {
        throw NeuralError(code: .invalidArgument, message: "cannot train: \(cause)")
      }
    }
    try require((1...100_000).contains(window), "window \(window) is outside 1...100000")
    try require(
      (1...100_000).contains(decoderSteps), "decoderSteps \(decoderSteps) is outside 1...100000")
    try require(steps >= 1, "steps \(steps) is less than 1")
    try require((1...65536).contains(batch), "batch \(batch) is outside 1...65536")
    try require(threads >= 1, "threads \(threads) is less than 1")
    try require(
      learningRate > 0 && learningRate.isFinite, "learningRate \(learningRate) is not positive")
    try require(
      weightDecay >= 0 && weightDecay.isFinite, "weightDecay \(weightDecay) is negative")
    try require(clipNorm > 0, "clipNorm \(clipNorm) is not positive")
    try require(huberBeta > 0 && huberBeta.isFinite, "huberBeta \(huberBeta) is not positive")
    if let anchor {
      try require(anchor >= 1, "anchor \(anchor) is less than 1")
    }
  }
}

/// Where a training stands, after one of its steps.
public struct TrainingProgress: Sendable {
  /// Steps done, 1...steps.
  public var step: Int
  /// Steps in all.
  public var steps: Int
  /// Mean loss per predicted sample, smoothed over about the last 20 steps.
  public var loss: Float

  /// Makes a progress report.
  public init(step: Int, steps: Int, loss: Float) {
    self.step = step
    self.steps = steps
    self.loss = loss
  }
}
