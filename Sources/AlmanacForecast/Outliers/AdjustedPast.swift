/// The past of a series as it compares with now: after a code push what lay before is moved to the
/// new level, after a change of the clock it is moved in time.
///
/// A series that is back on a level of the last seven days has its past moved back, all but what it
/// was on the other level: so a first weekend, or a long event, leaves the rhythm as it was.
struct AdjustedPast {
  /// The samples, each as it would be now.
  private(set) var values: [Double]
  /// Residuals to what was expected, as it would be expected now; NaN before there are any.
  private(set) var residuals: [Double]
  private let day: Int
  /// The new levels of the last seven days, oldest first.
  private var levels: [(since: Int, by: Double)] = []

  private static let days = 7
  /// A level is an earlier one again where less than this share of the way is missing.
  private static let missing = 0.5

  init(_ values: [Double], day: Int) {
    self.values = values
    self.day = day
    residuals = [Double](repeating: .nan, count: values.count)
  }

  /// Notes the residuals of the samples in `range`.
  mutating func note(_ new: [Double], in range: Range<Int>) {
    residuals.replaceSubrange(range, with: new[range])
  }

  /// Moves what lies before the change that was found at `start`.
  ///
  /// - Parameter expected: what was expected of the samples before `start`.
  /// - Returns: the change of what was expected of them: the adjustment, or what it takes back.
  mutating func apply(
    _ adjustment: Adjustment, before start: Int, _ expected: [Double]
  ) -> Adjustment {
    switch adjustment {
    case .clock(let since, let by):
      values.turn(by: by, before: since)
      for index in since..<max(since, start - max(by, 0)) {
        residuals[index] += expected[index] - expected[index + by]
      }
      return adjustment
    case .level(let since, let by):
      for index in since..<start { residuals[index] -= by }
      levels.removeAll { $0.since < start - Self.days * day }
      var back = 0.0
      for position in levels.indices.reversed() {
        back += levels[position].by
        guard abs(by + back) < Self.missing * abs(by) else { continue }
        for level in levels[position...] { values.move(by: -level.by, before: level.since) }
        levels.removeSubrange(position...)
        return .level(since: since, by: -back)
      }
      values.move(by: by, before: since)
      levels.append((since, by))
      return adjustment
    }
  }
}

extension [Double] {
  /// Adds `size` to what lies before `end`.
  mutating func move(by size: Double, before end: Int) {
    for index in 0..<end { self[index] += size }
  }

  /// Moves what lies before `end` so many samples earlier, later where that is negative.
  mutating func turn(by samples: Int, before end: Int) {
    if samples > 0 {
      for index in 0..<Swift.max(end - samples, 0) { self[index] = self[index + samples] }
    } else {
      for index in (Swift.min(-samples, end)..<end).reversed() {
        self[index] = self[index + samples]
      }
    }
  }
}
