internal import Synchronization

/// The last values of chunks that were asked for: who looks at the newest sample of a series once
/// will look again.
final class LastValues: Sendable {
  private struct Entry {
    let time: Int64
    let value: Double
  }

  /// Series that are remembered for one part.
  private static let limit = 1 << 20

  private let entries = Mutex<[UInt32: Entry]>([:])

  /// The value of `series` at `time`, the last of its chunk, if it is known.
  func value(of series: UInt32, at time: Int64) -> Double? {
    entries.withLock { entries in
      guard let entry = entries[series], entry.time == time else { return nil }
      return entry.value
    }
  }

  /// Keeps what was found.
  func remember(_ value: Double, of series: UInt32, at time: Int64) {
    entries.withLock { entries in
      if entries.count >= Self.limit { entries.removeAll() }
      entries[series] = Entry(time: time, value: value)
    }
  }
}
