import AlmanacCore
import AlmanacEngine
import AlmanacForecast
import AlmanacQuery
import Testing

/// At which moment an expression is evaluated, and what that does to forecasts and outliers.
@Suite struct QueryTimeTests {
  static let step = Interval.minutes(10)
  static let end = DatabaseFixture.start + .days(20) - step

  static func database() async throws -> Database {
    let database = try DatabaseFixture().open()
    try await DatabaseFixture.write(
      DatabaseFixture.daily(days: 20, minutes: 10, seed: 9), to: "memory,host=x", every: step,
      in: database)
    return database
  }

  @Test("@ start inside a forecast is the start of the query's range")
  func atStart() async throws {
    let database = try await Self.database()
    var time = QueryTime(time: Self.end)
    let start = Self.end - .days(3)
    time.range = TimeRange(start: start, end: Self.end)
    let table = try await database.query(
      "forecast(memory<host=x> @ start, 1h, model=linear, wait=1m)", at: time)
    #expect(table.series.first?.times.first == start + Self.step)
  }

  @Test("offset without a window moves the data to now, and the forecast is made from now")
  func offset() async throws {
    let database = try await Self.database()
    let table = try await database.query(
      "forecast(memory<host=x> offset 1d, 1h, model=linear, wait=1m)",
      at: QueryTime(time: Self.end))
    #expect(table.series.first?.times.first == Self.end + Self.step)
    let until = try #require(table.series.first?.model?.trainedUntil)
    #expect(until >= Self.end.aligned(downTo: .days(1)) - .days(1))
  }

  @Test(
    "outliers judges the window wherever it stands",
    arguments: [
      "memory<host=x>[2d]", "memory<host=x>[2d:10m]", "memory<host=x>[2d] * 1",
      "sum(memory<host=x>[2d])",
    ])
  func outlierWindows(input: String) async throws {
    let database = try await Self.database()
    let table = try await database.query(
      "outliers(\(input), method=mad, all=true)", at: QueryTime(time: Self.end))
    #expect(table.rowCount == 288)
    #expect(table.series.first?.times.first == Self.end - .days(2) + Self.step)
  }

  @Test("samples of forecasts keep their times in arithmetic, however few they are")
  func forecastTimes() async throws {
    let database = try await Self.database()
    let table = try await database.query(
      "forecast(memory<host=x>, 10m, model=linear, wait=1m) + 0", at: QueryTime(time: Self.end))
    #expect(table.series.first?.times == [Self.end + Self.step])
  }

  @Test("a window inside an aggregate is the history of its forecast")
  func innerWindow() async throws {
    let database = try await Self.database()
    let table = try await database.query(
      "forecast(sum(memory<host=x>[5d]), 1h, model=linear, wait=1m)",
      at: QueryTime(time: Self.end))
    let models = try await database.models()
    #expect(table.rowCount == 6)
    #expect(models.count == 1)
    let from = try #require(models.first?.record.model.trainedFrom)
    #expect(from > Self.end - .days(7))
  }

  @Test("a cancelled training is told as such, and the next query trains anew")
  func cancelled() async throws {
    let database = try await Self.database()
    let query = "forecast(memory<host=x>, 1h, model=seq2seq, epochs=10000, wait=5m)"
    let waiting = Task { try await database.query(query, at: QueryTime(time: Self.end)) }
    while database.jobs().isEmpty { await Task.yield() }
    database.jobs()[0].cancel()
    await #expect {
      _ = try await waiting.value
    } throws: { error in
      (error as? QueryError)?.code == .cancelled
    }
    #expect(database.jobs()[0].status.state == .cancelled)
  }
}
