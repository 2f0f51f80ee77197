/// The lengths of time that samples are summed up by.
@frozen
public enum Resolution: CaseIterable, Comparable, Sendable {
  /// Five minutes.
  case fiveMinutes
  /// An hour.
  case hour

  /// The length in nanoseconds.
  @inlinable
  public var length: Int64 {
    switch self {
    case .fiveMinutes: 300_000_000_000
    case .hour: 3_600_000_000_000
    }
  }

  /// The resolution of that length, nanoseconds; nil where there is none.
  public init?(length: Int64) {
    guard let known = Self.allCases.first(where: { $0.length == length }) else { return nil }
    self = known
  }
}
