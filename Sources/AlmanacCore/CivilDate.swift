/// A day of the proleptic Gregorian calendar.
public struct CivilDate: Hashable, Sendable {
  /// The year; 0 is 1 BC.
  public let year: Int64
  /// From 1 for January to 12.
  public let month: Int64
  /// The day of the month, from 1.
  public let day: Int64
  private let sinceEpoch: Int64

  /// The day that comes `days` after 1970-01-01.
  ///
  /// - Precondition: less than 10^15 days from there.
  public init(daysSinceEpoch days: Int64) {
    precondition(days.magnitude < 1_000_000_000_000_000, "BUG: no day")
    (year, month, day) = civilDate(fromDays: days)
    sinceEpoch = days
  }

  /// From 1 for the first of January.
  public var dayOfYear: Int64 { sinceEpoch - days(fromYear: year, month: 1, day: 1) + 1 }

  /// From 0 for Sunday to 6.
  public var dayOfWeek: Int64 {
    let day = (sinceEpoch + 4) % 7
    return day < 0 ? day + 7 : day
  }

  /// How many days its month has.
  public var daysInMonth: Int64 {
    let next = month == 12 ? (year: year + 1, month: Int64(1)) : (year: year, month: month + 1)
    return days(fromYear: next.year, month: next.month, day: 1)
      - days(fromYear: year, month: month, day: 1)
  }
}
