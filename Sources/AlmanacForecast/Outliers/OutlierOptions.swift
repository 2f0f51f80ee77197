/// How an ``OutlierDetector`` turns samples into scores.
public enum OutlierMethod: String, Sendable, CaseIterable {
  /// The largest of four surprises (one step, five samples, expectation, half an hour), each in
  /// units of its own Pareto tail.
  case auto
  /// Likelihood ratio, under a Gaussian mixture of the past week, of what was expected against
  /// what came, in units of its own Pareto tail.
  case gmm
  /// Distance to the expectation in units of its own Pareto tail.
  case residual
  /// Distance to the expectation as a robust z-score (median and median absolute deviation).
  case mad
  /// Distance to the expectation beyond Tukey's fences (quartiles and interquartile range).
  case iqr
  /// Distance to the expectation by the generalised extreme studentised deviate test
  /// (Rosner 1983) against the past window.
  case esd
}

/// Which side of the expectation an outlier lies on, or which sides are asked for.
public enum OutlierDirection: String, Sendable, CaseIterable {
  /// Either side.
  case both
  /// Above.
  case up
  /// Below.
  case down
}

/// What an ``OutlierDetector`` looks for.
public struct OutlierOptions: Sendable, Equatable {
  /// How scores are made.
  public var method = OutlierMethod.auto
  /// Samples a day on the regular grid: 1,440 for a step of one minute.
  public var samplesPerDay: Int
  /// Days of past that scales and mixtures are fitted on; Pareto tails read four times as many
  /// (`gmm`: as many).
  public var historyDays: Double = 7
  /// The statistic at which the score is 1; nil takes it from ``alarmsPerDay``.
  ///
  /// Its unit is the method's: `auto`, `gmm` and `residual` count -log10 of alarms a sample,
  /// `mad` and `esd` standard deviations, `iqr` interquartile ranges beyond a quartile.
  public var threshold: Double?
  /// What thresholds are multiplied by, see ``ThresholdFactor``.
  public var thresholdFactor = 1.0
  /// False alarms a day that the automatic threshold aims at on a signal without outliers, where
  /// one alarm is samples of score 1 and more with less than half an hour between them.
  public var alarmsPerDay = 1.0 / 7
  /// Sides that count; a sample on the other side scores 0.
  public var direction = OutlierDirection.both
  /// Distance to the expectation, in the signal's unit, below which a sample scores 0.
  public var minimumDeviation = 0.0
  /// Samples in succession, missing ones left out, that have to reach the threshold before one
  /// may score 1.
  public var minimumRun = 1
  /// Seed of the mixture's starting points.
  public var seed: UInt64 = 0
  /// Index of the first sample on the absolute grid whose multiples of ``samplesPerDay`` are
  /// midnights. Refits happen at quarter days of that grid, wherever the samples begin.
  public var gridOffset = 0

  /// The defaults for a grid of `samplesPerDay` samples a day.
  public init(samplesPerDay: Int) {
    self.samplesPerDay = samplesPerDay
  }
}
