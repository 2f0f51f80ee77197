internal import AlmanacCore

/// What a sample should be, from samples before the last refit alone: the median of the last seven
/// days at this time of day, moved towards what this time of the week did in the last four weeks.
///
/// What a week ago did is held against what the days up to then and the days up to now let expect;
/// the smaller deviation counts, none when they differ in sign. So neither a trend nor a shift of
/// level is taken for a weekly rhythm.
///
/// How far it is moved depends on the evidence: the weekly deviation e, a median over n weeks, gets
/// the weight 1 - v/e^2, at least 0, of the positive-part estimator of James and Stein (1961),
/// where v is its variance were there no weekly rhythm. One week alone gets half of that weight;
/// of two weeks the smaller deviation counts, none when they differ in sign. Everything is smoothed
/// by medians over a quarter of an hour, which leave edges where they are.
struct SeasonalExpectation {
  /// Samples that the expectation looks past the end of a block.
  let reach: Int
  private let grid: RefitGrid
  private let taps: Int
  private let spacing: Int
  private let margin: Int
  private var smoother: RunningMedian
  private var few: [Double]
  private var raw: [Double]
  private var profile: [Double]
  /// Weekly deviations of the positions, newest week first.
  private var weeks: [[Double]]
  /// What the time of day alone let expect of each sample so far.
  private var daily: [Double]
  /// Where there are samples, among the positions before `nextRead`.
  private var present: [Int] = []
  private var nextRead: Int
  /// The last median of recent samples, and which of `present` they were.
  private var level = (positions: 0..<0, median: Double.nan)

  private static let days = 7
  private static let weeks = 4

  /// Room for blocks of `grid`, at most `longest` samples long; `reach` more samples are expected
  /// past each block.
  init(grid: RefitGrid, longest: Int, reach: Int) {
    let (taps, spacing) = Self.window(grid)
    self.grid = grid
    self.taps = taps
    self.spacing = spacing
    self.reach = reach
    margin = taps / 2 * spacing
    smoother = RunningMedian(capacity: taps + 1)
    few = [Double](repeating: 0, count: max(Self.days, taps))
    let length = min(grid.block, longest) + reach + 2 * margin
    raw = [Double](repeating: 0, count: length)
    profile = raw
    weeks = [[Double]](repeating: raw, count: Self.weeks)
    daily = [Double](repeating: .nan, count: longest)
    nextRead = grid.firstRead(from: 0)
  }

  /// The quarter hour as an odd number of samples, at most 15, so far apart.
  static func window(_ grid: RefitGrid) -> (taps: Int, spacing: Int) {
    let width = grid.samples(minutes: 15)
    let spacing = max(width / 15, 1)
    let taps = min(width, 15)
    return (taps < 3 ? 1 : taps | 1, spacing)
  }

  /// Writes what is expected of the block that starts at `start` and of `reach` samples after it
  /// to `output`, reading only `values[..<start]`.
  ///
  /// `noise` is the standard deviation of residuals smoothed in the same way, NaN when unknown.
  mutating func expect(
    _ values: [Double], start: Int, noise: Double, into output: inout [Double]
  ) {
    let day = grid.day
    let full = min(Self.days, start / day)
    guard full >= 1 else {
      let level = start == 0 ? values[0] : recentLevel(values, before: start)
      for index in output.indices { output[index] = level }
      return
    }
    for position in raw.indices {
      // Before the block the latest day is the one that just ended.
      var index = start - margin + position
      if index >= start { index -= day }
      var count = 0
      for _ in 0..<full {
        if index >= 0, index < start, !values[index].isNaN {
          few[count] = values[index]
          count += 1
        }
        index -= day
      }
      raw[position] = count > 0 ? Quantiles.median(reordering: &few, count: count) : .nan
    }
    smoother.smooth(raw, into: &profile, taps: taps, spacing: spacing)
    let available = min(Self.weeks, start / (7 * day))
    for week in 0..<available {
      for position in raw.indices {
        let index = start - margin + position - 7 * day * (week + 1)
        raw[position] = index >= 0 && index < start ? values[index] : .nan
      }
      smoother.smooth(raw, into: &weeks[week], taps: taps, spacing: spacing)
      for position in raw.indices {
        let value = weeks[week][position]
        let index = start - margin + position - 7 * day * (week + 1)
        let then = index >= 0 ? daily[index] : .nan
        weeks[week][position] = Self.smaller(
          value - profile[position], then.isNaN ? .nan : value - then)
      }
    }
    var level = Double.nan
    for position in output.indices {
      var expected = profile[position + margin]
      if expected.isNaN {
        if level.isNaN { level = recentLevel(values, before: start) }
        expected = level
      }
      if start + position < daily.count { daily[start + position] = expected }
      output[position] =
        expected + weeklyDeviation(at: position + margin, of: available, noise: noise)
    }
  }

  /// Moves what was expected of the samples before `start`, as these move.
  mutating func adjust(_ adjustment: Adjustment, before start: Int) {
    switch adjustment {
    case .level(_, let by): daily.move(by: by, before: start)
    case .clock(_, let by): daily.turn(by: by, before: start)
    }
    level.positions = 0..<0
  }

  /// The deviation nearer to 0, 0 when the signs differ; the first alone where the second is NaN.
  private static func smaller(_ first: Double, _ second: Double) -> Double {
    guard !second.isNaN else { return first }
    guard !(first * second <= 0) else { return 0 }
    return abs(first) < abs(second) ? first : second
  }

  private mutating func weeklyDeviation(
    at position: Int, of available: Int, noise: Double
  ) -> Double {
    var count = 0
    for week in 0..<available {
      let deviation = weeks[week][position]
      if !deviation.isNaN {
        few[count] = deviation
        count += 1
      }
    }
    guard count > 0, !noise.isNaN else { return 0 }
    let variance = noise * noise
    switch count {
    case 1:
      return 0.5 * Self.shrunk(few[0], variance: 1.2 * variance)
    case 2:
      guard few[0] * few[1] > 0 else { return 0 }
      let smaller = abs(few[0]) < abs(few[1]) ? few[0] : few[1]
      return Self.shrunk(smaller, variance: 0.7 * variance)
    default:
      let n = Double(count)
      let deviation = Quantiles.median(reordering: &few, count: count)
      return Self.shrunk(deviation, variance: (1.3 / n + 0.2) * variance)
    }
  }

  private static func shrunk(_ deviation: Double, variance: Double) -> Double {
    let square = deviation * deviation
    guard square > variance else { return 0 }
    return deviation * (1 - variance / square)
  }

  /// The median of the day before `start`, else of the days that count, else of everything before
  /// it; NaN without samples.
  private mutating func recentLevel(_ values: [Double], before start: Int) -> Double {
    read(values, upTo: start)
    for first in [max(0, start - grid.day), max(0, start - Self.days * grid.day), 0] {
      let positions = present.indices.partitionPoint { present[$0] >= first }..<present.count
      if positions.isEmpty { continue }
      // Far behind the last sample the same ones count again and again.
      if positions != level.positions {
        var found = present[positions].map { values[$0] }
        level = (positions, Quantiles.median(reordering: &found, count: found.count))
      }
      return level.median
    }
    return .nan
  }

  /// Finds the samples before `end`, looking at each value once.
  private mutating func read(_ values: [Double], upTo end: Int) {
    if let last = present.last, last >= end {
      present.removeLast(present.count - present.indices.partitionPoint { present[$0] >= end })
      level.positions = 0..<0
      nextRead = grid.firstRead(from: end)
    }
    while nextRead < end {
      if !values[nextRead].isNaN { present.append(nextRead) }
      nextRead += grid.stride
    }
  }
}
