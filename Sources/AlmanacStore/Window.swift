internal import AlmanacCore

/// The times that a part may hold samples of: a month of the UTC calendar, or a century before
/// 2000 and from 2100 on, so that odd clocks cannot make any number of parts.
struct Window: Hashable, Comparable, Sendable {
  /// Months since January of year 0 of its first month.
  let index: Int64

  init(index: Int64) {
    self.index = index
  }

  /// The window that holds `time`, ns since the Unix epoch.
  init(holding time: Int64) {
    let (year, month) = Timestamp(nanoseconds: time).yearAndMonth
    index = (2000..<2100).contains(year) ? year * 12 + month - 1 : year / 100 * 1200
  }

  static func < (a: Window, b: Window) -> Bool { a.index < b.index }
}
