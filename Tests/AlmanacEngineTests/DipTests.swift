import AlmanacCore
import AlmanacEngine
import AlmanacQuery
import Testing

/// The talk's own example: memory dips every week while a batch job runs. Whoever watches the
/// last hour only sees an outlier; whoever has seen the weeks before does not.
@Suite struct DipTests {
  static let minutes = 5
  static let weeks = 5
  static var perDay: Int { 1440 / minutes }

  /// Five weeks with the dip every Sunday at 3, and in the last week at `moved` too.
  static func signal(moved: Int?) -> [Double] {
    var values = DatabaseFixture.daily(days: 7 * weeks, minutes: minutes, noise: 0.5, seed: 3)
    let dip = { (day: Int, hour: Int) in
      for index in 0..<60 / minutes {
        values[day * perDay + hour * 60 / minutes + index] -= 25
      }
    }
    for week in 0..<weeks { dip(week * 7, 3) }
    if let moved { dip((weeks - 1) * 7 + 2, moved) }
    return values
  }

  /// Times of outliers in the last week.
  static func outliers(_ method: String, moved: Int?) async throws -> [Timestamp] {
    let fixture = try DatabaseFixture()
    let database = try fixture.open()
    try await DatabaseFixture.write(
      signal(moved: moved), to: "memory,host=x", every: .minutes(Int64(minutes)), in: database)
    let end = DatabaseFixture.start + .days(Int64(7 * weeks)) - .minutes(Int64(minutes))
    let table = try await database.query(
      "outliers(memory<host=x>[7d], method=\(method))", at: QueryTime(time: end))
    return table.series.first?.times ?? []
  }

  @Test("the weekly dip that was seen before is no outlier", arguments: ["gmm", "auto"])
  func usualDip(method: String) async throws {
    let found = try await Self.outliers(method, moved: nil)
    let dip = DatabaseFixture.start + .days(Int64(7 * (Self.weeks - 1))) + .hours(3)
    let around = TimeRange(start: dip - .minutes(10), end: dip + .minutes(70))
    #expect(!found.contains { around.contains($0) })
  }

  @Test("the same dip at another hour is one, from its beginning", arguments: ["gmm", "auto"])
  func movedDip(method: String) async throws {
    let found = try await Self.outliers(method, moved: 14)
    let dip = DatabaseFixture.start + .days(Int64(7 * (Self.weeks - 1) + 2)) + .hours(14)
    let beginning = TimeRange(start: dip, end: dip + .minutes(10))
    #expect(found.contains { beginning.contains($0) })
  }

  @Test("an outlier is judged against a forecast made a week ago")
  func againstForecast() async throws {
    let fixture = try DatabaseFixture()
    let database = try fixture.open()
    try await DatabaseFixture.write(
      Self.signal(moved: 14), to: "memory,host=x", every: .minutes(Int64(Self.minutes)),
      in: database)
    let end = DatabaseFixture.start + .days(Int64(7 * Self.weeks)) - .minutes(Int64(Self.minutes))
    let table = try await database.query(
      """
      outliers(memory<host=x>[7d], method="gmm",
        against=forecast(memory<host=x>[28d] @ -7d, 7d, wait=5m, hidden=8))
      """, at: QueryTime(time: end))
    #expect(table.series.first?.model?.state == .trained)
    let dip = DatabaseFixture.start + .days(Int64(7 * (Self.weeks - 1) + 2)) + .hours(14)
    let during = TimeRange(start: dip, end: dip + .hours(1))
    #expect(table.series.first?.times.contains { during.contains($0) } == true)
  }
}
