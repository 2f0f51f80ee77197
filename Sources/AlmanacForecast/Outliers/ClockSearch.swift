/// The search for a change of the clock at a refit: daylight saving moves by an hour all that people
/// and their jobs do.
///
/// The hourly means of the last two days are held against what was expected of them, of an hour later and
/// of an hour earlier. Where the other hour leaves six hours or more with a quarter of their strays or
/// less, and so does it four of them that each stray by three times what is usual, the rhythm has moved.
struct ClockSearch {
  private let day: Int
  /// 0 where a day has no whole hours.
  private let hour: Int

  private static let fewestDays = 4
  private static let hours = 48
  private static let fewestHours = 6
  private static let fewestMended = 4
  private static let least = 3.0
  private static let mostLeft = 0.25
  /// Days that tell how far hours usually stray, and how many hours at least.
  private static let usualDays = 28
  private static let fewestUsual = 48

  init(grid: RefitGrid) {
    day = grid.day
    hour = grid.day % 24 == 0 ? grid.day / 24 : 0
  }

  /// The change that the samples before `start` show; nil where there is none.
  ///
  /// - Parameters:
  ///   - expected: what was expected of the samples then.
  ///   - residuals: how they strayed, as it would be now.
  ///   - last: the first sample that compares with what was expected of it.
  ///   - reach: samples back of which residuals may be asked for.
  func find(
    _ values: [Double], _ expected: [Double], _ residuals: [Double], before start: Int, last: Int,
    reach: Int
  ) -> Adjustment? {
    guard hour > 0, start >= Self.fewestDays * day else { return nil }
    // What is expected an hour later must have been said.
    let whole = min(Self.hours, (start - hour - last) / hour)
    guard whole >= Self.fewestHours else { return nil }
    let begin = start - hour - whole * hour
    let plain = (0..<whole).map { stray(values, expected, begin + $0 * hour, 0) }
    var usual: Double?
    for shift in [hour, -hour] {
      let moved = (0..<whole).map { stray(values, expected, begin + $0 * hour, shift) }
      guard Self.split(plain, moved, 0) != nil else { continue }
      let level = usual ?? self.usual(residuals, before: begin, reach)
      usual = level
      if let position = Self.split(plain, moved, Self.least * level) {
        return .clock(since: begin + position * hour, by: shift)
      }
    }
    return nil
  }

  /// The hour from which on the other hour's expectation is the better one by far; nil where there is
  /// none.
  private static func split(_ plain: [Double], _ moved: [Double], _ least: Double) -> Int? {
    var best: (gain: Double, position: Int)?
    var (left, other, mended, count) = (0.0, 0.0, 0, 0)
    for position in plain.indices.reversed() where !(plain[position] + moved[position]).isNaN {
      left += plain[position]
      other += moved[position]
      count += 1
      if plain[position] > least, moved[position] <= mostLeft * plain[position] { mended += 1 }
      guard count >= fewestHours, mended >= fewestMended, left > least * Double(count),
        other <= mostLeft * left
      else { continue }
      if left - other > best?.gain ?? 0 { best = (left - other, position) }
    }
    return best?.position
  }

  /// The median of how far hourly means strayed; infinite where they are too few.
  private func usual(_ residuals: [Double], before start: Int, _ reach: Int) -> Double {
    let oldest = max(start - min(reach, Self.usualDays * day) + 3 * day, 0)
    var strays: [Double] = []
    for end in stride(from: start, to: oldest + hour, by: -hour) {
      let mean = mean(end - hour..<end) { residuals[$0] }
      if !mean.isNaN { strays.append(abs(mean)) }
    }
    return strays.count >= Self.fewestUsual ? Quantiles.median(strays) : .infinity
  }

  /// How far the mean of an hour is from what was expected `shift` samples later; NaN where half of
  /// it is missing.
  private func stray(
    _ values: [Double], _ expected: [Double], _ begin: Int, _ shift: Int
  ) -> Double {
    guard begin + min(shift, 0) >= 0 else { return .nan }
    return abs(mean(begin..<begin + hour) { values[$0] - expected[$0 + shift] })
  }

  private func mean(_ range: Range<Int>, of value: (Int) -> Double) -> Double {
    var sum = 0.0
    var count = 0
    for index in range {
      let value = value(index)
      if !value.isNaN {
        sum += value
        count += 1
      }
    }
    return 2 * count >= range.count ? sum / Double(count) : .nan
  }
}
