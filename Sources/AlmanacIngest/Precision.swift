/// The unit that the timestamps of a write are given in.
public enum Precision: Sendable {
  /// Nanoseconds, what a write without a precision means.
  case nanoseconds
  /// Microseconds.
  case microseconds
  /// Milliseconds.
  case milliseconds
  /// Seconds.
  case seconds
  /// Minutes.
  case minutes
  /// Hours.
  case hours

  /// Reads the `precision` parameter of a write: `n`, `ns`, `u`, `us`, `µs`, `ms`, `s`, `m` or
  /// `h`, nanoseconds where it is empty; nil where it is none of them.
  public init?(parameter: String) {
    switch parameter {
    case "", "n", "ns": self = .nanoseconds
    // Unicode has two signs for micro: U+00B5 and the Greek letter U+03BC.
    case "u", "us", "\u{B5}", "\u{B5}s", "\u{3BC}", "\u{3BC}s": self = .microseconds
    case "ms": self = .milliseconds
    case "s": self = .seconds
    case "m": self = .minutes
    case "h": self = .hours
    default: return nil
    }
  }

  /// The length of one unit.
  public var nanoseconds: Int64 {
    switch self {
    case .nanoseconds: 1
    case .microseconds: 1_000
    case .milliseconds: 1_000_000
    case .seconds: 1_000_000_000
    case .minutes: 60_000_000_000
    case .hours: 3_600_000_000_000
    }
  }
}
