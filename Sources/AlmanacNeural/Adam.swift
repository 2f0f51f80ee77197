import CKernels

/// AdamW: Adam's steps (Kingma & Ba 2015) with weight decay apart from the gradient (Loshchilov &
/// Hutter 2019).
///
///     m = beta1 m + (1 - beta1) g            s = beta2 s + (1 - beta2) g^2
///     v = (1 - rate decay) v - rate / (1 - beta1^t) * m / (sqrt(s / (1 - beta2^t)) + epsilon)
///
/// As PyTorch does, the bias correction takes the current beta1 where a schedule moves it.
struct Adam {
  let beta2: Double
  let epsilon: Float
  let weightDecay: Double
  private(set) var step = 0

  private let mean: Storage
  private let square: Storage

  init(count: Int, beta2: Double = 0.999, epsilon: Float = 1e-8, weightDecay: Double) {
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    mean = Storage(count: count)
    square = Storage(count: count)
  }

  /// One step on `values` with `gradient` times `gradientScale`.
  mutating func update(
    _ values: Storage, gradient: Storage, gradientScale: Float, rate: Double, beta1: Double
  ) {
    step += 1
    let first = 1 - almanac_pow(beta1, Double(step))
    let second = 1 - almanac_pow(beta2, Double(step))
    Kernels.adamW(
      values: values, gradient: gradient, mean: mean, square: square, gradientScale: gradientScale,
      beta1: Float(beta1), beta2: Float(beta2), keep: Float(1 - rate * weightDecay),
      rate: Float(rate / first), rootCorrection: Float(1 / second.squareRoot()), epsilon: epsilon)
  }
}
