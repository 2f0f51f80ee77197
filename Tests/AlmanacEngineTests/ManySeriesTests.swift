import AlmanacCore
import AlmanacEngine
import AlmanacIngest
import AlmanacQuery
import Testing

/// Many series are read in parts, on several threads.
@Suite struct ManySeriesTests {
  static let count = 150
  static let end = DatabaseFixture.start + .hours(2)

  /// Series that were not written in order of their keys.
  static func database(
    _ fixture: DatabaseFixture, _ configure: (inout Database.Options) -> Void = { _ in }
  ) async throws -> Database {
    let database = try fixture.open(configure)
    var body = ""
    for series in (0..<count).reversed() {
      for minute in 1...120 {
        let time = DatabaseFixture.start.nanoseconds + Int64(minute) * 60_000_000_000
        body += "m,host=h\(series),rack=r\(series % 3) value=\(series + minute) \(time)\n"
      }
    }
    _ = try await database.write(Array(body.utf8), precision: .nanoseconds, database: nil)
    return database
  }

  @Test(
    "all series come in order of their keys",
    arguments: [
      "m", "m[2h]", "max_over_time(m[1h])", "max_over_time(m[61m])", "last_over_time(m[1h])",
    ])
  func order(query: String) async throws {
    let fixture = try DatabaseFixture()
    let database = try await Self.database(fixture)
    let table = try await database.query(query, at: QueryTime(time: Self.end))
    #expect(table.series.count == Self.count)
    #expect(table.series.map(\.key) == table.series.map(\.key).sorted())
    for one in table.series {
      guard case .numbers(let values) = one.columns[0],
        let number = one.key.labels["host"].flatMap({ Double($0.dropFirst()) })
      else {
        Issue.record("no numbers")
        return
      }
      #expect(values.last == number + 120, "\(one.key)")
    }
    await database.close()
  }

  @Test("a query that reads over its limit is refused, however many threads read")
  func limit() async throws {
    let limited = try await Self.database(DatabaseFixture()) { $0.limits.samples = 5000 }
    for query in ["m[2h]", "rate(m[2h])"] {
      await #expect(throws: QueryError.self) {
        try await limited.query(query, at: QueryTime(time: Self.end))
      }
    }
    await limited.close()
  }
}
