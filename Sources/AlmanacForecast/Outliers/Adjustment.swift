/// What a series went through, found at a refit: all that lies before it is moved to how things are
/// now.
enum Adjustment: Sendable, Equatable {
  /// A code push or the like: from sample `since` on the level is higher by `by`.
  case level(since: Int, by: Double)
  /// Daylight saving or the like: from sample `since` on the rhythm comes `by` samples earlier,
  /// later where that is negative.
  case clock(since: Int, by: Int)

  /// The first sample after the change.
  var since: Int {
    switch self {
    case .level(let since, _), .clock(let since, _): since
    }
  }
}
