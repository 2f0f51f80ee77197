import AlmanacCore
import Testing

@testable import AlmanacQuery

@Suite("Histories of outliers")
struct OutlierHistoryTests {
  static let now = Timestamp(nanoseconds: 1_788_220_800_000_000_000)

  static func key(_ host: Int) -> SeriesKey {
    SeriesKey(metric: "m", labels: Labels([("host", "h\(host)")]))
  }

  static func history(
    _ host: Int, at time: Timestamp, kept: Interval? = nil
  ) -> OutlierHistory {
    OutlierHistory(
      of: key(host), judged: TimeRange(start: time - .minutes(5), end: time), lead: .days(36),
      kept: kept)
  }

  @Test("a history is as long as it must be, and begins at the same moment for a week")
  func origin() {
    var origins: Set<Timestamp> = []
    for hour in 0..<(7 * 24) {
      let time = Self.now + .hours(Int64(hour))
      let origin = Self.history(1, at: time).origin
      #expect(origin <= time - .minutes(5) - .days(36))
      #expect(origin > time - .minutes(5) - .days(43))
      origins.insert(origin)
    }
    #expect(origins.count == 2)
    #expect(Self.history(1, at: Self.now).origin != Self.history(2, at: Self.now).origin)
  }

  @Test(
    "where samples are kept for less it lies inside of what is kept", arguments: [1, 3, 14, 30])
  func retention(_ days: Int64) {
    var origins: Set<Timestamp> = []
    for hour in 0..<(7 * 24) {
      let time = Self.now + .hours(Int64(hour))
      let origin = Self.history(4, at: time, kept: .days(days)).origin
      #expect(origin > time - .days(days))
      #expect(origin <= time - .hours(days * 24 / 2))
      origins.insert(origin)
    }
    #expect(origins.count <= 7 * 4 / Int(days) + 2)
  }

  @Test("refits of many series are spread over a quarter day")
  func refits() {
    let moments = (0..<7200).map { Self.history($0, at: Self.now).refit(before: Self.now) }
    #expect(moments.allSatisfy { $0 <= Self.now && $0 > Self.now - .hours(6) })
    var counts: [Timestamp: Int] = [:]
    for moment in moments { counts[moment, default: 0] += 1 }
    #expect(counts.count > 300)
    #expect(counts.values.allSatisfy { $0 < 60 })
  }

  @Test("the index whose quarter days are refits fits their times")
  func offset() {
    let history = Self.history(5, at: Self.now)
    let refit = history.refit(before: Self.now)
    #expect(history.offset(of: refit, step: .minutes(1)) % 360 == 0)
  }
}
