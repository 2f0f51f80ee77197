/// Follows runs and writes what is said of each sample.
struct OutlierWriter {
  /// Score and side of one sample.
  struct Verdict {
    var score: Double
    var direction: OutlierDirection
    var part: SurpriseTable.Part
    var isKnown: Bool
  }

  private let options: OutlierOptions
  private let values: [Double]
  private let judge: OutlierJudge
  private let curve: ReferenceCurve?
  private let longRun: Int
  private let context: Int
  /// What is added to an index of `values` to say which sample it is.
  private let base: Int
  /// How many days before each sample from `first` on lies the nearest comparable one, 0 for none;
  /// nil looks at the values.
  private let comparables: Comparables?
  /// The run that the last verdict belongs to.
  private(set) var run: Run

  /// Days back to the nearest comparable times of the samples from `first` on.
  typealias Comparables = (first: Int, days: [UInt8])

  /// Samples in succession at or above the threshold.
  struct Run: Sendable, Equatable {
    var start = 0
    var length = 0
  }

  init(
    options: OutlierOptions, values: [Double], judge: OutlierJudge, curve: ReferenceCurve?,
    base: Int = 0, comparables: Comparables? = nil, run: Run = Run()
  ) {
    self.options = options
    self.values = values
    self.judge = judge
    self.curve = curve
    self.base = base
    self.comparables = comparables
    self.run = run
    longRun = max(judge.table.grid.samples(minutes: 30), 5)
    context = max(judge.table.grid.samples(minutes: 60), 5)
  }

  /// The verdict on the next sample that is not missing; it lengthens or ends the run.
  mutating func verdict(_ index: Int, _ block: OutlierJudge.Block?) -> Verdict {
    var result = raw(index, block)
    let deviation = values[index] - judge.table.expected[index] - lag(index, block)
    let isWanted = options.direction == .both || options.direction == result.direction
    if !isWanted || abs(deviation) < options.minimumDeviation { result.score = 0 }
    if result.score >= 1, isReturn(index, result.part, block) { result.score = 1.0.nextDown }
    guard result.score >= 1 else {
      run.length = 0
      return result
    }
    if run.length == 0 { run.start = index + base }
    run.length += 1
    if run.length < options.minimumRun { result.score = 1.0.nextDown }
    return result
  }

  /// Samples that a step or a drift can still echo in.
  static let echo = 10

  /// Whether the sample is back at what is usual and only the way back from an outlier is strange.
  private func isReturn(
    _ index: Int, _ part: SurpriseTable.Part, _ block: OutlierJudge.Block?
  ) -> Bool {
    guard part == .step || part == .drift, let block else { return false }
    let residuals = judge.table.signed[SurpriseTable.Part.residual.rawValue]
    guard abs(residuals[index] - block.centre) <= block.back else { return false }
    return (max(index - Self.echo, 0)..<index).contains {
      judge.scores[$0] >= 1 && abs(residuals[$0] - block.centre) > block.usual
    }
  }

  private func raw(_ index: Int, _ block: OutlierJudge.Block?) -> Verdict {
    let table = judge.table
    guard let block, block.centre.isFinite else {
      return Verdict(score: 0, direction: .up, part: .residual, isKnown: false)
    }
    if !values[index].isFinite {
      return Verdict(
        score: Fences.largestScore, direction: values[index] > 0 ? .up : .down, part: .residual,
        isKnown: true)
    }
    let score = judge.scores[index]
    guard !score.isNaN else {
      return Verdict(score: 0, direction: .up, part: .residual, isKnown: false)
    }
    var part = SurpriseTable.Part(rawValue: Int(judge.parts[index])) ?? .residual
    if options.method == .gmm,
      table.sizes[SurpriseTable.Part.step.rawValue][index]
        > table.sizes[SurpriseTable.Part.residual.rawValue][index]
    {
      part = .step
    }
    let centre = part == .residual ? block.centre : 0
    let isUp = table.signed[part.rawValue][index] >= centre
    return Verdict(score: score, direction: isUp ? .up : .down, part: part, isKnown: true)
  }

  /// What is said of sample `index`, whose verdict came last.
  func sample(_ index: Int, _ verdict: Verdict, _ block: OutlierJudge.Block?) -> JudgedSample {
    let table = judge.table
    let residual = table.signed[SurpriseTable.Part.residual.rawValue][index]
    // The expected value nearest in time, see SurpriseTable.
    let nearest = residual.isNaN ? table.expected[index] : values[index] - residual
    var lower = Double.nan
    var upper = Double.nan
    if let block, verdict.isKnown {
      lower = nearest + block.centre - block.below * widening(index, above: false)
      upper = nearest + block.centre + block.above * widening(index, above: true)
    }
    let expected = nearest + lag(index, block)
    let start = run.length > 0 ? run.start : index + base
    let (code, reason) = explain(index, verdict, block, nearest: nearest, lower, upper)
    var sample = JudgedSample(
      index: index + base, value: values[index], expected: expected, lower: lower, upper: upper,
      score: verdict.score, llActual: nil, llExpected: nil, direction: verdict.direction,
      reason: reason, code: code, component: nil, contextStart: max(0, start - context),
      contextEnd: index + base, comparable: comparable(to: index), runStart: start,
      runLength: run.length)
    if let mixture = judge.mixture, mixture.component[index] >= 0 {
      sample.llActual = mixture.actual[index]
      sample.llExpected = mixture.predicted[index]
      sample.component = mixture.component[index]
    }
    return sample
  }

  /// By how much samples usually lie above what the rules expect of them, as on a slope; what a
  /// forecast says stands.
  private func lag(_ index: Int, _ block: OutlierJudge.Block?) -> Double {
    guard let block, block.centre.isFinite, !isForecast(index) else { return 0 }
    return block.centre
  }

  private func isForecast(_ index: Int) -> Bool { curve?.expected[index].isFinite ?? false }

  private func widening(_ index: Int, above: Bool) -> Double {
    guard let curve, curve.expected[index].isFinite else { return 1 }
    let part = SurpriseTable.Part.residual.rawValue
    let scale = judge.table.scales[part][judge.table.block(of: index)]
    return 1 / SurpriseTable.share(of: curve, at: index, above ? 1 : -1, scale)
  }

  private func comparable(to index: Int) -> Int? {
    let day = judge.table.grid.day
    if let comparables {
      let days = Int(comparables.days[index + base - comparables.first])
      return days == 0 ? nil : index + base - days * day
    }
    return Self.comparable(to: index, values, day: day).map { index - $0 * day }
  }

  /// How many days before `index` lies the nearest comparable time that has a sample.
  static func comparable(to index: Int, _ values: [Double], day: Int) -> Int? {
    for days in [7, 1] where index >= days * day && !values[index - days * day].isNaN {
      return days
    }
    return nil
  }

  // MARK: - Reasons

  private func explain(
    _ index: Int, _ verdict: Verdict, _ block: OutlierJudge.Block?, nearest: Double,
    _ lower: Double, _ upper: Double
  ) -> (code: String, reason: String) {
    guard let block, verdict.isKnown else {
      return ("too_little_history", "too little history to judge by")
    }
    let value = values[index]
    guard value.isFinite else {
      return ("not_finite", "the sample is \(value > 0 ? "+" : "-")Inf")
    }
    guard run.length > 0 else { return ("usual", "within what is usual") }
    let now = Self.short(value)
    let low = Self.short(nearest + block.centre - block.usual * widening(index, above: false))
    let high = Self.short(nearest + block.centre + block.usual * widening(index, above: true))
    let band = low == high ? low : "\(low) to \(high)"
    let usually = "usually \(band) at this time of day; now \(now)"
    if value < lower || value > upper {
      if run.length >= longRun {
        return ("level_shift", "\(usually), and away from it for \(run.length) samples")
      }
      return (verdict.direction == .up ? "spike" : "dip", usually)
    }
    let verb = verdict.direction == .up ? "rose" : "fell"
    switch verdict.part {
    case .step:
      let change = Self.short(abs(judge.table.signed[verdict.part.rawValue][index]))
      let usual =
        block.usualStep.isNaN ? "" : "; steps are usually within \(Self.short(block.usualStep))"
      return ("jump", "\(verb) by \(change) in one step to \(now)\(usual)")
    case .drift:
      let change = Self.short(abs(judge.table.signed[verdict.part.rawValue][index]))
      return (
        "level_shift",
        "the mean of 5 samples \(verb) by \(change), usually within "
          + "\(Self.short(block.usualDrift)); now \(now)"
      )
    case .residual:
      return ("unusual_value", usually)
    case .lasting:
      let distance = Self.short(abs(judge.table.signed[verdict.part.rawValue][index]))
      return (
        "level_shift",
        "\(verdict.direction == .up ? "above" : "below") what is expected by \(distance) or more, now "
          + "and in the mean of the last half hour; usually within \(Self.short(block.usualLasting)); "
          + "now \(now)"
      )
    }
  }

  /// Three significant digits, more where the whole part has them.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : value.description }
    let size = abs(value)
    guard size >= 1e-6, size < 1e15 else { return value.description }
    var digits = 0
    var scale = 1.0
    while size * scale < 100, digits < 9 {
      scale *= 10
      digits += 1
    }
    let rounded = (value * scale).rounded() / scale
    let text = rounded.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
