internal import AlmanacCore

/// The signed surprises of every sample and their size in units of the past week, walk-forward:
/// no entry depends on a later sample.
///
/// Where the expectation itself is steep, a sample may come two minutes early or late: its
/// residual is taken to the nearest value expected around it, and steps that the expectation
/// makes there do not count as surprises.
struct SurpriseTable {
  /// One of the surprises.
  enum Part: Int, CaseIterable {
    /// The difference to the sample before.
    case step
    /// The mean of five samples less that of the five before.
    case drift
    /// The difference to the expectation.
    case residual
    /// What the residuals of the last half hour and this one have in common: their mean or the
    /// residual, whichever is nearer to 0, and 0 where they differ in sign.
    case lasting

    /// Those with scales of their own.
    static let scaled = [step, drift, residual]
  }

  /// Centre and unit of a part during a refit block; NaN before there is enough past.
  struct Scale: Sendable, Equatable {
    /// Median of the past.
    var centre = Double.nan
    /// Mean of the middle half of the absolute deviations from the centre, in units in which it
    /// is the median absolute deviation of a Gaussian: no step when small counts grow. That of the
    /// last day (at least 1,440 samples) where it is larger.
    var deviation = Double.nan
    /// The deviation plus a twentieth of the standard deviation: the unit of sizes.
    var unit = Double.nan
  }

  /// What a refit block is held against: all that earlier samples are fitted for.
  struct Refit: Sendable, Equatable {
    /// Scales by part.
    var step = Scale()
    var drift = Scale()
    var residual = Scale()
    /// Standard deviation of smoothed residuals, NaN when unknown.
    var noise = Double.nan
    /// What the series was found to have gone through.
    var adjustment: Adjustment?

    /// The scale of `part`; the lasting surprise counts in the residual's unit.
    subscript(part: Part) -> Scale {
      get {
        switch part {
        case .step: step
        case .drift: drift
        case .residual: residual
        case .lasting: Scale(centre: 0, deviation: residual.deviation, unit: residual.unit)
        }
      }
      set {
        switch part {
        case .step: step = newValue
        case .drift: drift = newValue
        case .residual: residual = newValue
        case .lasting: preconditionFailure("BUG: the lasting surprise has no scale of its own")
        }
      }
    }
  }

  /// The samples, NaN where missing or not finite.
  let values: [Double]
  let grid: RefitGrid
  /// First index of each refit block.
  let starts: [Int]
  /// The samples that scales are fitted on.
  let history: Int
  /// Samples before the first scale.
  let warmUp: Int
  private(set) var expected: [Double]
  /// Signed surprises by part.
  private(set) var signed: [[Double]]
  /// |signed - centre| / unit by part; NaN before there is a scale.
  private(set) var sizes: [[Double]]
  /// Scales by part and block.
  private(set) var scales: [[Scale]]
  /// Standard deviation of smoothed residuals by block.
  private(set) var noises: [Double]
  /// What the series was found to have gone through, by block.
  private(set) var adjustments: [Adjustment?]
  /// What is expected of the last block and of `slack` samples after it.
  private(set) var ahead: [Double] = []
  /// Samples by which one may come early or late.
  let slack: Int

  /// Sizes never exceed this.
  static let largestSize = 1e9
  private static let five = 5
  private static let steep = 3.0
  private static let recentSamples = 1440
  /// Median of a Gaussian's absolute deviations over the mean of their middle half.
  private static let middleShare = 0.6745 / 0.6932
  /// Median absolute deviation to standard deviation of a Gaussian.
  static let gaussian = 1.4826

  /// - Parameters:
  ///   - known: what the first blocks were found to be before; the others are fitted.
  ///   - oldest: the first sample whose surprises are asked for, where blocks are known.
  init(
    values: [Double], grid: RefitGrid, history: Int, curve: ReferenceCurve?,
    known: [Refit] = [], oldest: Int = 0
  ) {
    self.values = values
    self.grid = grid
    self.history = history
    slack = Self.slack(grid)
    starts = grid.starts(count: values.count)
    warmUp = max(grid.day / 2, 30)
    let empty = [Double](repeating: .nan, count: values.count)
    expected = empty
    signed = [[Double]](repeating: empty, count: Part.allCases.count)
    sizes = signed
    scales = [[Scale]](
      repeating: [Scale](repeating: Scale(), count: starts.count), count: Part.allCases.count)
    noises = [Double](repeating: .nan, count: starts.count)
    adjustments = [Adjustment?](repeating: nil, count: starts.count)
    build(curve: curve, known: known, oldest: oldest)
  }

  /// A piece of a block that was fitted before: the samples in `range` of `values`, in front of which
  /// lie at least `reach(grid)` others.
  ///
  /// `start` is where the block begins, counted as `values` are and maybe below 0; `expected` what
  /// is expected from `reach(grid)` samples before it on; `residuals` those of the samples right
  /// before the range.
  init(
    values: [Double], range: Range<Int>, grid: RefitGrid, refit: Refit, start: Int,
    expected: [Double], residuals: [Double]
  ) {
    self.values = values
    self.grid = grid
    slack = Self.slack(grid)
    (history, warmUp, starts) = (0, 0, [0])
    let first = Self.reach(grid) - start
    self.expected = Array(expected[first..<first + values.count])
    let empty = [Double](repeating: .nan, count: values.count)
    signed = [[Double]](repeating: empty, count: Part.allCases.count)
    sizes = signed
    scales = Part.allCases.map { [refit[$0]] }
    noises = [refit.noise]
    adjustments = [refit.adjustment]
    for (index, residual) in zip((range.lowerBound - residuals.count)..., residuals) {
      signed[Part.residual.rawValue][index] = residual
    }
    surprise(
      range, start: start, refit, ahead: expected, from: Self.reach(grid), later: slack)
    last(range)
    for part in Part.allCases { size(range, of: part, refit[part]) }
  }

  /// Samples by which one may come early or late.
  static func slack(_ grid: RefitGrid) -> Int {
    grid.day >= 144 ? max(grid.samples(minutes: 2), 1) : 0
  }

  /// How many samples before a sample its surprises depend on.
  static func reach(_ grid: RefitGrid) -> Int {
    let (taps, spacing) = lastingWindow(grid)
    return max(slack(grid) + 2 * five, (taps - 1) * spacing)
  }

  /// Half an hour as a number of samples, 2 to 30, so far apart.
  private static func lastingWindow(_ grid: RefitGrid) -> (taps: Int, spacing: Int) {
    let width = max(grid.samples(minutes: 30), 2)
    return (min(width, 30), max(width / 30, 1))
  }

  /// What block `block` was found to be.
  func refit(_ block: Int) -> Refit {
    var refit = Refit()
    for part in Part.scaled { refit[part] = scales[part.rawValue][block] }
    refit.noise = noises[block]
    refit.adjustment = adjustments[block]
    return refit
  }

  /// One past the last index of block `block`.
  func end(of block: Int) -> Int {
    block + 1 < starts.count ? starts[block + 1] : values.count
  }

  /// The block that holds `index`.
  func block(of index: Int) -> Int {
    max(starts.indices.dropFirst().partitionPoint { starts[$0] > index } - 1, 0)
  }

  // MARK: - Building

  private mutating func build(curve: ReferenceCurve?, known: [Refit], oldest: Int) {
    var rules = SeasonalExpectation(grid: grid, longest: values.count, reach: slack)
    var ahead = [Double](repeating: 0, count: min(grid.block, values.count) + slack)
    let room = max(history, 7 * grid.day) / grid.stride + 2
    var scratch = [Double](repeating: 0, count: room)
    var past = AdjustedPast(values, day: grid.day)
    var noise = SmoothedNoise(grid: grid)
    var search = AdjustmentSearch(grid: grid, history: history)
    for block in starts.indices {
      let start = starts[block]
      let end = end(of: block)
      // What a curve expects moves with nothing.
      if curve == nil, block > 0 {
        let unit = scales[Part.residual.rawValue][block - 1].unit
        adjustments[block] =
          block < known.count
          ? known[block].adjustment
          : search.find(values, expected, past.residuals, before: start, unit: unit)
        if let found = adjustments[block] {
          search.isAdjusted(at: start)
          rules.adjust(past.apply(found, before: start, expected), before: start)
          noise.forget(from: found.since)
        }
      }
      let refit =
        block < known.count ? known[block] : fit(before: start, past.residuals, &noise, &scratch)
      for part in Part.allCases { scales[part.rawValue][block] = refit[part] }
      noises[block] = refit.noise
      rules.expect(past.values, start: start, noise: refit.noise, into: &ahead)
      for index in start..<end { expected[index] = ahead[index - start] }
      if let curve { overlay(curve, on: start..<end, &ahead) }
      if block < known.count, end <= oldest { continue }
      // What a curve says after a sample would change with the curve's end.
      surprise(
        start..<end, start: start, refit, ahead: ahead, from: 0,
        later: curve == nil ? slack : 0)
      past.note(signed[Part.residual.rawValue], in: start..<end)
      last(start..<end)
      for part in Part.allCases { size(start..<end, of: part, refit[part]) }
      if let curve {
        share(start..<end, of: .residual, refit.residual, curve)
        share(start..<end, of: .lasting, refit[.lasting], curve)
      }
    }
    self.ahead = ahead
  }

  /// `residuals` are those before `start` as they would be now.
  private func fit(
    before start: Int, _ residuals: [Double], _ noise: inout SmoothedNoise,
    _ scratch: inout [Double]
  ) -> Refit {
    var refit = Refit()
    if start >= warmUp {
      for part in Part.scaled {
        let past = part == .residual ? residuals : signed[part.rawValue]
        refit[part] = scale(past, before: start, &scratch)
      }
    }
    refit.noise = noise.deviation(residuals, before: start)
    return refit
  }

  /// Puts the curve in place of the rules where it has a value.
  private mutating func overlay(
    _ curve: ReferenceCurve, on range: Range<Int>, _ ahead: inout [Double]
  ) {
    for index in range where curve.expected[index].isFinite {
      expected[index] = curve.expected[index]
      ahead[index - range.lowerBound] = curve.expected[index]
    }
  }

  /// `ahead[from...]` is what is expected from `start`, the beginning of the block, on.
  private mutating func surprise(
    _ range: Range<Int>, start: Int, _ refit: Refit, ahead: [Double], from: Int, later: Int
  ) {
    let residualNoise = refit.residual.deviation * Self.gaussian
    let stepNoise = refit.step.deviation * Self.gaussian
    let driftNoise = refit.drift.deviation * Self.gaussian
    let tap = min(max(slack / 2, 1), grid.stride)
    // Where in `ahead` index 0 would be.
    let zero = from - start
    for index in range where !values[index].isNaN {
      let value = values[index]
      var low = expected[index]
      var high = low
      var position = max(index - slack, 0)
      while position <= index + later {
        let there = position < start ? expected[position] : ahead[position + zero]
        if there < low { low = there }
        if there > high { high = there }
        position += tap
      }
      var residual = value - expected[index]
      if high - low > Self.steep * residualNoise {
        residual = value > high ? value - high : value < low ? value - low : 0
      }
      signed[Part.residual.rawValue][index] = residual
      signed[Part.step.rawValue][index] = unexplained(
        step(at: index), at: index, span: 1, stepNoise, later, tap: tap, start, ahead, zero)
      signed[Part.drift.rawValue][index] = unexplained(
        drift(at: index), at: index, span: Self.five, driftNoise, later, tap: tap, start, ahead,
        zero)
    }
  }

  /// The lasting surprises, from the residuals up to them.
  private mutating func last(_ range: Range<Int>) {
    let (taps, spacing) = Self.lastingWindow(grid)
    let residuals = signed[Part.residual.rawValue]
    for index in range where !values[index].isNaN {
      var sum = 0.0
      var count = 0
      let first = max(index - (taps - 1) * spacing, index % spacing)
      for position in stride(from: first, through: index, by: spacing)
      where !residuals[position].isNaN {
        sum += residuals[position]
        count += 1
      }
      guard 2 * count >= taps else { continue }
      signed[Part.lasting.rawValue][index] = Self.common(
        sum / Double(count), residuals[index])
    }
  }

  /// The one nearer to 0, 0 where they differ in sign.
  private static func common(_ first: Double, _ second: Double) -> Double {
    guard first * second > 0 else { return 0 }
    return abs(first) < abs(second) ? first : second
  }

  /// `change` less the change in the same direction that the expectation makes within the slack;
  /// a change of sides is no change.
  private func unexplained(
    _ change: Double, at index: Int, span: Int, _ noise: Double, _ later: Int, tap: Int,
    _ start: Int, _ ahead: [Double], _ zero: Int
  ) -> Double {
    let least = Self.steep * noise
    guard abs(change) > least else { return change }
    let sign = change < 0 ? -1.0 : 1.0
    var most = 0.0
    var position = max(index - slack, 2 * span - 1)
    while position <= index + later {
      var difference = 0.0
      for back in 0..<span {
        let now = position - back
        let before = now - span
        difference += now < start ? expected[now] : ahead[now + zero]
        difference -= before < start ? expected[before] : ahead[before + zero]
      }
      difference *= sign / Double(span)
      if difference > most { most = difference }
      position += tap
    }
    guard most > least else { return change }
    return sign * max(abs(change) - most, 0)
  }

  /// The difference to the sample before, at most five grid steps back; NaN without one.
  private func step(at index: Int) -> Double {
    guard index > 0 else { return 0 }
    for before in stride(from: index - 1, through: max(index - Self.five, 0), by: -1)
    where !values[before].isNaN {
      return values[index] - values[before]
    }
    return .nan
  }

  private func drift(at index: Int) -> Double {
    guard index >= Self.five else { return 0 }
    return mean(endingAt: index) - mean(endingAt: index - Self.five)
  }

  private func mean(endingAt last: Int) -> Double {
    var sum = 0.0
    var count = 0
    for index in max(last - Self.five + 1, 0)...last where !values[index].isNaN {
      sum += values[index]
      count += 1
    }
    return count > 0 ? sum / Double(count) : .nan
  }

  private mutating func size(_ range: Range<Int>, of part: Part, _ scale: Scale) {
    guard !scale.unit.isNaN else { return }
    for index in range {
      let size = abs(signed[part.rawValue][index] - scale.centre) / scale.unit
      sizes[part.rawValue][index] = min(size, Self.largestSize)
    }
  }

  private mutating func share(
    _ range: Range<Int>, of part: Part, _ scale: Scale, _ curve: ReferenceCurve
  ) {
    let part = part.rawValue
    guard !scale.unit.isNaN else { return }
    for index in range where curve.expected[index].isFinite {
      sizes[part][index] *= Self.share(of: curve, at: index, signed[part][index], scale)
    }
  }

  /// By how much a residual counts less where the forecast's band is wider than the rules'.
  static func share(
    of curve: ReferenceCurve, at index: Int, _ residual: Double, _ scale: Scale
  ) -> Double {
    let wide =
      residual > 0
      ? curve.upper[index] - curve.expected[index] : curve.expected[index] - curve.lower[index]
    let own = 1.96 * gaussian * scale.unit
    return wide.isFinite && wide > own ? own / wide : 1
  }

  // MARK: - Scales

  /// Samples before the first size that is held against a scale of residuals to a rhythm: of the
  /// first day none can be expected.
  private var firstSound: Int { grid.day + max(grid.block, 30 * grid.stride) }

  /// The first size that tails fitted at `start` read, at most `count` samples back.
  func oldestSize(before start: Int, back count: Int) -> Int {
    max(start - count, start >= 2 * firstSound ? firstSound : 0)
  }

  private func scale(
    _ signed: [Double], before start: Int, _ scratch: inout [Double]
  ) -> Scale {
    let first = max(start - history, start >= firstSound ? grid.day : 0)
    var count = 0
    var sum = 0.0
    var index = grid.firstRead(from: first)
    while index < start {
      let value = signed[index]
      if !value.isNaN {
        scratch[count] = value
        sum += value
        count += 1
      }
      index += grid.stride
    }
    guard count >= 30 || (count >= 6 && count * 2 >= (start - first) / grid.stride) else {
      return Scale()
    }
    let mean = sum / Double(count)
    var squares = 0.0
    for position in 0..<count {
      squares += (scratch[position] - mean) * (scratch[position] - mean)
    }
    let centre = Quantiles.median(reordering: &scratch, count: count)
    for position in 0..<count { scratch[position] = abs(scratch[position] - centre) }
    let deviation = max(
      Self.middleHalf(&scratch, count: count), recent(signed, before: start, centre, &scratch))
    // Rounding of a constant signal is no surprise.
    let level = expected[start - 1]
    let floor = max(1e-9 * (level.isNaN ? 1 : abs(level)), 1e-300)
    var unit = deviation + 0.05 * (squares / Double(count)).squareRoot() + floor
    if !unit.isFinite { unit = .greatestFiniteMagnitude }
    return Scale(centre: centre, deviation: deviation, unit: unit)
  }

  /// The deviation of the last day, or 1,440 samples where a day has fewer; 0 when it has few.
  private func recent(
    _ signed: [Double], before start: Int, _ centre: Double, _ scratch: inout [Double]
  ) -> Double {
    let span = max(grid.day, Self.recentSamples)
    guard start >= 2 * grid.day, start > span, span < history else { return 0 }
    var count = 0
    for index in stride(from: grid.firstRead(from: start - span), to: start, by: grid.stride) {
      let value = signed[index]
      if !value.isNaN {
        scratch[count] = abs(value - centre)
        count += 1
      }
    }
    return count >= 30 ? Self.middleHalf(&scratch, count: count) : 0
  }

  /// The mean of the middle half of the first `count` values, in units of a Gaussian's median
  /// absolute deviation.
  private static func middleHalf(_ values: inout [Double], count: Int) -> Double {
    let low = count / 4
    let high = max(count - count / 4, low + 1)
    _ = Quantiles.select(&values, count: count, rank: low)
    _ = Quantiles.select(&values, count: count, rank: high - 1, above: low)
    var sum = 0.0
    for index in low..<high { sum += values[index] }
    return middleShare * sum / Double(high - low)
  }
}
