/// The numbers of a `Seq2Seq`, or their gradients: one flat array and a named view of each part.
///
/// Order, with H hidden units, each matrix row-major and shaped as PyTorch's tensor of that name:
///
///     encoder: weight_ih (3H, 1)   weight_hh (3H, H)   bias_ih (3H)   bias_hh (3H)
///     decoder: weight_ih (3H, 1)   weight_hh (3H, H)   bias_ih (3H)   bias_hh (3H)
///     head:    weight (1, H)       bias (1)
///
/// The 3H rows are the gates r, z, n. This order is stored in model files: it never changes.
struct Parameters: Sendable {
  let hidden: Int
  let values: Storage
  let encoder: GRU.Weights
  let decoder: GRU.Weights
  let head: Linear.Weights

  /// How many numbers a network of `hidden` units has.
  static func count(hidden: Int) -> Int {
    2 * GRU.Weights.count(hidden: hidden) + Linear.Weights.count(inputs: hidden)
  }

  /// All zero.
  init(hidden: Int) {
    self.init(hidden: hidden, values: Storage(count: Self.count(hidden: hidden)))
  }

  /// A copy of `weights`, which must be as many as `count(hidden:)` says.
  init(hidden: Int, copying weights: [Float]) {
    precondition(
      weights.count == Self.count(hidden: hidden),
      "\(weights.count) weights for \(hidden) hidden units, not \(Self.count(hidden: hidden))")
    self.init(hidden: hidden, values: Storage(weights))
  }

  private init(hidden: Int, values: Storage) {
    self.hidden = hidden
    self.values = values
    let layer = GRU.Weights.count(hidden: hidden)
    encoder = GRU.Weights(values, offset: 0, hidden: hidden)
    decoder = GRU.Weights(values, offset: layer, hidden: hidden)
    head = Linear.Weights(values, offset: 2 * layer, inputs: hidden)
  }
}
