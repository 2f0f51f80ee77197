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

/// One rule: a profile repeated plus a level that stays or fades.
struct SeasonalRule: Sendable {
  /// Element 0 belongs to the first step after the history; a constant has one element.
  var profile: [Double]
  var level = 0.0
  /// Steps until 1/e of the level is left; nil where it stays.
  var fade: Double?

  /// What it says at `leads`, steps after the history from 0.
  func values(at leads: [Int]) -> [Double] {
    let rate = fade.map { 1 / $0 } ?? 0
    return leads.map { lead in
      let moved = fade == nil ? level : level * exp(-Double(lead + 1) * rate)
      return profile[lead % profile.count] + moved
    }
  }
}

/// Forecasts that need no training to speak of: constants, yesterday and last week again, median
/// profiles of day and week, the same at the level of late, and seasonal autoregressions.
struct SeasonalRules {
  /// The rules in their order; weights are stored in it.
  enum Name: Int, CaseIterable {
    /// The last value, the medians of the last hour, day, week and of everything.
    case last, hourMedian, dayMedian, weekMedian, median
    /// Yesterday; last week, as it was and smoothed over half an hour and over two hours.
    case yesterday, lastWeek, lastWeekSmooth, lastWeekSmoother
    /// Medians of the last days at each time of day, smoothed over a quarter of an hour.
    case day3, day7, day14, day28
    /// The same, smoothed over an hour.
    case smoothDay7, smoothDay14, smoothDay28
    /// Week profiles, shrunk towards the day's by k/(k+1) and k/(k+0.3) for k weeks.
    case week, sharpWeek
    /// A smooth week profile, the 14-day profile and the week profile moved by the last day's
    /// level, which fades over 3 days.
    case smoothWeekFading, day14Fading, weekFading
    /// Last week plus the change of the last day against the same day a week before.
    case lastWeekKept, lastWeekFading
    /// The mean of the last four weeks; the same at the last day's level.
    case fourWeeks, fourWeeksKept
    /// The mean of the last two weeks; the same at the last day's level.
    case twoWeeks, twoWeeksKept
    /// Autoregressions of hourly means: weakly held, strongly held, of logarithms.
    case autoregression, heldAutoregression, logAutoregression
  }

  /// How many rules there are.
  static let count = Name.allCases.count
  /// The pair that any mix is held towards: the profile of 7 days and the week profile with a
  /// fading level.
  static let anchors = [Name.day7.rawValue, Name.weekFading.rawValue]

  let rhythm: Rhythm
  /// The smoothed week profile, element 0 at the first step after the history.
  let week: [Double]
  /// The week profile at the last day's level.
  let weekAtLevel: SeasonalRule
  private let rules: [SeasonalRule]
  private let autoregressions: [SeasonalAutoregression?]
  /// What an autoregression adds to.
  private let shape: [Double]

  /// The rules of `values`, which have no gaps.
  ///
  /// - Precondition: there is at least one whole short period.
  init(_ values: [Double], rhythm: Rhythm) {
    let day = rhythm.day
    precondition(values.count >= day && day > 0, "BUG: rules need one whole period")
    self.rhythm = rhythm
    let whole = values.count / day
    let narrow = rhythm.width(minutes: 15)
    let wide = rhythm.width(minutes: 31)
    let hour = rhythm.width(minutes: 61)
    let constant = { (count: Int) in
      SeasonalRule(profile: [Quantiles.median(values.suffix(max(1, count)))])
    }
    let plain = { (profile: [Double]) in SeasonalRule(profile: profile) }
    let kept = { (profile: [Double]) in
      SeasonalRule(profile: profile, level: Self.level(values, above: profile, over: day))
    }
    let fading = { (rule: SeasonalRule) -> SeasonalRule in
      var rule = rule
      rule.fade = Double(3 * day)
      return rule
    }
    let yesterday = Array(values.suffix(day))
    let lastWeek = Array(values.suffix(min(rhythm.factor, whole) * day))
    let medians = [3, 7, 14, 28].map {
      SeasonalProfile.medians(values, period: day, rows: $0)
    }
    let days = medians.map { SeasonalProfile.smoothed($0, width: narrow) }
    let hourly = medians.map { SeasonalProfile.smoothed($0, width: hour) }
    shape = SeasonalProfile.smoothed(medians[2], width: wide)
    week = SeasonalProfile.week(
      values, over: shape, factor: rhythm.factor, width: wide, shrink: 1)
    let sharpWeek = SeasonalProfile.week(
      values, over: shape, factor: rhythm.factor, width: wide, shrink: 0.3)
    let smoothWeek = SeasonalProfile.week(
      values, over: hourly[2], factor: rhythm.factor, width: rhythm.width(minutes: 121), shrink: 1)

    // Against the same day a week before, where there is one.
    let before = values.dropLast(rhythm.week).suffix(day)
    var lastWeekKept = plain(lastWeek)
    if before.count == day, rhythm.factor > 1 {
      lastWeekKept.level = Quantiles.median(zip(yesterday, before).map { $0 - $1 })
    }
    weekAtLevel = kept(week)
    let fourWeeks = SeasonalProfile.mean(values, period: rhythm.week, rows: 4) ?? yesterday
    let twoWeeks = SeasonalProfile.mean(values, period: rhythm.week, rows: 2) ?? yesterday
    rules = [
      plain([values[values.count - 1]]), constant(day / 24), constant(day), constant(7 * day),
      constant(values.count),
      plain(yesterday), plain(lastWeek), plain(SeasonalProfile.smoothed(lastWeek, width: wide)),
      plain(SeasonalProfile.smoothed(lastWeek, width: rhythm.width(minutes: 121))),
      plain(days[0]), plain(days[1]), plain(days[2]), plain(days[3]),
      plain(hourly[1]), plain(hourly[2]), plain(hourly[3]),
      plain(week), plain(sharpWeek),
      fading(kept(smoothWeek)), fading(kept(days[2])), fading(weekAtLevel), lastWeekKept,
      fading(lastWeekKept),
      plain(fourWeeks), kept(fourWeeks), plain(twoWeeks), kept(twoWeeks),
    ]
    let means = BlockMeans(values, rhythm: rhythm)
    let weak = SeasonalAutoregression(means, pull: 1e-4)
    autoregressions = [
      weak, SeasonalAutoregression(means, pull: 1e-2),
      SeasonalAutoregression(means, pull: 1e-4, logarithm: true) ?? weak,
    ]
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

  /// What the rules say at `leads`, steps after the history from 0: (count, leads).
  ///
  /// - Parameter wanted: rules that are left out are empty; nil is all.
  func candidates(at leads: [Int], only wanted: [Bool]? = nil) -> [[Double]] {
    let farthest = leads.max() ?? 0
    return (0..<Self.count).map { index in
      guard wanted?[index] ?? true else { return [] }
      guard index >= rules.count else { return rules[index].values(at: leads) }
      // Where the history is too short for one, the week at the last day's level stands in.
      guard let autoregression = autoregressions[index - rules.count] else {
        return weekAtLevel.values(at: leads)
      }
      return autoregression.values(at: leads, farthest: farthest, shape: shape)
    }
  }

  /// What the rules say for the next `horizon` steps: (count, horizon).
  func candidates(horizon: Int) -> [[Double]] { candidates(at: Array(0..<horizon)) }

  /// A profile repeated over `count` steps.
  static func tiled(_ profile: [Double], _ count: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(count)
    while result.count < count { result.append(contentsOf: profile.prefix(count - result.count)) }
    return result
  }
}
