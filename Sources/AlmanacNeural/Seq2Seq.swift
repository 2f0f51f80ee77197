/// A recurrent encoder and decoder for sequences of numbers (Cho et al. 2014).
///
/// A GRU of `hidden` units reads a window of W numbers; a second GRU starts with its last state and
/// the window's last number, and a linear head turns each of the decoder's states into the next
/// number, which is also the decoder's next input. The network knows nothing of time or scale: give
/// it numbers of about unit size.
public struct Seq2Seq: Sendable {
  /// Hidden units H of the encoder and of the decoder.
  public let hidden: Int

  /// All 6 H^2 + 19 H + 1 numbers of the network in one array.
  ///
  /// Order, each matrix row-major and shaped as PyTorch's tensor of that name: encoder weight_ih
  /// (3H, 1), weight_hh (3H, H), bias_ih (3H), bias_hh (3H); the decoder's four alike; head weight
  /// (1, H), bias (1). The 3H rows are the gates r, z, n. The order is stable: model files may
  /// store this array. Whoever sets it keeps its length; a wrong length traps in `rollOut` and is
  /// an error in `Trainer.train`.
  public var weights: [Float]

  /// A network with random weights, uniform in +-1 / sqrt(H), the same for the same seed.
  ///
  /// - Precondition: `hidden` is in 1...4096.
  public init(hidden: Int, seed: UInt64) {
    precondition((1...4096).contains(hidden), "a network needs 1 to 4096 hidden units")
    self.hidden = hidden
    var random = RandomSource(seed: seed)
    let limit = 1 / Float(hidden).squareRoot()
    weights = (0..<Parameters.count(hidden: hidden)).map { _ in random.uniform(-limit, limit) }
  }

  /// A network with stored weights, in the order of `weights`.
  ///
  /// - Throws: `invalidArgument` if `hidden` is outside 1...4096 or the count does not fit;
  ///   `nonFinite`.
  public init(hidden: Int, weights: [Float]) throws(NeuralError) {
    guard (1...4096).contains(hidden) else {
      throw NeuralError(
        code: .invalidArgument,
        message: "cannot make a network: \(hidden) hidden units are outside 1...4096")
    }
    self.hidden = hidden
    self.weights = weights
    try checkWeights()
  }

  /// The numbers after each window: `steps` decoder steps, each fed with the one before, the state
  /// carried on.
  ///
  /// windows is (B, W) row-major, the result (B, steps) row-major. A row's result is the same to
  /// the last bit whatever the other rows are and however many; it may differ in the last bits
  /// between processors with and without fused multiply-add. A row that holds a NaN or infinity
  /// gives NaN or meaningless numbers, in that row alone. Cost: about 3 H^2 multiply-adds a row and
  /// step; runs on the calling thread.
  ///
  /// - Precondition: `window` > 0 divides the count of `windows`, `steps` >= 0, and `weights` has
  ///   its length.
  public func rollOut(windows: [Float], window: Int, steps: Int) -> [Float] {
    precondition(window > 0 && windows.count % window == 0, "windows must be (B, W) row-major")
    precondition(steps >= 0, "a roll-out cannot have \(steps) steps")
    let parameters = Parameters(hidden: hidden, copying: weights)
    let batch = windows.count / window
    var result = [Float](repeating: 0, count: batch * steps)
    guard batch > 0 && steps > 0 else { return result }
    // A few rows at a time, so that weights and states stay in the first cache.
    let chunk = min(batch, 32)
    let rollOut = RollOut(parameters: parameters)
    for first in stride(from: 0, to: batch, by: chunk) {
      rollOut.run(
        windows: windows, window: window, rows: first..<min(first + chunk, batch), steps: steps,
        result: &result)
    }
    return result
  }

  func checkWeights() throws(NeuralError) {
    let wanted = Parameters.count(hidden: hidden)
    guard weights.count == wanted else {
      throw NeuralError(
        code: .invalidArgument,
        message: "cannot use \(weights.count) weights: \(hidden) hidden units need \(wanted)")
    }
    guard weights.allSatisfy(\.isFinite) else {
      throw NeuralError(
        code: .nonFinite, message: "cannot use the weights: some are NaN or infinite")
    }
  }
}
