internal import AlmanacNeural

internal import AlmanacCore

/// A recurrent network on what the week profile leaves over, in windows relative to the level of
/// the day before them, so that its roll-out falls back to profile and level of late.
struct NetworkForecaster: Equatable, Sendable {
  /// Hidden units.
  var hidden: Int
  /// Steps that the encoder reads.
  var window: Int
  /// Scaling of the residual, of the last history trained on.
  var scaler: Scaler
  /// The network's weights.
  var weights: [Float]

  /// Scaled residuals are held within this many units.
  private static let limit = 5.0
  /// Farther ahead than this many periods the roll-out has settled and its last value is kept.
  private static let periods = 14
  /// Steps of the free-running decoder in training.
  static let decoderSteps = 8

  static func == (a: NetworkForecaster, b: NetworkForecaster) -> Bool {
    a.hidden == b.hidden && a.window == b.window && a.scaler == b.scaler && a.weights == b.weights
  }

  /// The window in steps: `window` long, at least 12 steps and at most 240 or half a week.
  static func window(_ window: Interval, step: Interval, rhythm: Rhythm) -> Int {
    let steps = window.count(of: step)
    return max(2, min(max(steps, 12), 240, 7 * rhythm.day / 2))
  }

  /// Whether a past is long enough to train on.
  static func isEnough(_ count: Int, window: Int, rhythm: Rhythm) -> Bool {
    count >= max(3 * rhythm.day, window + decoderSteps + 256)
  }

  /// What a network is trained on: what the profile leaves over, scaled.
  static func residual(
    _ past: Past, rules: SeasonalRules, options: ForecastOptions
  ) -> (series: [Float], scaler: Scaler) {
    let residual = SeasonalProfile.residual(past.values, profile: rules.week)
    let kind = options.scale == .log ? .robust : options.scale
    let scaler = Scaler(kind, fitting: residual)
    return (Self.scaled(residual, scaler).map { Float($0) }, scaler)
  }

  /// Trains a network, or an existing one further.
  ///
  /// - Parameter progress: hears how far the whole course is.
  static func train(
    _ network: NetworkForecaster?, on past: Past, rules: SeasonalRules, options: ForecastOptions,
    course: Course.Part, progress: (TrainingProgress) -> Bool
  ) throws(ForecastError) -> NetworkForecaster {
    let (series, scaler) = residual(past, rules: rules, options: options)
    let weights = try train(
      network?.weights, on: [series], day: rules.rhythm.day, options: options, course: course,
      progress: progress)
    return NetworkForecaster(
      hidden: network?.hidden ?? options.hidden, window: course.window, scaler: scaler,
      weights: weights)
  }

  /// The weights after training on scaled residuals, from `weights` or from the beginning.
  static func train(
    _ weights: [Float]?, on all: [[Float]], day: Int, options: ForecastOptions,
    course: Course.Part, progress: (TrainingProgress) -> Bool
  ) throws(ForecastError) -> [Float] {
    do {
      var net =
        try weights.map { old throws(NeuralError) in
          try Seq2Seq(hidden: options.hidden, weights: old)
        } ?? Seq2Seq(hidden: options.hidden, seed: options.seed)
      var training = TrainingOptions()
      training.window = course.window
      training.decoderSteps = decoderSteps
      training.steps = course.steps
      training.batch = options.batch
      training.learningRate = course.peak
      training.weightDecay = 1e-3
      training.clipNorm = 1
      training.huberBeta = 0.3
      training.seed = course.seed
      training.anchor = day
      training.threads = options.threads
      _ = try Trainer(options: training).train(&net, on: all) { progress(course.progress($0)) }
      return net.weights
    } catch {
      throw ForecastError(
        error.code == .cancelled ? .cancelled : .training,
        "cannot train the network: \(error.message)")
    }
  }

  /// The forecast alone: profile plus rolled-out residual; nil where the roll-out left all bounds.
  func forecast(_ past: Past, rules: SeasonalRules, steps: Int) -> [Double]? {
    guard let network = try? Seq2Seq(hidden: hidden, weights: weights) else { return nil }
    let day = rules.rhythm.day
    let tail = Array(past.values.suffix(max(day, window)))
    guard tail.count >= window else { return nil }
    let scaled = Self.scaled(SeasonalProfile.residual(tail, profile: rules.week), scaler)
    let level = Quantiles.mean(scaled.suffix(day))
    let input = scaled.suffix(window).map { Float(min(max($0 - level, -Self.limit), Self.limit)) }
    let rolled = min(steps, Self.periods * day)
    let output = network.rollOut(windows: input, window: window, steps: rolled)
    guard output.allSatisfy({ $0.isFinite && abs($0) < 2 * Float(Self.limit) }) else { return nil }
    var result = SeasonalRules.tiled(rules.week, steps)
    for index in 0..<steps {
      result[index] += scaler.inverse(level + Double(output[min(index, rolled - 1)]))
    }
    return result
  }

  private static func scaled(_ residual: [Double], _ scaler: Scaler) -> [Double] {
    residual.map { min(max(scaler.apply($0), -limit), limit) }
  }
}
