internal import AlmanacNeural

internal import Glibc

/// The likelihood ratio of what was expected against what came, under a Gaussian mixture of the
/// past week over rows (residual, step, expected level), refitted at midnight of the grid.
///
/// The statistic is the signed-root form, sqrt(2 (log L(expected) - log L(actual))), 0 where what
/// came is the likelier: for one Gaussian the distance in standard deviations.
struct MixtureRatio {
  /// sqrt(2 ratio) of each sample; NaN where not computed, without model or missing.
  private(set) var sizes: [Double]
  /// Log-likelihood (nats) of the row that came.
  private(set) var actual: [Double]
  /// Log-likelihood (nats) of the row that was expected.
  private(set) var predicted: [Double]
  /// Most likely component of the row that came; -1 where not computed.
  private(set) var component: [Int]

  private let seed: UInt64
  private let days: [Int]
  private var done: [Bool]

  private static let dimensions = 3
  private static let rows = 2500
  private static let far = 12.0
  private static let near = 0.01

  init(_ table: SurpriseTable, seed: UInt64) {
    let empty = [Double](repeating: .nan, count: table.values.count)
    sizes = empty
    actual = empty
    predicted = empty
    component = [Int](repeating: -1, count: table.values.count)
    days = table.grid.starts(count: table.values.count, wholeDays: true)
    done = [Bool](repeating: false, count: days.count)
    self.seed = seed
  }

  /// Computes every day that touches `range`; cheap where that was done before.
  mutating func fill(_ range: Range<Int>, _ table: SurpriseTable) {
    for day in days.indices where !done[day] {
      let end = day + 1 < days.count ? days[day + 1] : table.values.count
      guard days[day] < range.upperBound, end > range.lowerBound else { continue }
      done[day] = true
      judge(days[day]..<end, table)
    }
  }

  // MARK: - One day

  /// How rows are centred and scaled for one day.
  private struct Frame {
    var residual: SurpriseTable.Scale
    var step: SurpriseTable.Scale
    var level: SurpriseTable.Scale

    /// What the scaling adds to a log-density.
    var logVolume: Double { log(residual.unit) + log(step.unit) + log(level.unit) }

    func append(_ r: Double, _ d: Double, _ f: Double, to rows: inout [Double]) {
      rows.append(Self.bounded((r - residual.centre) / residual.unit))
      rows.append(Self.bounded((d - step.centre) / step.unit))
      rows.append(Self.bounded((f - level.centre) / level.unit))
    }

    /// Keeps squares of scaled values finite.
    private static func bounded(_ value: Double) -> Double { min(max(value, -1e6), 1e6) }
  }

  private mutating func judge(_ range: Range<Int>, _ table: SurpriseTable) {
    guard let (frame, mixture) = fit(before: range.lowerBound, table) else { return }
    let residuals = table.signed[SurpriseTable.Part.residual.rawValue]
    let steps = table.signed[SurpriseTable.Part.step.rawValue]
    var came: [Double] = []
    var foreseen: [Double] = []
    var indices: [Int] = []
    came.reserveCapacity(range.count * Self.dimensions)
    foreseen.reserveCapacity(range.count * Self.dimensions)
    indices.reserveCapacity(range.count)
    for index in range where !residuals[index].isNaN {
      let step = steps[index].isNaN ? 0 : steps[index]
      frame.append(residuals[index], step, table.expected[index], to: &came)
      frame.append(0, 0, table.expected[index], to: &foreseen)
      indices.append(index)
    }
    guard !indices.isEmpty else { return }
    let volume = frame.logVolume
    let likelihoods = mixture.logLikelihood(came)
    let foreseenLikelihoods = mixture.logLikelihood(foreseen)
    let components = mixture.mostLikelyComponent(came)
    for (position, index) in indices.enumerated() {
      actual[index] = likelihoods[position] - volume
      predicted[index] = foreseenLikelihoods[position] - volume
      component[index] = components[position]
      let ratio = foreseenLikelihoods[position] - likelihoods[position]
      // A constant past gives densities without width, in which rounding would be strange.
      let row = position * Self.dimensions
      let isCentral = max(abs(came[row]), abs(came[row + 1])) < Self.near
      sizes[index] = isCentral ? 0 : (2 * max(ratio, 0)).squareRoot()
    }
  }

  private func fit(before start: Int, _ table: SurpriseTable) -> (Frame, GaussianMixture)? {
    let block = table.block(of: start)
    let residuals = table.signed[SurpriseTable.Part.residual.rawValue]
    let steps = table.signed[SurpriseTable.Part.step.rawValue]
    var frame = Frame(
      residual: table.scales[SurpriseTable.Part.residual.rawValue][block],
      step: table.scales[SurpriseTable.Part.step.rawValue][block], level: SurpriseTable.Scale())
    guard !frame.residual.unit.isNaN, !frame.step.unit.isNaN else { return nil }
    let first = max(0, start - table.history)
    var present: [Int] = []
    present.reserveCapacity(start - first)
    for index in first..<start where !residuals[index].isNaN && !steps[index].isNaN {
      present.append(index)
    }
    guard present.count >= 30 else { return nil }
    let count = min(present.count, Self.rows)
    let picked = (0..<count).map { present[$0 * present.count / count] }
    frame.level = Self.level(picked.map { table.expected[$0] })
    // What strays by far is no model of the usual, unless a fortieth of the rows does.
    var strays = picked.map { index in
      max(
        abs(residuals[index] - frame.residual.centre) / frame.residual.unit,
        abs(steps[index] - frame.step.centre) / frame.step.unit)
    }
    let sizes = strays
    let limit = max(Self.far, Quantiles.quantile(reordering: &strays, count: count, 0.975))
    var rows: [Double] = []
    rows.reserveCapacity(count * Self.dimensions)
    for (index, size) in zip(picked, sizes) where size <= limit {
      frame.append(residuals[index], steps[index], table.expected[index], to: &rows)
    }
    let mixture = try? GaussianMixture.fit(
      rows, dimensions: Self.dimensions, components: 1...4, seed: seed, iterations: 40,
      tolerance: 1e-3, floor: 0.01)
    return mixture.map { (frame, $0) }
  }

  /// Median and standard deviation of expected levels.
  private static func level(_ levels: [Double]) -> SurpriseTable.Scale {
    var sorted = levels
    let centre = Quantiles.median(reordering: &sorted, count: sorted.count)
    var squares = 0.0
    for value in levels { squares += (value - centre) * (value - centre) }
    let deviation = (squares / Double(levels.count)).squareRoot()
    let floor = max(1e-9 * abs(centre), 1e-300)
    let unit = deviation.isFinite ? deviation + floor : .greatestFiniteMagnitude
    return SurpriseTable.Scale(centre: centre, deviation: deviation, unit: unit)
  }
}
