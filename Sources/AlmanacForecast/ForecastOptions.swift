public import AlmanacCore

/// Which method forecasts.
public enum ModelKind: String, Sendable, CaseIterable {
  /// The mix of seasonal rules with the share of a network that a hold-out grants it.
  case auto
  /// The network alone on what the week profile leaves over.
  case seq2seq
  /// Yesterday or last week again, whichever did better.
  case seasonalNaive = "seasonal_naive"
  /// Additive Holt-Winters smoothing with the day as its season.
  case holtWinters = "holt_winters"
  /// The line of least squares.
  case linear
  /// What `auto` trains: seasonal rules, with or without a network. Not to be asked for.
  case ensemble
  /// The last value again: a fallback.
  case lastValue = "last_value"
  /// The line through the first and last value: a fallback.
  case drift
  /// The median: a fallback.
  case median

  /// The kinds that options may name.
  public static let selectable: [ModelKind] = [
    .auto, .seq2seq, .seasonalNaive, .holtWinters, .linear,
  ]
}

/// How a model is trained.
public struct ForecastOptions: Sendable, Equatable {
  /// The method; one of `ModelKind.selectable`.
  public var model: ModelKind = .auto
  /// How much past the network reads before it forecasts; at least 12 steps are used.
  public var window: Interval = .minutes(60)
  /// Hidden units of the network, 1 to 1024.
  public var hidden = 32
  /// Windows in a mini-batch, 1 to 65,536.
  public var batch = 256
  /// Passes over the history; nil is a fixed number of steps (300 at one minute).
  public var epochs: Int?
  /// How the network's residual is scaled; `log` takes logarithms in front of everything.
  public var scale: ScaleKind = .robust
  /// How gaps of up to two hours are filled.
  public var interpolate: InterpolationMethod = .linear
  /// Seed of the network's first weights and of the choice of windows.
  public var seed: UInt64 = 0
  /// Neither forecast nor bounds go below.
  public var minimum: Double?
  /// Neither forecast nor bounds go above.
  public var maximum: Double?
  /// Stages in front, refitted on the past of every backtest, undone on the forecast.
  public var preparation: [PreparationStep] = []
  /// Threads to train on; the result does not depend on them.
  public var threads = 2

  /// The defaults with the method `model`.
  public init(model: ModelKind = .auto) {
    self.model = model
  }

  /// All stages in front, the logarithm of `scale` last.
  var stages: [PreparationStep] { scale == .log ? preparation + [.scale(.log)] : preparation }

  /// Refuses what no training could use.
  func check() throws(ForecastError) {
    let fail = { (message: String) in
      ForecastError(.badArgument, "cannot train a forecast: \(message)")
    }
    guard ModelKind.selectable.contains(model) else {
      throw fail("model \(model.rawValue) cannot be asked for")
    }
    guard window > .zero else { throw fail("window must be positive") }
    guard (1...1024).contains(hidden) else { throw fail("hidden must be 1 to 1024") }
    guard (1...65_536).contains(batch) else { throw fail("batch must be 1 to 65536") }
    guard epochs.map({ (1...10_000).contains($0) }) ?? true else {
      throw fail("epochs must be 1 to 10000")
    }
    guard threads >= 1 else { throw fail("threads must be at least 1") }
    guard minimum?.isFinite ?? true, maximum?.isFinite ?? true else {
      throw fail("min and max must be finite")
    }
    if let minimum, let maximum, minimum > maximum { throw fail("min is above max") }
  }
}
