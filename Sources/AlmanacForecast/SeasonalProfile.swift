/// Typical values by position in a period, for values without gaps, newest last.
///
/// Every profile is laid out from the end of the values on: element 0 belongs to the first step
/// after them, so the value i steps ahead is `profile[i % profile.count]`.
enum SeasonalProfile {
  /// The centred mean over `width` neighbours (odd), the ends joined.
  static func smoothed(_ profile: [Double], width: Int) -> [Double] {
    let count = profile.count
    guard width > 1, count > 1 else { return profile }
    let half = min(width, count) / 2
    let size = Double(2 * half + 1)
    var sum = 0.0
    for offset in -half...half { sum += profile[(offset + count) % count] }
    var result = [Double](repeating: 0, count: count)
    for index in 0..<count {
      result[index] = sum / size
      let next = index + half + 1
      let gone = index - half
      sum += profile[next >= count ? next - count : next]
      sum -= profile[gone < 0 ? gone + count : gone]
    }
    return result
  }

  /// The median over the last `rows` whole periods at every position; not smoothed.
  ///
  /// - Precondition: there is at least one whole period.
  static func medians(_ values: [Double], period: Int, rows: Int) -> [Double] {
    let count = min(rows, values.count / period)
    precondition(count > 0 && period > 0, "BUG: no whole period")
    let start = values.count - count * period
    var column = [Double](repeating: 0, count: count)
    return (0..<period).map { position in
      for row in 0..<count { column[row] = values[start + row * period + position] }
      return Quantiles.median(reordering: &column, count: count)
    }
  }

  /// The mean over the last `rows` whole periods at every position; nil where there is none.
  static func mean(_ values: [Double], period: Int, rows: Int) -> [Double]? {
    let count = min(rows, values.count / period)
    guard count > 0 else { return nil }
    let start = values.count - count * period
    var result = [Double](repeating: 0, count: period)
    for row in 0..<count {
      for position in 0..<period {
        result[position] += values[start + row * period + position] / Double(count)
      }
    }
    return result
  }

  /// A week: a day's profile `base` plus what is typical beyond it at each time of the week,
  /// shrunk k / (k + shrink) for k whole weeks of history and smoothed over `width`.
  static func week(
    _ values: [Double], over base: [Double], factor: Int, width: Int, shrink: Double
  ) -> [Double] {
    let day = base.count
    let week = day * factor
    let count = values.count / week
    var result = (0..<week).map { base[$0 % day] }
    guard count > 0, factor > 1 else { return result }
    let start = values.count - count * week
    let share = Double(count) / (Double(count) + shrink)
    var column = [Double](repeating: 0, count: count)
    let excess = (0..<week).map { position -> Double in
      for row in 0..<count {
        column[row] = values[start + row * week + position] - result[position]
      }
      return count > 2
        ? Quantiles.median(reordering: &column, count: count) : Quantiles.mean(column)
    }
    let smooth = smoothed(excess, width: width)
    for position in 0..<week { result[position] += share * smooth[position] }
    return result
  }

  /// Values less the profile, which goes on before its first element.
  static func residual(_ values: [Double], profile: [Double]) -> [Double] {
    let offset = values.count % profile.count
    var position = offset == 0 ? 0 : profile.count - offset
    var result = values
    for index in result.indices {
      result[index] -= profile[position]
      position = position + 1 == profile.count ? 0 : position + 1
    }
    return result
  }

  /// The value of `profile` at `index` steps after the end of the history; negative is before.
  static func value(_ profile: [Double], at index: Int) -> Double {
    let rest = index % profile.count
    return profile[rest < 0 ? rest + profile.count : rest]
  }
}
