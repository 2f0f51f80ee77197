internal import Glibc

/// The steps of a signal's rhythm.
struct Rhythm: Equatable, Sendable {
  /// Steps in the short period: a day, or a week of daily values.
  var day: Int
  /// Short periods in the long one: 7 days in a week, 1 where there is no longer one.
  var factor: Int

  /// Steps in the long period.
  var week: Int { day * factor }

  /// The number of steps that `minutes` of a day are, at least 1.
  func steps(minutes: Int) -> Int { max(1, minutes * day / 1440) }

  /// `minutes` of a day as an odd number of steps, for centred means.
  func width(minutes: Int) -> Int {
    let steps = steps(minutes: minutes)
    return steps % 2 == 1 ? steps : steps + 1
  }
}

/// Sixteen forecasts that need no training: constants, yesterday and last week again, median
/// profiles of day and week, and profiles moved to the level of late.
struct SeasonalRules {
  /// How many rules there are.
  static let count = 16
  /// The rules of the fixed mix: the profile of 7 days, the week profile with a fading level.
  static let fixed = [4, 10]

  let rhythm: Rhythm
  private let last: Double
  private let constants: (all: Double, week: Double, day: Double)
  private let yesterday: [Double]
  private let lastWeek: [Double]
  private let days: [[Double]]
  /// The smoothed week profile, element 0 at the first step after the history.
  let week: [Double]
  private let sharpWeek: [Double]
  private let levels: (weekDay: Double, weekQuarter: Double, day: Double)

  /// The rules of `values`, which have no gaps.
  ///
  /// - Precondition: there is at least one whole short period.
  init(_ values: [Double], rhythm: Rhythm) {
    let day = rhythm.day
    precondition(values.count >= day && day > 0, "BUG: rules need one whole period")
    self.rhythm = rhythm
    let whole = values.count / day
    last = values[values.count - 1]
    constants = (
      Quantiles.median(values), Quantiles.median(values.suffix(7 * day)),
      Quantiles.median(values.suffix(day))
    )
    yesterday = Array(values.suffix(day))
    lastWeek = Array(values.suffix(min(rhythm.factor, whole) * day))
    let narrow = rhythm.width(minutes: 15)
    let wide = rhythm.width(minutes: 31)
    days = [7, 14, 28].map {
      SeasonalProfile.day(values, day: day, days: $0, width: narrow)
    }
    week = SeasonalProfile.week(
      values, day: day, factor: rhythm.factor, width: wide, shrink: 1)
    sharpWeek = SeasonalProfile.week(
      values, day: day, factor: rhythm.factor, width: wide, shrink: 0.3)
    levels = (
      Self.level(values, above: week, over: day),
      Self.level(values, above: week, over: max(1, day / 4)),
      Self.level(values, above: days[1], over: day)
    )
  }

  /// The median deviation of the last `count` values from a profile.
  static func level(_ values: [Double], above profile: [Double], over count: Int) -> Double {
    let count = min(count, values.count)
    var scratch = [Double](repeating: 0, count: count)
    let start = values.count - count
    for index in 0..<count {
      scratch[index] = values[start + index] - SeasonalProfile.value(profile, at: index - count)
    }
    return Quantiles.median(reordering: &scratch, count: count)
  }

  /// What every rule says for the next `horizon` steps: (count, horizon).
  func candidates(horizon: Int) -> [[Double]] {
    let constant = { (value: Double) in [Double](repeating: value, count: horizon) }
    let fading = { (profile: [Double], level: Double, steps: Int) -> [Double] in
      var result = Self.tiled(profile, horizon)
      let rate = 1 / Double(steps)
      for index in 0..<horizon { result[index] += level * exp(-Double(index + 1) * rate) }
      return result
    }
    let moved = { (profile: [Double], level: Double) -> [Double] in
      var result = Self.tiled(profile, horizon)
      for index in 0..<horizon { result[index] += level }
      return result
    }
    let day = rhythm.day
    return [
      constant(last), constant(constants.all), Self.tiled(yesterday, horizon),
      Self.tiled(lastWeek, horizon), Self.tiled(days[0], horizon), Self.tiled(days[1], horizon),
      Self.tiled(days[2], horizon), Self.tiled(week, horizon), Self.tiled(sharpWeek, horizon),
      moved(week, levels.weekDay), fading(week, levels.weekDay, 3 * day),
      fading(week, levels.weekQuarter, day), moved(days[1], levels.day),
      fading(days[1], levels.day, 3 * day), constant(constants.week), constant(constants.day),
    ]
  }

  /// A profile repeated over `count` steps.
  static func tiled(_ profile: [Double], _ count: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(count)
    while result.count < count { result.append(contentsOf: profile.prefix(count - result.count)) }
    return result
  }
}
