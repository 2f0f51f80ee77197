public import AlmanacCore
public import AlmanacForecast
public import AlmanacPattern

/// What can be said of series without reading all of their samples.
public struct SeriesOutline: Sendable {
  /// One of the series.
  public struct Series: Sendable {
    /// Metric and labels.
    public var key: SeriesKey
    /// About how many samples it has in the range.
    public var count: Int
    /// Its hours that have samples, in order of time.
    public var hours: [Summary]
    /// The time of its newest sample in the range.
    public var newest: Timestamp?

    /// One series.
    ///
    /// - Parameter hours: whole hours around `range`; those at its ends count in part.
    public init(key: SeriesKey, hours: [Summary], newest: Timestamp?, in range: TimeRange) {
      self.key = key
      self.hours = hours
      self.newest = newest
      let total = hours.reduce(0.0) { total, hour in
        let start = max(hour.end - Resolution.hour.length, range.start.nanoseconds - 1)
        let end = min(hour.end, range.end.nanoseconds)
        return total + Double(hour.count) * Double(end - start) / Double(Resolution.hour.length)
      }
      count = Int(total.rounded())
    }
  }

  /// How many series pass, with samples in the range or without.
  public var count: Int
  /// Some of them, spread over all.
  public var some: [Series]

  /// An outline of `count` series by `some` of them.
  public init(count: Int, some: [Series]) {
    self.count = count
    self.some = some
  }

  /// About how many samples all series have in the range.
  var expectedSamples: Int {
    guard !some.isEmpty else { return 0 }
    let known = some.reduce(0.0) { $0 + Double($1.count) }
    return Int((known * Double(count) / Double(some.count)).rounded())
  }
}

/// A model that is kept.
public struct KnownModel: Sendable {
  /// The series.
  public var key: SeriesKey
  /// The last moment that was trained on.
  public var trainedUntil: Timestamp
  /// How long the training took, seconds.
  public var trainingSeconds: Double

  /// A model.
  public init(key: SeriesKey, trainedUntil: Timestamp, trainingSeconds: Double) {
    self.key = key
    self.trainedUntil = trainedUntil
    self.trainingSeconds = trainingSeconds
  }
}

extension TimeRange {
  /// This with whole hours at both ends, as summaries are asked for.
  public var wholeHours: TimeRange {
    let hour = Resolution.hour.length
    let (first, last) = (start.nanoseconds, end.nanoseconds)
    // The end of time has no whole hour.
    guard first > .min + 2 * hour, last < .max - 2 * hour else { return self }
    let before = Timestamp(nanoseconds: first - 1).aligned(downTo: Interval(nanoseconds: hour))
    return TimeRange(
      start: before + Interval(nanoseconds: 1),
      end: Timestamp(nanoseconds: Summary.end(holding: last, of: .hour)))
  }
}

extension SeriesSource {
  /// Counts by reading all samples.
  public func outline(
    passing matchers: [LabelMatcher], in range: TimeRange, limit: Int
  ) async throws -> SeriesOutline {
    let all = try await samples(passing: matchers, in: range)
    return SeriesOutline(
      count: all.count,
      some: all.prefix(limit).map { one in
        var series = SeriesOutline.Series(
          key: one.key, hours: one.samples.summaries(of: .hour), newest: one.samples.lastTime,
          in: range)
        series.count = one.samples.count
        return series
      })
  }
}

extension ModelSource {
  /// None.
  public func known(plan: String, options: ForecastOptions) async throws -> [KnownModel] { [] }

  /// One that nobody sees.
  public func begin(_ text: String) -> any ModelRun { UnseenRun(base: self) }
}

/// A run without a job of its own.
private struct UnseenRun: ModelRun {
  let base: any ModelSource

  func model(_ request: ModelRequest) async throws -> ModelAnswer {
    try await base.model(request)
  }

  func report(done: Int, of count: Int) {}
  func end(failed: Bool) {}
}

/// What the hours of a series say about its samples, for people.
struct DataQuality {
  /// Findings, as `2 gaps, 5 h in all`.
  private(set) var notes: [String] = []

  init(_ some: [SeriesOutline.Series], now: Timestamp) {
    let known = some.filter { !$0.hours.isEmpty }
    guard !known.isEmpty else {
      notes = [some.isEmpty ? "no such series" : "no samples in its time"]
      return
    }
    let empty = some.count - known.count
    if empty > 0 { notes.append("\(empty) of \(some.count) series have no samples in its time") }
    let gaps = known.map { Self.gaps($0.hours) }
    let (count, hours) = gaps.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.hours) }
    if count > 0 { notes.append("\(count) gap\(count == 1 ? "" : "s"), \(hours) h in all") }
    let irregular = known.filter { Self.isIrregular($0.hours) }.count
    if irregular > 0 { notes.append("\(irregular) of \(known.count) series have irregular steps") }
    let seasons = Set(known.flatMap { Self.seasons($0.hours) }).sorted()
    if !seasons.isEmpty {
      notes.append("seasons: " + seasons.map(\.description).joined(separator: ", "))
    }
    if let newest = known.compactMap(\.newest).max() {
      let age = max(0, (now.nanoseconds - newest.nanoseconds) / 1_000_000_000) * 1_000_000_000
      notes.append("newest sample \(Printer.duration(age)) old")
    }
  }

  /// Hours from one with samples to the next.
  private static func distances(_ hours: [Summary]) -> [Int64] {
    zip(hours, hours.dropFirst()).map { ($1.end - $0.end) / Resolution.hour.length }
  }

  /// Stretches of hours without samples longer than what is usual.
  private static func gaps(_ hours: [Summary]) -> (count: Int, hours: Int) {
    let distances = distances(hours)
    guard !distances.isEmpty else { return (0, 0) }
    let usual = distances.sorted()[distances.count / 2]
    let long = distances.filter { $0 > usual }
    return (long.count, Int(long.reduce(0) { $0 + $1 - usual }))
  }

  /// Whether more than a tenth of the hours, those at the ends left out, have another number of
  /// samples than the one in the middle has: off by one does not count.
  private static func isIrregular(_ hours: [Summary]) -> Bool {
    let counts = hours.dropFirst().dropLast().map(\.count).sorted()
    guard counts.count >= 12 else { return false }
    let usual = counts[counts.count / 2]
    return counts.count(where: { abs($0 - usual) > 1 }) * 10 > counts.count
  }

  /// Periods of a day and a week that the hourly means repeat in: autocorrelation above 0.3 after a
  /// straight line is taken out.
  private static func seasons(_ hours: [Summary]) -> [Interval] {
    guard let first = hours.first?.end, let last = hours.last?.end else { return [] }
    let count = Int((last - first) / Resolution.hour.length) + 1
    guard count >= 72, count < 100_000 else { return [] }
    var values = [Double](repeating: .nan, count: count)
    for hour in hours where hour.sum.isFinite {
      values[Int((hour.end - first) / Resolution.hour.length)] = hour.sum / Double(hour.count)
    }
    let known = values.indices.filter { !values[$0].isNaN }
    guard known.count >= 72 else { return [] }
    let middle = Double(known.reduce(0, +)) / Double(known.count)
    let mean = known.reduce(0) { $0 + values[$1] } / Double(known.count)
    let spread = known.reduce(0) { $0 + (Double($1) - middle) * (Double($1) - middle) }
    let slope = known.reduce(0) { $0 + (Double($1) - middle) * (values[$1] - mean) } / spread
    for index in known { values[index] -= mean + slope * (Double(index) - middle) }
    let variance = known.reduce(0) { $0 + values[$1] * values[$1] } / Double(known.count)
    guard variance > 1e-12 * max(1, mean * mean) else { return [] }
    let correlation = { (lag: Int) -> Double in
      var sum = 0.0
      var pairs = 0
      for index in stride(from: lag, to: count, by: 1) {
        let product = values[index] * values[index - lag]
        if product.isNaN { continue }
        sum += product
        pairs += 1
      }
      return pairs < 24 ? 0 : sum / Double(pairs) / variance
    }
    let day = correlation(24)
    let week = count >= 15 * 24 ? correlation(168) : 0
    var seasons: [Interval] = []
    if day > 0.3 { seasons.append(.days(1)) }
    if week > 0.3, week > day + 0.05 { seasons.append(.days(7)) }
    return seasons
  }
}
