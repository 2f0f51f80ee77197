import CKernels
import Dispatch

/// Trains a `Seq2Seq` on windows of one or more series: AdamW (Kingma & Ba 2015, Loshchilov & Hutter 2019) on the
/// smooth L1 loss of the free-running decoder, with a one-cycle learning rate and gradients clipped
/// by norm.
public struct Trainer: Sendable {
  private let options: TrainingOptions

  /// Every mini-batch is cut in this many parts, even on one thread: see `Shard`.
  private static let shardCount = 4

  /// Anchored windows are held within this many units of their level.
  private static let anchorLimit: Float = 5

  /// Most floats of working memory, 4 GiB: options beyond are refused, not tried.
  private static let memoryLimit = 1 << 30

  /// Weight of the past in the reported loss.
  private static let smoothing = 0.95

  /// Makes a trainer. Options are checked by `train`.
  public init(options: TrainingOptions) {
    self.options = options
  }

  /// Trains `network` further from its present weights.
  ///
  /// The same weights, series and options give the same result to the last bit on the same machine,
  /// whatever the number of threads. Blocks the calling thread, which works too. Memory: about 20 B
  /// (W + K) H bytes with batch B, window W, K decoder steps and H hidden units, at most 4 GiB;
  /// nothing is allocated between steps, but for what Dispatch needs to hand work to its threads.
  ///
  /// - Parameters:
  ///   - network: changed only if the training ends well; on an error it is as before.
  ///   - all: one or more series, each samples in order, of about unit scale; windows are drawn
  ///     from all of them alike.
  ///   - progress: called on the calling thread after every step; returning false stops the
  ///     training.
  /// - Returns: mean loss per predicted sample, smoothed over about the last 20 steps.
  /// - Throws: `invalidArgument` for options, weights or memory out of range; `nonFinite` if series
  ///   or weights hold a NaN or infinity; `tooShort` if a series has fewer than window +
  ///   decoderSteps samples, or there is none; `diverged`; `cancelled`.
  public func train(
    _ network: inout Seq2Seq, on all: [[Float]], progress: (TrainingProgress) -> Bool
  ) throws(NeuralError) -> Float {
    try check(network, all)
    BLASKernel.select()

    let parameters = Parameters(hidden: network.hidden, copying: network.weights)
    let samples = Storage(Array(all.joined()))
    let levels = options.anchor.map { count in
      all.flatMap { Self.levels(of: $0, over: count) }
    }
    let shards = makeShards(hidden: network.hidden)
    let helpers = makeHelpers(for: shards)
    let starts = WindowStarts(
      lengths: all.map(\.count), windowLength: options.window + options.decoderSteps)
    let scale = 1 / Float(options.batch * options.decoderSteps)

    var random = RandomSource(seed: options.seed)
    var adam = Adam(count: parameters.values.count, weightDecay: Double(options.weightDecay))
    let schedule = LearningRateSchedule(peak: Double(options.learningRate), steps: options.steps)
    let beta = options.huberBeta
    let work: @Sendable (Shard) -> Void = { shard in
      shard.gather(samples, levels: levels, limit: Self.anchorLimit)
      shard.forward(parameters)
      shard.backward(parameters, beta: beta, scale: scale)
    }
    var smoothed = 0.0
    var reported: Float = 0

    for step in 0..<options.steps {
      for shard in shards {
        for row in shard.starts.indices {
          shard.starts[row] = starts[random.index(below: starts.count)]
        }
      }
      run(shards, with: helpers, work)

      let gradient = shards[0].gradients.values
      for shard in shards.dropFirst() { Kernels.add(shard.gradients.values, to: gradient) }
      let norm = Kernels.squareSum(gradient).squareRoot()
      let loss = shards.reduce(0) { $0 + $1.loss } * Double(scale)
      guard norm.isFinite && loss.isFinite else {
        throw NeuralError(
          code: .diverged, message: "cannot go on training: the loss is infinite at step \(step)")
      }
      let (rate, beta1) = schedule(step)
      adam.update(
        parameters.values, gradient: gradient,
        gradientScale: Float(min(1, Double(options.clipNorm) / (norm + 1e-6))), rate: rate,
        beta1: beta1)

      smoothed = Self.smoothing * smoothed + (1 - Self.smoothing) * loss
      reported = Float(smoothed / (1 - almanac_pow(Self.smoothing, Double(step + 1))))
      let state = TrainingProgress(step: step + 1, steps: options.steps, loss: reported)
      guard progress(state) else { throw NeuralError.cancelled }
    }

    let weights = parameters.values.array
    guard weights.allSatisfy(\.isFinite) else {
      throw NeuralError(
        code: .diverged, message: "cannot use the trained weights: some are not finite")
    }
    network.weights = weights
    return reported
  }
}

extension Trainer {
  /// Mean of the last `count` samples up to and with each sample; near the start, of what there is.
  static func levels(of series: [Float], over count: Int) -> [Float] {
    var sums = [0.0]
    sums.reserveCapacity(series.count + 1)
    var sum = 0.0
    for sample in series {
      sum += Double(sample)
      sums.append(sum)
    }
    return series.indices.map { index in
      let first = max(index + 1 - count, 0)
      return Float((sums[index + 1] - sums[first]) / Double(index + 1 - first))
    }
  }

  private func check(_ network: Seq2Seq, _ all: [[Float]]) throws(NeuralError) {
    try options.check()
    try network.checkWeights()
    let floats = options.batch * (options.window + options.decoderSteps) * 5 * network.hidden
    guard floats <= Self.memoryLimit else {
      throw NeuralError(
        code: .invalidArgument,
        message: "cannot train: \(floats) numbers of working memory exceed \(Self.memoryLimit)")
    }
    let needed = options.window + options.decoderSteps
    let shortest = all.map(\.count).min() ?? 0
    guard shortest >= needed else {
      throw NeuralError(
        code: .tooShort,
        message: "cannot train on \(shortest) samples: one window needs \(needed)")
    }
    for series in all {
      if let place = series.firstIndex(where: { !$0.isFinite }) {
        throw NeuralError(
          code: .nonFinite, message: "cannot train: sample \(place) is \(series[place])")
      }
    }
  }

  private func makeShards(hidden: Int) -> [Shard] {
    let count = min(Self.shardCount, options.batch)
    return (0..<count).map { index in
      Shard(
        hidden: hidden, batch: options.batch * (index + 1) / count - options.batch * index / count,
        window: options.window, steps: options.decoderSteps)
    }
  }

  /// The queues that work beside the thread that trains. They have threads of their own quality of
  /// service, which others' work does not share: what is made patient there stays so.
  private func makeHelpers(for shards: [Shard]) -> [DispatchQueue] {
    (1..<max(min(options.threads, shards.count), 1)).map {
      DispatchQueue(label: "almanac.training.\($0)", qos: .utility)
    }
  }

  /// Does `work` for every shard, on this thread and the helpers'.
  private func run(
    _ shards: [Shard], with helpers: [DispatchQueue], _ work: @escaping @Sendable (Shard) -> Void
  ) {
    let threads = helpers.count + 1
    let niceness = Niceness.ofThread
    let group = DispatchGroup()
    for (number, helper) in helpers.enumerated() {
      helper.async(group: group) {
        // As patient as the thread that began it.
        Niceness.raise(to: niceness)
        for index in stride(from: number + 1, to: shards.count, by: threads) { work(shards[index]) }
      }
    }
    for index in stride(from: 0, to: shards.count, by: threads) { work(shards[index]) }
    group.wait()
  }
}
