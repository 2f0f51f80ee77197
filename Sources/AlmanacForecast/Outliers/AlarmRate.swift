internal import Glibc

/// How often runs of samples reached a surprise in the past: what turns the alarms a sample that
/// are wanted into the surprise that scores 1.
///
/// Runs are exceedances with gaps of less than half an hour (runs declustering; Smith and
/// Weissman, Journal of the Royal Statistical Society B 56, 1994). Their highest surprises above a
/// level follow an exponential law (Pickands, Annals of Statistics 3, 1975; surprises are
/// logarithms), whose slope is drawn towards that between a Gaussian and a Pareto tail. The level
/// is where about five times as many runs were seen as alarms are wanted, so the law is carried on
/// by little. Nothing is assumed of how surprises depend on each other or on time.
struct AlarmRate {
  /// Surprise above which the law holds.
  private let level: Double
  /// -log10 of runs a sample that reach the level.
  private let atLevel: Double
  /// Surprise that makes alarms ten times rarer above the level.
  private let decade: Double

  /// A statistic and its tail.
  typealias Statistic = (tail: ParetoTail, sizes: [Double])

  private static let runsPerAlarm = 5.0
  private static let fewestRuns = 10
  /// The largest share of samples that runs are looked for in.
  private static let share = 0.005
  /// The share of the highest runs whose height does not count: they may be true outliers.
  private static let censored = 0.1
  /// As if so many runs of `priorSlope` had been seen.
  private static let priorWeight = 10.0
  private static let priorSlope = 0.3
  private static let steepest = 1.5
  private static let least = 0.3

  /// The rate in `range` of the largest of one to four surprises, fitted for about `wanted`
  /// (-log10 of alarms a sample); `gap` samples end a run.
  init(of statistics: [Statistic], in range: Range<Int>, gap: Int, wanted: Double) {
    let past = PastSurprises(statistics, range)
    let alarms = Self.runsPerAlarm * pow(10, -wanted) * Double(past.samples)
    let most = max(Self.fewestRuns, Int(alarms))
    let candidates = max(4 * most, Int(Self.share * Double(past.samples)))
    let base = past.threshold(exceededBy: candidates) ?? Self.bound(statistics)
    let peaks = past.peaks(reaching: base, gap: gap)
    let count = min(most, peaks.count)
    level = count < peaks.count ? peaks[count] : base
    // Half a run more, and as much past that the surprise alone would say so.
    atLevel = max(
      log10(Double(past.samples) + 0.5 * pow(10, level)) - log10(Double(count) + 0.5), 0.1)
    let hidden = Int(Self.censored * Double(count))
    var sum = Self.priorWeight * Self.priorSlope
    for rank in 0..<count { sum += peaks[max(rank, hidden)] - level }
    let slope = sum / (Self.priorWeight + Double(count - hidden))
    decade = min(slope, Self.steepest) * log(10)
  }

  private static func bound(_ statistics: [Statistic]) -> Double {
    statistics.reduce(ParetoTail.cap) { min($0, $1.tail.boundSurprise) }
  }

  /// The surprise that is reached by 10^-`wanted` alarms a sample.
  func surprise(at wanted: Double) -> Double {
    let result =
      wanted > atLevel ? level + (wanted - atLevel) * decade : level * wanted / atLevel
    return max(result, Self.least)
  }
}

/// The largest surprise of each sample of the past at which some statistic reaches its tail: of a
/// signal that repeats itself exactly the largest values do just that, each day anew.
private struct PastSurprises {
  /// Samples that were looked at.
  private(set) var samples = 0
  private var indices: [Int] = []
  private var values: [Double] = []

  init(_ statistics: [AlarmRate.Statistic], _ range: Range<Int>) {
    precondition((1...4).contains(statistics.count), "BUG: \(statistics.count) statistics")
    // Absent ones stand for the first again: four plain arrays keep the loop quick.
    let (first, firstTail) = (statistics[0].sizes, statistics[0].tail)
    let (second, secondTail) = Self.pick(1, statistics)
    let (third, thirdTail) = Self.pick(2, statistics)
    let (fourth, fourthTail) = Self.pick(3, statistics)
    for index in range {
      let (a, b, c, d) = (first[index], second[index], third[index], fourth[index])
      if !a.isNaN { samples += 1 }
      guard
        a >= firstTail.bound || b >= secondTail.bound || c >= thirdTail.bound
          || d >= fourthTail.bound
      else { continue }
      var most = 0.0
      if a >= firstTail.bound { most = firstTail.surprise(a) }
      if b >= secondTail.bound { most = max(most, secondTail.surprise(b)) }
      if c >= thirdTail.bound { most = max(most, thirdTail.surprise(c)) }
      if d >= fourthTail.bound { most = max(most, fourthTail.surprise(d)) }
      indices.append(index)
      values.append(most)
    }
  }

  private static func pick(
    _ index: Int, _ statistics: [AlarmRate.Statistic]
  ) -> ([Double], ParetoTail) {
    let one = statistics[index < statistics.count ? index : 0]
    return (one.sizes, one.tail)
  }

  /// The surprise that `count` samples exceed; nil when there are not so many.
  func threshold(exceededBy count: Int) -> Double? {
    guard count < values.count else { return nil }
    var scratch = values
    return Quantiles.select(&scratch, count: values.count, rank: values.count - 1 - count)
  }

  /// The highest surprise of each run that reaches `base`, highest first.
  func peaks(reaching base: Double, gap: Int) -> [Double] {
    var peaks: [Double] = []
    var last = Int.min / 2
    for (index, value) in zip(indices, values) where value >= base {
      if index - last > gap {
        peaks.append(value)
      } else {
        peaks[peaks.count - 1] = max(peaks[peaks.count - 1], value)
      }
      last = index
    }
    return peaks.sorted(by: >)
  }
}

extension OutlierOptions {
  /// False alarms a sample that are wanted.
  private var alarmsPerSample: Double { min(alarmsPerDay / Double(samplesPerDay), 0.3) }

  /// The statistic that scores 1 unless a threshold is given, in the method's unit.
  var automaticThreshold: Double {
    switch method {
    case .auto, .gmm, .residual: -log10(alarmsPerSample)
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
