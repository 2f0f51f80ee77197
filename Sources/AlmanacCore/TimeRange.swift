/// All moments from `start` to `end`, both included; empty where `end` is before `start`.
///
/// A range selector `[d]` at time T covers (T - d, T]: see `init(last:until:)`.
public struct TimeRange: Hashable, Sendable {
  /// The first moment inside.
  public var start: Timestamp
  /// The last moment inside.
  public var end: Timestamp

  /// All moments from `start` to `end`, both included.
  public init(start: Timestamp, end: Timestamp) {
    self.start = start
    self.end = end
  }

  /// The half-open range (end - interval, end] of a range selector.
  public init(last interval: Interval, until end: Timestamp) {
    self.start = end - interval + Interval(nanoseconds: 1)
    self.end = end
  }

  /// Every moment that a timestamp can hold.
  public static let all = TimeRange(
    start: Timestamp(nanoseconds: .min), end: Timestamp(nanoseconds: .max))

  /// Whether no moment is inside.
  public var isEmpty: Bool { end < start }

  /// Whether `time` is inside.
  public func contains(_ time: Timestamp) -> Bool { start <= time && time <= end }

  /// Whether a moment is inside both.
  public func overlaps(_ other: TimeRange) -> Bool { start <= other.end && other.start <= end }
}
