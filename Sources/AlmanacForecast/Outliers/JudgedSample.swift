/// One sample with what was expected of it and how far it strays.
public struct JudgedSample: Sendable, Equatable {
  /// Index into the values given.
  public var index: Int
  /// The sample.
  public var value: Double
  /// What was expected of it, from samples before it.
  public var expected: Double
  /// Lower end of the band outside which the distance to the expectation alone scores 1.
  ///
  /// With `gmm` it is the band of `residual`.
  public var lower: Double
  /// Upper end of the band outside which the distance to the expectation alone scores 1.
  public var upper: Double
  /// Statistic / threshold, at least 0; 1 is the threshold.
  public var score: Double
  /// `gmm`: log-likelihood (nats) of the row (residual, step, level) that came.
  public var llActual: Double?
  /// `gmm`: log-likelihood (nats) of the row that was expected.
  public var llExpected: Double?
  /// Side on which the strangest part of the sample lies: `up` or `down`.
  public var direction: OutlierDirection
  /// A short English sentence with numbers.
  public var reason: String
  /// The reason's kind: `usual`, `spike`, `dip`, `jump`, `level_shift`, `unusual_value`,
  /// `not_finite` or `too_little_history`.
  public var code: String
  /// `gmm`: the mixture component the sample most likely belongs to.
  public var component: Int?
  /// Index of the first sample to look at beside this one.
  public var contextStart: Int
  /// Index of the last sample to look at beside this one.
  public var contextEnd: Int
  /// Index of the nearest comparable time: a week earlier, else a day, where there is a sample.
  public var comparable: Int?
  /// Index of the first sample of the run at or above the threshold, seen from this sample; its
  /// own index outside runs.
  public var runStart: Int
  /// Samples of that run up to this one, missing ones left out; 0 outside runs.
  public var runLength: Int
}

/// What a forecast says of the samples to be judged, in place of the walk-forward rules.
public struct ReferenceCurve: Sendable {
  /// Expected values, one for each sample; NaN where the forecast says nothing.
  public var expected: [Double]
  /// Lower ends of the forecast's 95 % band, NaN where there is none.
  public var lower: [Double]
  /// Upper ends of the forecast's 95 % band, NaN where there is none.
  public var upper: [Double]

  /// A curve of three columns of the same length.
  public init(expected: [Double], lower: [Double], upper: [Double]) {
    self.expected = expected
    self.lower = lower
    self.upper = upper
  }

  func has(count: Int) -> Bool {
    expected.count == count && lower.count == count && upper.count == count
  }
}
