public import AlmanacCore
internal import Synchronization

/// Which times had samples change, change by change: for those who keep what they worked out.
///
/// Bounded: of changes long ago neighbours are joined, so that too much counts as changed, never
/// too little.
struct ChangeLog {
  private struct Change {
    /// The version after it.
    var version: UInt64
    /// All times that changed since the entry before.
    var range: TimeRange
  }

  private static let limit = 1024

  private(set) var version: UInt64 = 0
  private var changes: [Change] = []

  /// Notes that samples in `range` changed; to be called once readers see it, and before anybody
  /// is told.
  mutating func note(_ range: TimeRange) {
    guard !range.isEmpty else { return }
    version += 1
    changes.append(Change(version: version, range: range))
    if changes.count > Self.limit { joinOlderHalf() }
  }

  func isUnchanged(since version: UInt64, in range: TimeRange) -> Bool {
    for change in changes.reversed() {
      if change.version <= version { return true }
      if change.range.overlaps(range) { return false }
    }
    return true
  }

  /// The times that changed since `version`.
  func ranges(since version: UInt64) -> [TimeRange] {
    changes.reversed().prefix { $0.version > version }.map(\.range)
  }

  private mutating func joinOlderHalf() {
    var joined: [Change] = []
    for index in stride(from: 0, to: Self.limit / 2, by: 2) {
      let (first, second) = (changes[index].range, changes[index + 1])
      joined.append(
        Change(
          version: second.version,
          range: TimeRange(
            start: min(first.start, second.range.start), end: max(first.end, second.range.end))))
    }
    changes.replaceSubrange(0..<Self.limit / 2, with: joined)
  }
}

extension Store {
  /// A number that grows with every change of samples, once readers see it.
  public var dataVersion: UInt64 { changes.withLock { $0.version } }

  /// Whether all samples inside `range` are as they were at `version` of the data; false where
  /// that is not known any more.
  public func isUnchanged(since version: UInt64, in range: TimeRange) -> Bool {
    changes.withLock { $0.isUnchanged(since: version, in: range) }
  }

  /// The times whose samples may have changed since `version` of the data, the newest change first.
  public func changedRanges(since version: UInt64) -> [TimeRange] {
    changes.withLock { $0.ranges(since: version) }
  }

  /// Notes that points of these times are readable now.
  func noteChange(of writes: [[Int64]]) {
    var first = Int64.max
    var last = Int64.min
    for times in writes {
      for time in times {
        first = min(first, time)
        last = max(last, time)
      }
    }
    guard first <= last else { return }
    note(
      TimeRange(start: Timestamp(nanoseconds: first), end: Timestamp(nanoseconds: last)))
  }

  /// Notes that samples in `range` changed for readers.
  func note(_ range: TimeRange) { changes.withLock { $0.note(range) } }

  /// Notes that samples left with their retention.
  func noteExpiry(from before: Horizon, to now: Horizon) {
    guard before.earliest != now.earliest || before.byRule != now.byRule else { return }
    let last = [before, now].map { $0.byRule.values.reduce($0.earliest, max) }.reduce(.min, max)
    note(
      TimeRange(
        start: Timestamp(nanoseconds: min(before.first, now.first)),
        end: Timestamp(nanoseconds: last)))
  }
}
