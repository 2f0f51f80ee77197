/// How long the level of the last hour holds: the forecast's first hours lean on it.
///
/// Fitted on the deviations from the week profile at every past hour: gain(lead) is the share
/// of the last hour's deviation that best foretells the one at that lead, both relative to the
/// day before.
struct Nearness: Equatable, Sendable {
  /// The share of the last hour's excess that is left at each lead of `hours`; 1 to 0, falling.
  var gains: [Double]
  /// Size of the deviations that remain at each lead, over those a day ahead; rising to 1.
  var rest: [Double]

  /// Leads in hours.
  static let hours: [Double] = [0, 0.25, 0.5, 1, 2, 4, 8, 16, 24]
  /// Hours after which nothing is left; longer ones lost on walk-forward folds.
  private static let fade = 5.0
  /// What each unit of gain must earn, as a share of the error.
  private static let price = 0.03
  /// Near errors are measured within the profile's own sample: bands get no narrower than this.
  private static let narrowest = 0.5

  /// Nothing is left of it.
  static let none = Nearness(
    gains: [Double](repeating: 0, count: hours.count),
    rest: [Double](repeating: 1, count: hours.count))

  /// Stored figures.
  init(gains: [Double], rest: [Double]) {
    self.gains = gains
    self.rest = rest
  }

  /// - Parameter residual: values less the week profile, newest last; needs five days at steps of
  ///   an hour or less.
  init(residual: [Double], rhythm: Rhythm) {
    let day = rhythm.day
    guard day >= 24, rhythm.factor > 1, residual.count >= 5 * day else {
      self = .none
      return
    }
    let hour = day / 24
    let sorted = residual.sorted()
    let low = Quantiles.quantile(ofSorted: sorted, 0.005)
    let high = Quantiles.quantile(ofSorted: sorted, 0.995)
    let held = residual.map { min(max($0, low), high) }
    var sums = [0.0]
    sums.reserveCapacity(held.count + 1)
    for value in held { sums.append(sums[sums.count - 1] + value) }
    let mean = { (from: Int, to: Int) in (sums[to] - sums[from]) / Double(to - from) }
    var sizes: [Double] = []
    gains = []
    for lead in Self.hours {
      let ahead = max(0, Int(lead * Double(hour)) - 1)
      let moments = stride(from: day, to: held.count - ahead, by: hour)
      let pairs = moments.map { moment -> (excess: Double, later: Double) in
        let level = mean(moment - day, moment)
        return (mean(moment - hour, moment) - level, held[moment + ahead] - level)
      }
      // By absolute error, so that rare excursions do not speak for ordinary hours.
      var best = (gain: 0.0, error: Double.infinity)
      for tenth in 0...10 {
        let gain = Double(tenth) / 10
        let left = pairs.reduce(0) { $0 + abs($1.later - gain * $1.excess) }
        if left * (1 + Self.price * gain) < best.error {
          best = (gain, left * (1 + Self.price * gain))
        }
      }
      let gain = min(best.gain * max(0, 1 - lead / Self.fade), gains.last ?? 1)
      gains.append(gain)
      let left = pairs.reduce(0) { $0 + abs($1.later - gain * $1.excess) }
      sizes.append(left / Double(max(pairs.count, 1)))
    }
    let whole = sizes[sizes.count - 1]
    rest = sizes.map { whole > 0 ? min(max($0 / whole, Self.narrowest), 1) : 1 }
    for index in rest.indices.dropFirst() { rest[index] = max(rest[index], rest[index - 1]) }
  }

  /// The value at `index` steps ahead, from 0, of figures given at `hours`.
  private func value(_ figures: [Double], at index: Int, hour: Int) -> Double {
    let lead = Double(index + 1) / Double(hour)
    var above = 1
    while above < Self.hours.count - 1, Self.hours[above] < lead { above += 1 }
    let width = Self.hours[above] - Self.hours[above - 1]
    let along = min(max((lead - Self.hours[above - 1]) / width, 0), 1)
    return figures[above - 1] + (figures[above] - figures[above - 1]) * along
  }

  /// Factors of the band's width for the first day of `steps`; (at most a day).
  func widths(steps: Int, rhythm: Rhythm) -> [Double] {
    guard rest[0] < 1 else { return [] }
    let hour = max(1, rhythm.day / 24)
    return (0..<min(rhythm.day, steps)).map { value(rest, at: $0, hour: hour) }
  }

  /// Moves the first day of `point` towards the level of the last hour.
  ///
  /// - Parameter residual: the last values less the profile, an hour or more, newest last.
  func move(_ point: inout [Double], profile: [Double], residual: [Double], rhythm: Rhythm) {
    let hour = max(1, rhythm.day / 24)
    guard gains[0] > 0, residual.count >= hour, !point.isEmpty else { return }
    let now = Quantiles.median(residual.suffix(hour))
    let first = min(hour, point.count)
    var said = 0.0
    for index in 0..<first {
      said += (point[index] - SeasonalProfile.value(profile, at: index)) / Double(first)
    }
    for index in 0..<min(rhythm.day, point.count) {
      let gain = value(gains, at: index, hour: hour)
      point[index] += gain * (now - said)
    }
  }
}
