public import AlmanacCore

/// When a group is evaluated: at multiples of its interval, moved by an offset that its name and
/// file give, so that groups do not all work at once.
public struct EvaluationSlots: Sendable, Equatable {
  /// From one slot to the next; positive.
  public let interval: Interval
  /// How much later than a multiple of the interval its slots are; whole milliseconds.
  public let offset: Interval

  /// The slots of the group `id`.
  public init(of id: RuleGroupID, interval: Interval) {
    precondition(interval > .zero, "BUG: an interval must be positive")
    self.interval = interval
    let number = UInt64(id.hash.prefix(16), radix: 16) ?? 0
    let milliseconds = max(1, UInt64(interval.nanoseconds / 1_000_000))
    offset = Interval(nanoseconds: Int64(number % milliseconds) * 1_000_000)
  }

  /// The last slot that is not after `time`.
  public func slot(notAfter time: Timestamp) -> Timestamp {
    (time - offset).aligned(downTo: interval) + offset
  }

  /// The slot after `slot`, and how many were missed by `now`: those between, where a whole interval
  /// has passed since.
  public func next(after slot: Timestamp, now: Timestamp) -> (slot: Timestamp, missed: Int) {
    let next = slot + interval
    guard now > next else { return (next, 0) }
    let latest = self.slot(notAfter: now)
    let missed = Int((latest.nanoseconds - next.nanoseconds) / interval.nanoseconds)
    return (next + Interval(nanoseconds: Int64(missed) * interval.nanoseconds), max(0, missed))
  }
}
