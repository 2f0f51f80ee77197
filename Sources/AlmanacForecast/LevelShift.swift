internal import AlmanacCore

/// A change to a level that has no example in the history before it: nothing that lasted as long
/// was ever so high or so low. No backtest can tell what follows from such a change.
struct LevelShift: Equatable {
  /// Position of the first value at the new level.
  let index: Int
  /// By how much the level rose; negative where it fell.
  let size: Double
  /// Values at the new level.
  let length: Int
  /// Whether the new level lasts for a day: it is there to stay.
  let isSettled: Bool

  /// Hours at the new level and days before it, at least.
  private static let leastHours = 2
  private static let leastDays = 3
  /// Former levels are looked for over as long a time, at most so many hours.
  private static let longestWindow = 24
  /// How far out the new level lies at least: shares of the range of former levels, and standard
  /// deviations of the hours before.
  private static let ranges = 0.5
  private static let deviations = 4.0
  /// For this share of its age so far a young level is as likely as not to last.
  private static let lasting = 0.25
  /// The other level's distance in units of disagreement: the band of 95 % reaches it.
  private static let doubt = 0.35

  /// The newest shift of `values`, which have no gaps; nil where there is none.
  static func newest(in values: [Double], rhythm: Rhythm) -> LevelShift? {
    let means = BlockMeans(values, rhythm: rhythm)
    let rest = residual(means)
    guard let last = rest.last, rest.count >= (leastDays + 1) * means.day else { return nil }
    // What lies on the other side of the middle is no part of it.
    let middle = Quantiles.median(rest)
    let sign = last < middle ? -1.0 : 1.0
    let other = rest.lastIndex { ($0 - middle) * sign <= 0 } ?? 0
    let most = min(rest.count - 1 - other, rest.count - leastDays * means.day)
    guard most >= leastHours else { return nil }
    let signed = rest.map { $0 * sign }
    let gains = (leastHours...most).map { gain(signed, length: $0) }
    guard let best = gains.max(), best > 0, let place = gains.firstIndex(of: best) else {
      return nil
    }
    return LevelShift(values, means, signed, sign, hours: leastHours + place)
  }

  /// Means of hours, less what is usual at their time of day; whole days, up to the end.
  private static func residual(_ means: BlockMeans) -> [Double] {
    let days = means.values.count / means.day
    guard days > 0 else { return [] }
    let profile = SeasonalProfile.medians(means.values, period: means.day, rows: days)
    let start = means.values.count - days * means.day
    return (start..<means.values.count).map { means.values[$0] - profile[($0 - start) % means.day] }
  }

  /// How much it explains that the last `length` hours are a level of their own, above all others;
  /// 0 where they are none.
  private static func gain(_ rest: [Double], length: Int) -> Double {
    let cut = rest.count - length
    let before = rest[..<cut]
    let window = min(length, longestWindow)
    let levels = stride(from: 0, through: cut - window, by: max(1, window / 2)).map {
      Quantiles.median(rest[$0..<($0 + window)])
    }
    guard let highest = levels.max(), let lowest = levels.min(), let least = rest[cut...].min(),
      least > highest
    else { return 0 }
    let center = Quantiles.median(before)
    let deviation = 1.4826 * Quantiles.median(before.map { abs($0 - center) })
    let level = Quantiles.median(rest[cut...])
    let needed = max(
      ranges * (highest - lowest), deviations * deviation, 1e-9 * max(abs(level), abs(center)))
    guard level - highest > needed else { return 0 }
    return Double(length) * Double(cut) * (level - center)
  }

  /// The shift that lies about `hours` before the end, of values and signed residuals.
  private init(
    _ values: [Double], _ means: BlockMeans, _ rest: [Double], _ sign: Double, hours: Int
  ) {
    var cut = rest.count - hours
    let old = Quantiles.median(rest[max(0, cut - 7 * means.day)..<cut])
    let new = Quantiles.median(rest[cut...])
    size = (new - old) * sign
    // Hours before it that happen to be high are none of it.
    while cut + 1 < rest.count, rest[cut] < (old + new) / 2 { cut += 1 }
    let hours = rest.count - cut
    // Within an hour to either side, where the values come to the upper half.
    let day = means.day * means.width
    let profile = SeasonalProfile.medians(values, period: day, rows: values.count / day)
    let end = values.count
    let around = (end - (hours + 1) * means.width)..<(end - (hours - 1) * means.width)
    var sum = 0.0
    var best = (sum: 0.0, index: around.lowerBound)
    for index in around {
      let usual = SeasonalProfile.value(profile, at: index - end)
      sum += (values[index] - usual) * sign - (old + new) / 2
      if sum < best.sum { best = (sum, index + 1) }
    }
    index = best.index
    length = end - best.index
    isSettled = length >= day
  }

  /// Takes a forecast at the new level to what may be expected of it. A level of a day or more
  /// stays. A younger one goes: each is as likely as not to last for a share of its age, so the
  /// forecast goes over to the old level by then, and the band holds both.
  func apply(to outlook: inout Outlook) {
    guard !isSettled else { return }
    for index in outlook.point.indices {
      let age = Double(index + 1) / (Self.lasting * Double(length))
      let gone = 1 - 1 / (1 + age * age)
      outlook.point[index] -= gone * size
      outlook.disagreement[index] += Self.doubt * max(gone, 1 - gone) * abs(size)
    }
  }
}
