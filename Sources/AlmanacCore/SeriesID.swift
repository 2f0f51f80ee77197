/// A series' number in its store, given when it is first written and never used again.
public struct SeriesID: Hashable, Comparable, Sendable {
  /// The number, from 1.
  public let rawValue: UInt64

  /// The series of number `rawValue`.
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// Older before newer.
  public static func < (a: SeriesID, b: SeriesID) -> Bool { a.rawValue < b.rawValue }
}
