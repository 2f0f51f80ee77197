internal import Glibc

/// How wide a forecast's band is at any level, from the errors of its own backtests.
///
/// A bound lies `grow` times the errors' quantile from the forecast, plus `spread` times how far
/// the rules disagree; both grow with the level, so wider levels enclose narrower ones.
struct Intervals: Equatable, Sendable {
  /// How the two parts grow, at 80 % and 95 %.
  struct Shape: Equatable, Sendable {
    var grow: (at80: Double, at95: Double)
    var spread: (at80: Double, at95: Double)

    /// Of a mix of rules; chosen on walk-forward folds inside the training weeks of 11 hosts'
    /// signals, where it covered 81 % and 96 %.
    static let mix = Shape(grow: (0.8, 1.2), spread: (1.1, 3))
    /// Of one method alone, which has nobody to disagree with.
    static let single = Shape(grow: (1.15, 1.3), spread: (0, 0))
    /// Of errors that were measured at every lead, as a random walk's.
    static let plain = Shape(grow: (1, 1), spread: (0, 0))

    static func == (a: Shape, b: Shape) -> Bool { a.grow == b.grow && a.spread == b.spread }
  }

  /// Shares at which quantiles are kept, ascending.
  static let shares: [Double] = {
    let lower = [
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45,
    ]
    return lower + [0.5] + lower.reversed().map { 1 - $0 }
  }()

  var shape: Shape
  /// Quantiles of the errors by time of day: (bins, shares), the overall ones mixed in by half.
  var table: [[Double]]
  /// Offsets grow with lead to this power: 0 or, for a random walk, 1/2.
  var growth = 0.0
  /// Factors of the band's width at `knots`, at most 1 and not falling; 1 beyond.
  var early = [Double](repeating: 1, count: knots.count)

  private static let maximumBins = 48
  /// Leads in days between which errors are compared, and the middles of these parts.
  static let edges = [0, 0.125, 1, 3, 7]
  static let knots = [0.0625, 0.5, 2, 5]
  /// No band is narrower than this share of a late one.
  private static let narrowest = 0.2

  /// The table of `errors`, each at a position of the day; positions are since the epoch.
  ///
  /// - Parameter leads: how many steps ahead each error was, from 0; where given, errors at each
  ///   lead are taken relative to what is usual there.
  init(
    errors: [Double], positions: [Int], leads: [Int]? = nil, day: Int, shape: Shape,
    growth: Double = 0
  ) {
    self.shape = shape
    self.growth = growth
    table = []
    var errors = errors
    if let leads {
      early = Self.early(errors, leads, day: day)
      for (index, lead) in leads.enumerated() { errors[index] /= factor(lead, day: day) }
    }
    guard !errors.isEmpty else {
      table = [[Double](repeating: 0, count: Self.shares.count)]
      return
    }
    let sorted = errors.sorted()
    let overall = Self.shares.map { Quantiles.quantile(ofSorted: sorted, $0) }
    let bins = min(Self.maximumBins, day)
    guard bins >= 3, errors.count >= 20 * bins else {
      table = [overall]
      return
    }
    var members = [[Double]](repeating: [], count: bins)
    for (error, position) in zip(errors, positions) {
      members[min(bins - 1, position * bins / day)].append(error)
    }
    table = (0..<bins).map { bin in
      let near =
        (members[(bin + bins - 1) % bins] + members[bin] + members[(bin + 1) % bins]).sorted()
      guard near.count >= 30 else { return overall }
      return zip(Self.shares, overall).map { share, all in
        0.5 * Quantiles.quantile(ofSorted: near, share) + 0.5 * all
      }
    }
  }

  /// A stored table.
  ///
  /// - Precondition: at least one row, each as long as `shares`; `early` as long as `knots`.
  init(shape: Shape, table: [[Double]], growth: Double, early: [Double]) {
    precondition(!table.isEmpty && table.allSatisfy { $0.count == Self.shares.count }, "BUG")
    precondition(early.count == Self.knots.count, "BUG")
    self.shape = shape
    self.table = table
    self.growth = growth
    self.early = early
  }

  /// Mean sizes of the errors in each part of the leads, over that of the last part.
  private static func early(_ errors: [Double], _ leads: [Int], day: Int) -> [Double] {
    var sums = [Double](repeating: 0, count: knots.count)
    var counts = sums
    for (error, lead) in zip(errors, leads) {
      let days = Double(lead) / Double(day)
      let part = (edges.lastIndex { $0 <= days } ?? 0)
      guard part < knots.count else { continue }
      sums[part] += abs(error)
      counts[part] += 1
    }
    let sizes = zip(sums, counts).map { $1 > 0 ? $0 / $1 : .nan }
    guard let last = sizes.last(where: \.isFinite), last > 0 else {
      return [Double](repeating: 1, count: knots.count)
    }
    var least = narrowest
    return sizes.map { size in
      least = max(least, size.isFinite ? min(size / last, 1) : least)
      return size.isFinite ? least : 1
    }
  }

  /// The factor of the width `lead` steps ahead: on the line between knots.
  private func factor(_ lead: Int, day: Int) -> Double {
    let days = Double(lead) / Double(day)
    guard days < Self.knots[Self.knots.count - 1] else { return early[early.count - 1] }
    guard let above = Self.knots.firstIndex(where: { $0 > days }), above > 0 else {
      return early[0]
    }
    let along =
      (days - Self.knots[above - 1]) / (Self.knots[above] - Self.knots[above - 1])
    return early[above - 1] + (early[above] - early[above - 1]) * along
  }

  /// How far below and above the forecast the bounds of the central interval `level` lie, both at
  /// least 0 and growing with the level.
  ///
  /// - Parameters:
  ///   - position: of the first step in the day since the epoch; `day` steps are a day.
  ///   - disagreement: of the rules at every step, at least 0.
  func distances(
    level: Double, position: Int, day: Int, disagreement: [Double]
  ) -> (below: [Double], above: [Double]) {
    let score = NormalQuantile.score(level: level)
    let z80 = 1.2815515655446004
    let z95 = 1.959963984540054
    let along = (score - z80) / (z95 - z80)
    // Grow is held outside 80 to 95 %, where the quantile itself goes on; spread goes to 0 at
    // level 0 and straight on beyond 95 %.
    let grow = shape.grow.at80 + (shape.grow.at95 - shape.grow.at80) * min(max(along, 0), 1)
    let spread =
      score < z80
      ? shape.spread.at80 * score / z80
      : shape.spread.at80 + (shape.spread.at95 - shape.spread.at80) * along
    let bins = table.count
    let low = table.map { max(0, -Self.value($0, score: -score)) * grow }
    let high = table.map { max(0, Self.value($0, score: score)) * grow }
    var below = disagreement
    var above = disagreement
    let width = Double(day) / Double(bins)
    for index in disagreement.indices {
      var offsets = (low[0], high[0])
      if bins > 1 {
        let x = (Double((position + index) % day) + 0.5) / width - 0.5
        let floor = x.rounded(.down)
        let first = (Int(floor) + bins) % bins
        let second = (first + 1) % bins
        let rest = x - floor
        offsets = (
          low[first] * (1 - rest) + low[second] * rest,
          high[first] * (1 - rest) + high[second] * rest
        )
      }
      if growth != 0 {
        let grown = pow(Double(index + 1), growth)
        offsets = (offsets.0 * grown, offsets.1 * grown)
      }
      let factor = factor(index, day: day)
      below[index] = factor * (spread * disagreement[index] + offsets.0)
      above[index] = factor * (spread * disagreement[index] + offsets.1)
    }
    return (below, above)
  }

  /// Normal scores of `shares`.
  private static let scores = shares.map { share in
    share < 0.5
      ? -NormalQuantile.upper(share) : NormalQuantile.upper(1 - share)
  }

  /// A row's quantile at a normal score; beyond the ends it goes on in proportion.
  private static func value(_ row: [Double], score: Double) -> Double {
    guard let first = scores.first, let last = scores.last else { return 0 }
    if score <= first { return row[0] < 0 ? row[0] * (score / first) : row[0] }
    if score >= last {
      let value = row[row.count - 1]
      return value > 0 ? value * (score / last) : value
    }
    var above = 1
    while scores[above] < score { above += 1 }
    let rest = (score - scores[above - 1]) / (scores[above] - scores[above - 1])
    return row[above - 1] + (row[above] - row[above - 1]) * rest
  }
}
