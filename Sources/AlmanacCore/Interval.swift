/// A length of time in nanoseconds, as `7d` or `1h30m` in a query.
///
/// Named apart from Swift's `Duration`, which counts attoseconds and is not an Int64.
public struct Interval: Hashable, Comparable, Sendable {
  /// The length in nanoseconds; may be negative.
  public var nanoseconds: Int64

  /// A length of `nanoseconds`.
  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// No time at all.
  public static let zero = Interval(nanoseconds: 0)

  /// `count` seconds.
  public static func seconds(_ count: Int64) -> Interval {
    Interval(nanoseconds: count * 1_000_000_000)
  }

  /// `count` minutes.
  public static func minutes(_ count: Int64) -> Interval { .seconds(count * 60) }

  /// `count` hours.
  public static func hours(_ count: Int64) -> Interval { .seconds(count * 3600) }

  /// `count` days of 24 hours.
  public static func days(_ count: Int64) -> Interval { .seconds(count * 86_400) }

  /// The length in seconds, rounded to the nearest Double.
  public var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Shorter before longer.
  public static func < (a: Interval, b: Interval) -> Bool { a.nanoseconds < b.nanoseconds }

  /// One after the other; saturates.
  public static func + (a: Interval, b: Interval) -> Interval {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
    guard overflow else { return Interval(nanoseconds: sum) }
    return Interval(nanoseconds: a.nanoseconds < 0 ? .min : .max)
  }

  /// How many whole `step`s fit into this length.
  ///
  /// - Precondition: `step` is not zero.
  public func count(of step: Interval) -> Int { Int(nanoseconds / step.nanoseconds) }
}

extension Interval: CustomStringConvertible {
  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
    ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
  ]

  /// The length as a query writes it: `7d`, `1h30m`, `0s`.
  public var description: String {
    guard nanoseconds != 0 else { return "0s" }
    var rest = nanoseconds.magnitude
    var text = nanoseconds < 0 ? "-" : ""
    for unit in Self.units {
      let size = unit.nanoseconds.magnitude
      if rest >= size {
        text += "\(rest / size)\(unit.name)"
        rest %= size
      }
    }
    return text
  }
}
