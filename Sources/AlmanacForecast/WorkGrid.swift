internal import AlmanacCore

/// A history on the grid that rules and network work on: its own step where that divides a day
/// and is at least 30 s, else the next usual one, at least a minute.
struct WorkGrid {
  /// The history on the grid, with gaps, in its own unit.
  let series: RegularSeries
  /// The rhythm of the grid, or nil where the step has none.
  let rhythm: Rhythm?
  /// The first moment to forecast and the step that is wanted.
  let target: (start: Timestamp, step: Interval)

  private static let day: Int64 = 86_400_000_000_000

  /// Steps in seconds that divide a day.
  private static let divisors: [Int64] = [
    60, 90, 120, 144, 180, 240, 300, 360, 400, 480, 600, 720, 900, 1200, 1440, 1800, 2400, 2880,
    3600, 4800, 5400, 7200, 10_800, 14_400, 21_600,
  ]

  /// The grid for values `step` apart.
  static func grid(for step: Interval) -> (step: Interval, rhythm: Rhythm)? {
    let width = step.nanoseconds
    if width == day { return (step, Rhythm(day: 7, factor: 1)) }
    if width >= 30_000_000_000, width <= day / 2, day % width == 0 {
      return (step, Rhythm(day: Int(day / width), factor: 7))
    }
    guard let coarse = divisors.first(where: { $0 * 1_000_000_000 >= width }) else { return nil }
    return (.seconds(coarse), Rhythm(day: Int(86_400 / coarse), factor: 7))
  }

  init(_ history: RegularSeries) {
    target = (history.nextTime, history.step)
    guard let (step, rhythm) = Self.grid(for: history.step) else {
      series = history
      self.rhythm = nil
      return
    }
    self.rhythm = rhythm
    series = step == history.step ? history : Self.coarser(history, step: step)
  }

  /// Means of the known values that begin in each bin of `step`.
  private static func coarser(_ history: RegularSeries, step: Interval) -> RegularSeries {
    let start = history.start.aligned(downTo: step)
    guard history.count > 0 else {
      return RegularSeries(start: start, step: step, values: [])
    }
    let offset = history.start.nanoseconds - start.nanoseconds
    let bin = { (index: Int) in
      Int((offset + Int64(index) * history.step.nanoseconds) / step.nanoseconds)
    }
    let bins = bin(history.count - 1) + 1
    var sums = [Double](repeating: 0, count: bins)
    var counts = [Double](repeating: 0, count: bins)
    for index in 0..<history.count where history.values[index].isFinite {
      let position = bin(index)
      counts[position] += 1
      sums[position] += (history.values[index] - sums[position]) / counts[position]
    }
    for position in 0..<bins where counts[position] == 0 { sums[position] = .nan }
    return RegularSeries(start: start, step: step, values: sums)
  }

  /// How many steps of the grid cover `steps` of the target.
  func horizon(steps: Int) -> Int {
    guard series.step != target.step else { return steps }
    let end =
      Double(target.start.nanoseconds - series.nextTime.nanoseconds)
      + (Double(steps) - 0.5) * Double(target.step.nanoseconds)
    return max(1, Int((end / Double(series.step.nanoseconds)).rounded(.up)) + 1)
  }

  /// Values on the grid from its next step on, brought to `steps` of the target: on the line
  /// between the middles of bins. `before` stands for the grid's last step.
  func onTarget(_ values: [Double], before: Double, steps: Int) -> [Double] {
    guard series.step != target.step else { return Array(values.prefix(steps)) }
    let width = Double(series.step.nanoseconds)
    let offset = Double(target.start.nanoseconds - series.nextTime.nanoseconds)
    return (0..<steps).map { index in
      let middle = offset + (Double(index) + 0.5) * Double(target.step.nanoseconds)
      let position = middle / width - 0.5
      let below = Int(position.rounded(.down))
      let rest = position - position.rounded(.down)
      let value = { (index: Int) in
        index < 0 ? before : values[min(index, values.count - 1)]
      }
      return value(below) * (1 - rest) + value(below + 1) * rest
    }
  }
}

/// What was known until some moment, prepared for the rules: no gaps, no trend, perhaps all at the
/// newest level.
struct Past {
  /// Prepared values without gaps, at least one.
  private(set) var values: [Double]
  /// The shift before which values were moved to the level after it; nil where there is none.
  private(set) var shift: LevelShift?
  /// The stages, fitted on nothing but this past.
  let preparation: FittedPreparation
  /// What was taken away per step, 0 at the first step after the past; 0 where there is no trend.
  let slope: Double
  /// The first moment after the past.
  let next: Timestamp
  let step: Interval
  private let grid: RegularSeries
  private let end: Int

  /// Everything before position `end` of the grid.
  init(
    _ grid: RegularSeries, until end: Int, steps: [PreparationStep],
    method: InterpolationMethod, rhythm: Rhythm?
  ) throws(ForecastError) {
    let known = grid.prefix(end)
    preparation = try FittedPreparation.fit(steps, on: known, skipping: true)
    var values = steps.isEmpty ? known.values : preparation.apply(known).values
    Self.fill(&values, method: method, rhythm: rhythm)
    guard values.contains(where: \.isFinite) else {
      throw ForecastError(.empty, "cannot model the series: it has no known value")
    }
    slope = rhythm.map { Trend.slope(of: values, day: $0.day) } ?? 0
    if slope != 0 {
      for index in values.indices { values[index] -= slope * Double(index - values.count) }
    }
    self.values = values
    extent = (values.min() ?? 0)...(values.max() ?? 0)
    next = known.nextTime
    step = grid.step
    self.grid = grid
    self.end = end
  }

  /// What came after, in the unit of `values`; NaN where it is not known. At most `count`.
  func truth(_ count: Int) -> [Double] {
    let upper = min(end + count, grid.count)
    guard upper > end else { return [] }
    let later = RegularSeries(
      start: grid.time(at: end), step: step, values: Array(grid.values[end..<upper]))
    var values = preparation.applyUnfilled(later).values
    for index in values.indices { values[index] -= slope * Double(index) }
    return values
  }

  /// Values ahead in the series' own unit: trend and stages put back.
  func inverse(_ values: [Double]) -> [Double] {
    var result = values
    if slope != 0 {
      for index in result.indices { result[index] += slope * Double(index) }
    }
    return preparation.inverse(result, start: next, step: step)
  }

  /// The last value in the series' own unit.
  var last: Double {
    let before = Timestamp(nanoseconds: next.nanoseconds) - step
    return preparation.inverse(
      [values[values.count - 1] - slope], start: before, step: step)[0]
  }

  /// The same with what lies before a shift of level moved to the new one.
  func atNewestLevel(_ rhythm: Rhythm) -> Past {
    guard let shift = LevelShift.newest(in: values, rhythm: rhythm) else { return self }
    var past = self
    past.shift = shift
    for index in 0..<shift.index { past.values[index] += shift.size }
    past.extent =
      min(
        extent.lowerBound, past.values.min() ?? 0)...max(
        extent.upperBound, past.values.max() ?? 0)
    return past
  }

  /// From the lowest to the highest value; ahead, the trend moves it.
  private var extent: ClosedRange<Double>

  /// The extent, by 1/sqrt(n) of it wider for n values.
  private var range: ClosedRange<Double> {
    let (low, high) = (extent.lowerBound, extent.upperBound)
    let room = (high - low) / Double(values.count).squareRoot()
    return (low - room)...(high + room)
  }

  /// `values` held inside the range of the past, a little widened: the less is known of it, the
  /// more.
  func held(_ values: [Double]) -> [Double] {
    let range = range
    return values.map { min(max($0, range.lowerBound), range.upperBound) }
  }

  /// Gaps of up to two hours by `method`, longer ones with the same time a week or days before
  /// or after, what is left on the line between; ends with the nearest value.
  private static func fill(
    _ values: inout [Double], method: InterpolationMethod, rhythm: Rhythm?
  ) {
    guard values.contains(where: { !$0.isFinite }) else { return }
    for index in values.indices where !values[index].isFinite { values[index] = .nan }
    if let rhythm {
      _ = values.fillGaps(method, limit: max(3, rhythm.steps(minutes: 120)))
      let known = values
      let lags = [rhythm.week] + (1...7).map { $0 * rhythm.day }
      for index in values.indices where values[index].isNaN {
        search: for lag in lags {
          for other in [index - lag, index + lag] where known.indices.contains(other) {
            if !known[other].isNaN {
              values[index] = known[other]
              break search
            }
          }
        }
      }
    } else {
      _ = values.fillGaps(method, limit: Int.max)
    }
    _ = values.fillGaps(.linear, limit: Int.max)
    values.fillEnds()
  }
}

/// A steady rise or fall, as of a disk that fills.
enum Trend {
  /// The median slope a step between daily medians (Theil and Sen), or 0 unless there are a week
  /// of days and the line leaves at most 3 % of the medians' variance.
  static func slope(of values: [Double], day: Int) -> Double {
    let days = min(60, values.count / day)
    guard days >= 7 else { return 0 }
    let start = values.count - days * day
    let medians = (0..<days).map { row in
      Quantiles.median(values[(start + row * day)..<(start + (row + 1) * day)])
    }
    var slopes: [Double] = []
    for a in 0..<days {
      for b in (a + 1)..<max(days, a + 1) {
        slopes.append((medians[b] - medians[a]) / Double(b - a))
      }
    }
    let slope = Quantiles.median(slopes)
    let rest = medians.indices.map { medians[$0] - slope * Double($0) }
    let total = Quantiles.deviation(medians)
    let left = Quantiles.deviation(rest)
    guard total > 0, left * left <= 0.03 * total * total else { return 0 }
    return slope / Double(day)
  }
}
