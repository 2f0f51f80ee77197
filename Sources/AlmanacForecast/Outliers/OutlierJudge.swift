/// Scores of refit blocks by one method.
struct OutlierJudge {
  /// What scores the samples of one block.
  struct Fit: Sendable, Equatable {
    /// How a sample gets its score.
    enum Scoring: Sendable, Equatable {
      /// The largest surprise of some parts over the limit.
      case tails([Tail], limit: Double)
      /// The distance to the expectation.
      case fences(Fences)
    }

    /// The tail of one part.
    struct Tail: Sendable, Equatable {
      var part: SurpriseTable.Part
      var tail: ParetoTail
    }

    var block: Block
    var scoring: Scoring
  }

  /// What samples of one block are held against.
  struct Block: Sendable, Equatable {
    /// Residual in the middle of the band.
    var centre = Double.nan
    /// Distance below the centre at which the residual alone scores 1.
    var below = Double.nan
    /// Distance above the centre at which the residual alone scores 1.
    var above = Double.nan
    /// Distance from the centre that 98 % of the past kept.
    var usual = Double.nan
    /// Distance from the centre within which a sample is back from an outlier: one of a thousand
    /// strays further.
    var back = Double.nan
    /// Step, drift and lasting residual that 98 % of the past kept.
    var usualStep = Double.nan
    var usualDrift = Double.nan
    var usualLasting = Double.nan
  }

  let options: OutlierOptions
  let table: SurpriseTable
  /// Score of each sample judged so far; NaN where there was too little past.
  private(set) var scores: [Double]
  /// Raw value of the part that each score comes from.
  private(set) var parts: [UInt8]
  /// The block judged last and what scored it; not of mixtures.
  var last: (block: Int, fit: Fit?)?
  /// The mixture's answers, with `gmm`.
  private(set) var mixture: MixtureRatio?
  private let curve: ReferenceCurve?
  private let threshold: Double
  private let fewest: Int
  private let longestRun: Int
  private var scratch: [Double]

  init(options: OutlierOptions, table: SurpriseTable, curve: ReferenceCurve?) {
    self.options = options
    self.table = table
    self.curve = curve
    scores = [Double](repeating: .nan, count: table.values.count)
    parts = [UInt8](
      repeating: UInt8(SurpriseTable.Part.residual.rawValue), count: table.values.count)
    mixture = options.method == .gmm ? MixtureRatio(table, seed: options.seed) : nil
    threshold = options.threshold ?? options.automaticThreshold
    fewest = max(table.grid.day, 50)
    longestRun = options.method == .gmm ? 5 : 20
    scratch = [Double](repeating: 0, count: 4 * table.history / table.grid.stride + 2)
  }

  /// Scores the samples in `range` of a piece of a block that was fitted before; `before` are the
  /// scores of the samples right in front of it.
  init(
    options: OutlierOptions, table: SurpriseTable, range: Range<Int>, fit: Fit?, before: [Double]
  ) {
    self.options = options
    self.table = table
    curve = nil
    scores = [Double](repeating: .nan, count: table.values.count)
    parts = [UInt8](
      repeating: UInt8(SurpriseTable.Part.residual.rawValue), count: table.values.count)
    (threshold, fewest, longestRun, scratch) = (0, 0, 0, [])
    for (index, score) in zip((range.lowerBound - before.count)..., before) {
      scores[index] = score
    }
    if let fit { score(range, fit, table.scales[SurpriseTable.Part.residual.rawValue][0]) }
  }

  /// Scores block `block`; nil where there is too little past.
  mutating func judge(_ block: Int) -> Block? {
    let start = table.starts[block]
    let scale = table.scales[SurpriseTable.Part.residual.rawValue][block]
    last = (block, nil)
    guard start >= fewest, !scale.unit.isNaN else { return nil }
    if options.method == .gmm { return judgeMixture(block) }
    guard let fit = fit(block, scale) else { return nil }
    last = (block, fit)
    score(start..<table.end(of: block), fit, scale)
    return fit.block
  }

  private mutating func fit(_ block: Int, _ scale: SurpriseTable.Scale) -> Fit? {
    switch options.method {
    case .auto: fitTails(block, SurpriseTable.Part.allCases)
    case .residual: fitTails(block, [.residual])
    case .mad, .iqr, .esd: fitFences(block, scale)
    case .gmm: preconditionFailure("BUG: a mixture is no fit of one block")
    }
  }

  private mutating func score(
    _ range: Range<Int>, _ fit: Fit, _ scale: SurpriseTable.Scale
  ) {
    switch fit.scoring {
    case .tails(let tails, let limit):
      for one in tails {
        let sizes = table.sizes[one.part.rawValue]
        for index in range {
          let size = sizes[index]
          guard !size.isNaN else { continue }
          let score = one.tail.surprise(size) / limit
          if scores[index].isNaN || score > scores[index] {
            scores[index] = score
            parts[index] = UInt8(one.part.rawValue)
          }
        }
      }
    case .fences(let fences):
      let residuals = table.signed[SurpriseTable.Part.residual.rawValue]
      for index in range where !residuals[index].isNaN {
        var residual = residuals[index]
        if let curve, curve.expected[index].isFinite {
          residual *= SurpriseTable.share(of: curve, at: index, residual, scale)
        }
        scores[index] = fences.score(residual)
      }
    }
  }

  // MARK: - Tails

  private mutating func fitTails(_ block: Int, _ judged: [SurpriseTable.Part]) -> Fit? {
    let start = table.starts[block]
    var tails: [Fit.Tail] = []
    for part in SurpriseTable.Part.allCases {
      let sizes = table.sizes[part.rawValue]
      guard let tail = tail(of: sizes, before: start, days: 4) else { continue }
      tails.append(Fit.Tail(part: part, tail: tail))
    }
    let used = tails.filter { judged.contains($0.part) }
    guard !used.isEmpty else { return nil }
    let limit = limit(
      of: used.map { ($0.tail, table.sizes[$0.part.rawValue]) }, before: start, days: 4,
      wanted: threshold)
    var result = Block()
    for one in tails { describe(one.part, one.tail, limit: limit, block, in: &result) }
    return Fit(block: result, scoring: .tails(used, limit: limit))
  }

  /// The surprise that scores 1, from how often such surprises came before `start`.
  private func limit(
    of statistics: [AlarmRate.Statistic], before start: Int, days: Int, wanted: Double
  ) -> Double {
    let range = table.oldestSize(before: start, back: days * table.history)..<start
    let gap = max(table.grid.samples(minutes: 30), 1)
    return AlarmRate(of: statistics, in: range, gap: gap, wanted: wanted).surprise(at: wanted)
      * options.thresholdFactor
  }

  private func describe(
    _ part: SurpriseTable.Part, _ tail: ParetoTail, limit: Double, _ block: Int,
    in result: inout Block
  ) {
    let scale = table.scales[part.rawValue][block]
    switch part {
    case .step: result.usualStep = tail.bound * scale.unit
    case .drift: result.usualDrift = tail.bound * scale.unit
    case .lasting: result.usualLasting = tail.bound * scale.unit
    case .residual:
      result.centre = scale.centre
      result.usual = tail.bound * scale.unit
      result.back = tail.statistic(at: min(3, limit)) * scale.unit
      let width = tail.statistic(at: limit) * scale.unit
      result.below = width
      result.above = width
    }
  }

  /// The tail of the sizes seen before `start`; nil when they are too few.
  private mutating func tail(of sizes: [Double], before start: Int, days: Int) -> ParetoTail? {
    let oldest = table.oldestSize(before: start, back: days * table.history)
    return ParetoTail(
      sizes, from: table.grid.firstRead(from: oldest), to: start, every: table.grid.stride,
      fewest: start >= 2 * fewest ? 1 : 20, longestRun: longestRun,
      scratch: &scratch)
  }

  // MARK: - Mixture

  private mutating func judgeMixture(_ block: Int) -> Block? {
    let range = table.starts[block]..<table.end(of: block)
    let residual = SurpriseTable.Part.residual.rawValue
    guard var mixture else { preconditionFailure("BUG: no mixture") }
    self.mixture = nil
    mixture.fill(max(0, range.lowerBound - table.history)..<range.upperBound, table)
    defer { self.mixture = mixture }
    guard
      let own = tail(of: table.sizes[residual], before: range.lowerBound, days: 4),
      let tail = tail(of: mixture.sizes, before: range.lowerBound, days: 1)
    else { return nil }
    var result = Block()
    let ownLimit = limit(
      of: [(own, table.sizes[residual])], before: range.lowerBound, days: 4,
      wanted: options.automaticThreshold)
    describe(.residual, own, limit: ownLimit, block, in: &result)
    let limit = limit(
      of: [(tail, mixture.sizes)], before: range.lowerBound, days: 1, wanted: threshold)
    for index in range where !mixture.sizes[index].isNaN {
      var size = mixture.sizes[index]
      if let curve, curve.expected[index].isFinite {
        size *= SurpriseTable.share(
          of: curve, at: index, table.signed[residual][index], table.scales[residual][block])
      }
      scores[index] = tail.surprise(size) / limit
    }
    return result
  }

  // MARK: - Fences

  private mutating func fitFences(_ block: Int, _ scale: SurpriseTable.Scale) -> Fit? {
    let start = table.starts[block]
    let residuals = table.signed[SurpriseTable.Part.residual.rawValue]
    var fences: Fences
    if options.method == .mad {
      fences = .mad(scale, limit: threshold)
    } else {
      var count = 0
      var index = table.grid.firstRead(from: max(0, start - table.history))
      while index < start {
        if !residuals[index].isNaN {
          scratch[count] = residuals[index]
          count += 1
        }
        index += table.grid.stride
      }
      guard count >= 20 else { return nil }
      if options.method == .iqr {
        fences = .iqr(&scratch, count: count, unit: scale.unit, limit: threshold)
      } else {
        let options = options
        fences = .esd(&scratch, count: count, unit: scale.unit) {
          options.studentThreshold(count: $0)
        }
      }
    }
    fences.below *= options.thresholdFactor
    fences.above *= options.thresholdFactor
    let block = Block(
      centre: fences.centre, below: fences.below, above: fences.above,
      usual: 2.326 * SurpriseTable.gaussian * scale.unit)
    return Fit(block: block, scoring: .fences(fences))
  }
}
