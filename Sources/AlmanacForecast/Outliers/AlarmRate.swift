internal import Glibc

/// From the false alarms a day that are wanted to the statistic that scores 1.
///
/// A fitted Pareto tail is heavier than that of noise, and the largest of three surprises is larger
/// than one. So the alarms really raised were counted on white noise, autoregression and daily
/// rhythms at 24, 288 and 1,440 samples a day, and the tables below turn the count round. Heavy
/// tails, which the Pareto law fits, give two to five times as many alarms as wanted at a step of
/// one minute, up to twice as many at longer ones.
enum AlarmRate {
  /// -log10 of alarms wanted a sample, and -log10 p to ask for, with one surprise.
  private static let one: [(wanted: Double, asked: Double)] = [
    (0.5, 0.5), (2, 1.95), (2.25, 2.05), (3.3, 2.8), (4, 3.3), (5, 3.85), (7, 4.85),
  ]
  /// The same with three surprises.
  private static let three: [(wanted: Double, asked: Double)] = [
    (0.5, 0.7), (2, 2.12), (2.25, 2.28), (3.3, 3.15), (4, 3.57), (5, 4.05), (7, 5.05),
  ]

  /// -log10 p at which `alarms` false alarms a sample come of the largest of `surprises` (1 or 3).
  static func surprise(alarms: Double, surprises: Int) -> Double {
    let table = surprises == 1 ? one : three
    let wanted = max(-log10(alarms), table[0].wanted)
    var last = 1
    while last < table.count - 1, table[last].wanted < wanted { last += 1 }
    let (low, high) = (table[last - 1], table[last])
    // Past the end the last slope goes on.
    let share = (wanted - low.wanted) / (high.wanted - low.wanted)
    return low.asked + share * (high.asked - low.asked)
  }
}

extension OutlierOptions {
  /// False alarms a sample that are wanted.
  private var alarmsPerSample: Double { min(alarmsPerDay / Double(samplesPerDay), 0.3) }

  /// The statistic that scores 1 unless a threshold is given, in the method's unit.
  var automaticThreshold: Double {
    switch method {
    case .auto: AlarmRate.surprise(alarms: alarmsPerSample, surprises: 3)
    case .gmm, .residual: AlarmRate.surprise(alarms: alarmsPerSample, surprises: 1)
    case .mad, .esd: NormalQuantile.upper(alarmsPerSample / 2)
    case .iqr: max((NormalQuantile.upper(alarmsPerSample / 2) - 0.6745) / 1.349, 0.1)
    }
  }

  /// The same by Student's t distribution, for an estimate from `count` samples.
  func studentThreshold(count: Int) -> Double {
    if let threshold { return threshold }
    let n = Double(max(count, 3))
    return NormalQuantile.studentUpper(alarmsPerSample / 2, freedom: n - 1)
      * (1 + 1 / n).squareRoot()
  }
}
