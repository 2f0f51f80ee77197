public import AlmanacCore
internal import Glibc

/// A period that a series repeats with.
public struct Periodicity: Sendable, Equatable {
  /// Its length.
  public var period: Interval
  /// How much of the variance it makes up of what moves no slower, 0.1 to 1; see
  /// `Decomposition.strength`.
  public var strength: Double
  /// How many of them the series holds.
  public var cycles: Double

  /// The strongest periods of `series`, at most `limit`, strongest first; none of noise.
  ///
  /// Candidates are the highest peaks of the periodogram, each taken to the lag with the best
  /// autocorrelation nearby (as in Vlachos, Yu and Castelli, 2005), and the usual spans of clock and
  /// calendar. From short to long, one is a period where the correlation at its lag, without what
  /// moves slower, is three (usual spans) or four standard errors (Bartlett, 1946) above 0, and
  /// above that of neighbouring lags. What it explains is taken away before longer ones are looked
  /// at.
  public static func find(in series: RegularSeries, limit: Int) -> [Periodicity] {
    guard let search = PeriodSearch(series) else { return [] }
    return Array(search.run().prefix(max(0, limit)))
  }
}

/// One search for periods.
private struct PeriodSearch {
  /// A period that was found, in steps, with its typical values; (period).
  struct Found {
    var period: Int
    var profile: [Double]
    var variance: Double
  }

  /// Longer series are searched on means of several steps.
  private static let maximumCount = 131_072
  private static let minutes: Int64 = 60_000_000_000
  /// Spans that periods are taken to where they are within 2 %, and those that are always tried.
  private static let usual: [Int64] = [
    1, 5, 10, 15, 30, 60, 120, 240, 360, 480, 720, 1440, 10_080,
  ].map { $0 * minutes }
  private static let tried: [Int64] = [60, 240, 360, 480, 720, 1440, 10_080].map { $0 * minutes }

  private let step: Interval
  private let values: [Double]
  private let usual: [Int]
  private let tried: [Int]

  /// nil where there is nothing to be found.
  init?(_ series: RegularSeries) {
    let factor = (series.count + Self.maximumCount - 1) / Self.maximumCount
    let (width, overflow) = series.step.nanoseconds.multipliedReportingOverflow(
      by: Int64(max(factor, 1)))
    guard series.count >= 8, !overflow else { return nil }
    let step = Interval(nanoseconds: width)
    var values = factor > 1 ? Self.means(series.values, of: factor) : series.values
    for index in values.indices where !values[index].isFinite { values[index] = .nan }
    // In the unit of the largest: no square overflows.
    let unit = values.reduce(0) { $1.isNaN ? $0 : max($0, abs($1)) }
    guard unit > 0 else { return nil }
    for index in values.indices { values[index] /= unit }
    _ = values.fillGaps(.linear, limit: Int.max)
    values.fillEnds()
    // A single spike is no rhythm.
    let median = Quantiles.median(values)
    let distance = Quantiles.median(values.map { abs($0 - median) })
    let reach = distance > 0 ? 9 * distance : 4 * Quantiles.deviation(values)
    for index in values.indices {
      values[index] = min(max(values[index], median - reach), median + reach)
    }
    let line = TrendLine(fitting: RegularSeries(start: series.start, step: step, values: values))
    line.add(times: -1, to: &values, start: series.start, step: step)
    guard Quantiles.deviation(values) > 1e-12 else { return nil }
    self.values = values
    self.step = step
    let steps = { (spans: [Int64]) in
      spans.filter { $0 % width == 0 }.map { Int($0 / width) }
    }
    usual = steps(Self.usual)
    tried = steps(Self.tried)
  }

  private static func means(_ values: [Double], of factor: Int) -> [Double] {
    stride(from: 0, to: values.count, by: factor).map { start in
      let known = values[start..<min(start + factor, values.count)].filter(\.isFinite)
      return known.isEmpty ? .nan : known.reduce(0) { $0 + $1 / Double(known.count) }
    }
  }

  func run() -> [Periodicity] {
    var rest = values
    var found: [Found] = []
    for period in candidates() {
      let isNear = found.contains { abs(period - $0.period) * 10 <= $0.period }
      guard !isNear, isPeriod(period, in: rest) else { continue }
      let fold = self.fold(rest, period)
      for index in rest.indices { rest[index] -= fold.profile[index % period] }
      found.append(fold)
    }
    return found.filter { !isHarmonic($0, of: found) }
      .map { one in
        Periodicity(
          period: Interval(nanoseconds: Int64(one.period) * step.nanoseconds),
          strength: strength(of: one, rest), cycles: Double(values.count) / Double(one.period))
      }
      .filter { $0.strength >= 0.1 }
      .sorted { $0.strength > $1.strength }
  }

  // MARK: - Candidates

  /// Lengths to test, ascending: four steps to half of the series.
  private func candidates() -> [Int] {
    let count = values.count
    let fourier = Fourier(atLeast: 2 * count)
    let lags = fourier.autocorrelation(values, lags: count / 2 + 1)
    let window = values.indices.map { index in
      values[index] * (0.5 - 0.5 * cos(2 * Double.pi * (Double(index) + 0.5) / Double(count)))
    }
    let power = fourier.power(window)
    let size = Double(fourier.count)
    let first = max(1, Int(2 * size / Double(count)))
    var peaks: [Int] = []
    for index in first..<max(first, fourier.count / 4 + 1)
    where power[index] > power[index - 1] && power[index] >= power[index + 1] {
      peaks.append(index)
    }
    peaks.sort { power[$0] > power[$1] }
    var result = Set(tried)
    for peak in peaks.prefix(24) {
      let low = max(4, Int(size / (Double(peak) + size / Double(count))))
      let high = min(count / 2, Int((size / Double(max(peak - 1, 1))).rounded(.up)))
      guard low <= high else { continue }
      let period = best(in: low...high, lags)
      let near = usual.first { abs($0 - period) <= max(1, period / 50) }
      let isRepeated = near != nil || 3 * period <= count
      if isRepeated { result.insert(near ?? period) }
    }
    return result.filter { $0 >= 4 && $0 <= count / 2 }.sorted()
  }

  /// The lag whose first multiples correlate best, or a neighbour that is better still: side lobes
  /// of a peak lead to the peak.
  private func best(in lengths: ClosedRange<Int>, _ lags: [Double]) -> Int {
    let multiples = max(1, min(8, (lags.count - 1) / lengths.upperBound))
    let score = { (length: Int) -> Double in
      (1...multiples).reduce(0) { $0 + lags[min(length * $1, lags.count - 1)] }
    }
    var best = (length: lengths.lowerBound, score: -Double.infinity)
    for length in lengths {
      let found = score(length)
      if found > best.score { best = (length, found) }
    }
    while let next = [best.length - 1, best.length + 1].first(where: {
      $0 >= 4 && $0 < lags.count && score($0) > best.score
    }) {
      best = (next, score(next))
    }
    return best.length
  }

  // MARK: - Tests

  private func isPeriod(_ period: Int, in values: [Double]) -> Bool {
    let fast = Self.withoutTrend(values, width: period)
    let correlation = Correlation(fast)
    guard correlation.variance > 1e-12 * Correlation(self.values).variance else { return false }
    let value = correlation.at(period)
    // Bartlett's sum up to where the memory ends.
    let stride = max(1, period / 64)
    var sum = 0.0
    for lag in Swift.stride(from: stride, to: period, by: stride) {
      let memory = correlation.at(lag)
      if memory <= 0 { break }
      sum += Double(stride) * memory * memory
    }
    let error = ((1 + 2 * sum) / Double(values.count)).squareRoot()
    let least = values.count < 6 * period ? 0.25 : 0.1
    guard value >= max(least, (usual.contains(period) ? 3 : 4) * error) else { return false }
    let aside = max(1, period / 8)
    return value > correlation.at(period - aside) && value > correlation.at(period + aside)
  }

  /// Values less the mean of the `width` around each, at the ends of those nearest to it. Where the
  /// width is even, half of one value on either side counts.
  private static func withoutTrend(_ values: [Double], width: Int) -> [Double] {
    let half = width / 2
    var sums = [0.0]
    sums.reserveCapacity(values.count + 1)
    for value in values { sums.append(sums[sums.count - 1] + value) }
    return values.indices.map { index in
      let middle = min(max(index, half), max(half, values.count - 1 - half))
      let low = middle - half
      let high = min(values.count, middle + half + 1)
      var sum = sums[high] - sums[low]
      if width % 2 == 0 { sum -= 0.5 * (values[low] + values[high - 1]) }
      return values[index] - sum / Double(high - low - (width % 2 == 0 ? 1 : 0))
    }
  }

  /// The mean at each position of a period, about 0.
  private func fold(_ rest: [Double], _ period: Int) -> Found {
    let fast = Self.withoutTrend(rest, width: period)
    var profile = [Double](repeating: 0, count: period)
    for position in 0..<period {
      var sum = 0.0
      for index in stride(from: position, to: fast.count, by: period) { sum += fast[index] }
      profile[position] = sum / Double((fast.count - position - 1) / period + 1)
    }
    let mean = Quantiles.mean(profile)
    for position in profile.indices { profile[position] -= mean }
    let deviation = Quantiles.deviation(profile)
    return Found(period: period, profile: profile, variance: deviation * deviation)
  }

  /// The share of the variance, each with its degrees of freedom.
  private func strength(of found: Found, _ rest: [Double]) -> Double {
    let season = { (index: Int) in found.profile[index % found.period] }
    let both = Self.withoutTrend(
      rest.indices.map { rest[$0] + season($0) }, width: found.period)
    var (left, all) = (0.0, 0.0)
    for index in both.indices {
      let residual = both[index] - season(index)
      left += residual * residual
      all += both[index] * both[index]
    }
    let freedom = Double(values.count - 1) / Double(values.count - found.period)
    return all > 0 ? min(1, max(0, 1 - left / all * freedom)) : 0
  }

  /// Whether two to six of them are a period that says much beyond: half a day beside a day.
  private func isHarmonic(_ one: Found, of all: [Found]) -> Bool {
    all.contains { other in
      let factor = (Double(other.period) / Double(one.period)).rounded()
      return (2...6).contains(factor) && other.variance > 0.3 * one.variance
        && abs(Double(other.period) / Double(one.period) - factor) < 0.02 * factor
    }
  }

  /// How values are like those some steps later.
  private struct Correlation {
    private let values: [Double]
    let variance: Double

    init(_ values: [Double]) {
      self.values = values
      variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    }

    func at(_ lag: Int) -> Double {
      guard lag < values.count, variance > 0 else { return 0 }
      var sum = 0.0
      for index in 0..<values.count - lag { sum += values[index] * values[index + lag] }
      return sum / Double(values.count - lag) / variance
    }
  }
}
