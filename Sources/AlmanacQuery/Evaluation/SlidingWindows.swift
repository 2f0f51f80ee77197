internal import AlmanacCore
internal import Synchronization

/// Which samples windows hold that slide along a series: the same for all series that have the same
/// times.
final class SlidingWindows: Sendable {
  /// A window of two samples or more.
  struct Window {
    /// The positions of its first and of its last sample.
    let first: Int32
    let last: Int32
    /// The position of its reach.
    let reach: Int32
  }

  /// The times of the samples.
  private let source: [Int64]
  let windows: [Window]
  /// Each as far as windows that follow each other have the same.
  let reaches: [WindowReach]
  /// The ends of the windows.
  let times: [Int64]

  /// Windows (end - length, end] along samples at `source`; the ends are `endTimes`.
  init(along source: [Int64], ends: Moments, length: Int64, at endTimes: [Int64]) {
    self.source = source
    let sampleTimes = source.span
    var windows: [Window] = []
    windows.reserveCapacity(ends.count)
    var reaches: [WindowReach] = []
    // Not that of `endTimes`: threads would count references to one array.
    var times: [Int64] = []
    times.reserveCapacity(ends.count)
    var lower = WindowBound()
    var upper = WindowBound()
    for index in 0..<ends.count {
      let end = ends[index]
      let (earlier, overflow) = end.subtractingReportingOverflow(length)
      let start = overflow ? .min : earlier
      upper.move(past: end, in: sampleTimes)
      lower.move(past: start, in: sampleTimes)
      let (from, to) = (lower.position, upper.position)
      guard to - from > 1 else { continue }
      let bounds = WindowReach.Bounds(
        start: start, first: sampleTimes[from], last: sampleTimes[to - 1], end: end,
        count: to - from)
      if reaches.last?.isSame(bounds) != true { reaches.append(WindowReach(bounds)) }
      windows.append(
        Window(
          first: Int32(truncatingIfNeeded: from), last: Int32(truncatingIfNeeded: to - 1),
          reach: Int32(truncatingIfNeeded: reaches.count - 1)))
      times.append(endTimes[index])
    }
    self.windows = windows
    self.reaches = reaches
    self.times = times
  }

  /// Whether they are those along samples at `times`, as far as that can be told at once.
  func isAlong(_ times: [Int64]) -> Bool {
    let source = source
    let (mine, other) = (source.span, times.span)
    return mine.isIdentical(to: other)
  }
}

/// The windows that were worked out last: series that are read one after the other often share their
/// times.
final class RecentWindows: Sendable {
  /// Some for each thread.
  private static let limit = 4

  private let recent = Mutex<(all: [SlidingWindows], next: Int)>(([], 0))

  /// The windows along samples at `times`; `make` works them out where they are not known.
  func windows(along times: [Int64], _ make: () -> SlidingWindows) -> SlidingWindows {
    let known = recent.withLock { recent in recent.all.first { $0.isAlong(times) } }
    if let known { return known }
    let made = make()
    recent.withLock { recent in
      if recent.all.count < Self.limit {
        recent.all.append(made)
      } else {
        recent.all[recent.next] = made
        recent.next = (recent.next + 1) % Self.limit
      }
    }
    return made
  }
}

/// One end of a window that slides along a series.
private struct WindowBound {
  /// The first sample after it.
  private(set) var position = 0
  /// How far it moved last.
  private var stride = 0

  /// Moves on to the first sample after `time`; most often as far as the last time.
  @inline(__always)
  mutating func move(past time: Int64, in times: Span<Int64>) {
    let guess = position + stride
    if guess < times.count, times[guess] > time, guess == 0 || times[guess - 1] <= time {
      position = guess
      return
    }
    let before = position
    while position < times.count, times[position] <= time { position += 1 }
    stride = position - before
  }
}

/// How far a window reaches beyond its samples, in seconds.
struct WindowReach {
  /// A window with its samples, ns.
  struct Bounds {
    var start: Int64
    var first: Int64
    var last: Int64
    var end: Int64
    var count: Int
  }

  /// What the bounds are to those of a window with the same reach.
  private let before: Int64
  private let inside: Int64
  private let after: Int64
  private let count: Int

  private let secondsBefore: Double
  private let secondsInside: Double
  private let secondsAfter: Double
  /// What a change is multiplied by.
  let factor: Double

  init(_ bounds: Bounds) {
    before = bounds.first &- bounds.start
    inside = bounds.last &- bounds.first
    after = bounds.end &- bounds.last
    // Distances that are out of range are those of no other window.
    let fits = before >= 0 && inside > 0 && after >= 0
    count = fits ? bounds.count : 0
    secondsInside = Self.seconds(from: bounds.first, to: bounds.last)
    let distance = secondsInside / Double(bounds.count - 1)
    let toFirst = Self.seconds(from: bounds.start, to: bounds.first)
    secondsBefore = toFirst >= 1.1 * distance ? distance / 2 : toFirst
    let toEnd = Self.seconds(from: bounds.last, to: bounds.end)
    secondsAfter = toEnd >= 1.1 * distance ? distance / 2 : toEnd
    factor = (secondsInside + secondsBefore + secondsAfter) / secondsInside
  }

  /// Whether a window reaches as far beyond as many samples.
  func isSame(_ bounds: Bounds) -> Bool {
    count == bounds.count && inside == bounds.last &- bounds.first
      && before == bounds.first &- bounds.start && after == bounds.end &- bounds.last
  }

  /// The factor of a counter whose first value is `share` of its change: it was 0 so long before.
  func factor(fromZero share: Double) -> Double {
    let before = min(secondsBefore, secondsInside * share)
    return (secondsInside + before + secondsAfter) / secondsInside
  }

  /// From one time to another in seconds.
  private static func seconds(from: Int64, to: Int64) -> Double {
    let (distance, overflow) = to.subtractingReportingOverflow(from)
    return overflow ? Double(to) / 1e9 - Double(from) / 1e9 : Double(distance) / 1e9
  }
}
