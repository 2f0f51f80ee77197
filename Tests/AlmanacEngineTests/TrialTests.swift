import AlmanacCore
import AlmanacEngine
import AlmanacForecast
import AlmanacQuery
import Testing

/// Backtests and searches over real models.
@Suite struct TrialTests {
  let fixture: DatabaseFixture

  init() throws {
    fixture = try DatabaseFixture()
  }

  static let end = StatementTests.end

  private static func text(_ row: [String: String], _ column: String) -> String {
    row[column] ?? "no \(column)"
  }

  @Test("a fold is judged by what the forecast said at its time")
  func fold() async throws {
    let database = try fixture.open()
    try await StatementTests.fill(database)
    let rows = try await StatementTests.rows(
      "backtest(memory[14d] | forecast(1d, model=holt_winters, level=[80, 95]), folds=2)", database)
    try #require(rows.count == 3)
    #expect(rows.map { Self.text($0, "fold") } == ["all", "1", "2"])
    let truth = try await database.query(
      "memory[1d]", at: QueryTime(time: Self.end - .days(1))
    ).numbers("value").map { $0 ?? .nan }
    let cut = Self.end - .days(2)
    // A model for queries is trained up to a bucket, one for a fold up to its cut: at midnight,
    // without the sample of midnight itself, these are one sample apart.
    let forecast = try await database.query(
      "forecast(memory[14d], 1d, model=holt_winters, wait=10m, level=[80, 95], max_age=1m)",
      at: QueryTime(time: cut))
    let yhat = forecast.numbers("yhat").map { $0 ?? .nan }
    try #require(truth.count == 48 && yhat.count == 48)
    let error = zip(truth, yhat).map { abs($0 - $1) }.reduce(0, +) / 48
    let said = try #require(Double(Self.text(rows[1], "mae")))
    #expect(Self.text(rows[1], "cut") == "\(cut)")
    #expect(abs(said - error) < 0.05 * error, "\(said) and \(error)")
    let folds = try rows.dropFirst().map { try #require(Double(Self.text($0, "mae"))) }
    #expect(Double(Self.text(rows[0], "mae")) == (folds[0] + folds[1]) / 2)
    for row in rows {
      let coverage = try #require(Double(Self.text(row, "coverage_95")))
      #expect((0.8...1).contains(coverage))
      let naive = try #require(Double(Self.text(row, "naive_mase")))
      #expect(try #require(Double(Self.text(row, "mase"))) < naive)
    }
    await database.close()
  }

  @Test(
    "what came after a fold's cut does not change what it says",
    arguments: ["", " | deseason | scale(robust)"])
  func noLeak(stages: String) async throws {
    let query =
      "backtest(memory[10d]\(stages) | forecast(1d, model=holt_winters), folds=3, metrics=mae)"
    var maes: [[String]] = []
    for shift in [0.0, 1000] {
      let fixture = try DatabaseFixture()
      let database = try fixture.open()
      var values = DatabaseFixture.daily(days: 21, minutes: 30, seed: 1)
      // The last day is another one: it is the truth of the third fold only.
      for index in values.indices.suffix(47) { values[index] += shift }
      try await DatabaseFixture.write(values, to: "memory", every: .minutes(30), in: database)
      maes.append(
        try await StatementTests.rows(query, database, at: Self.end - .minutes(30))
          .map { Self.text($0, "mae") })
      await database.close()
    }
    try #require(maes[0].count == 4 && maes[1].count == 4)
    #expect(maes[0][1...2] == maes[1][1...2])
    #expect(maes[0][3] != maes[1][3])
  }

  @Test("expanding folds see more of the past than rolling ones, but for the first")
  func strategies() async throws {
    let database = try fixture.open()
    var values = DatabaseFixture.daily(days: 21, minutes: 30, seed: 1)
    for index in 0..<10 * 48 { values[index] += 30 }
    try await DatabaseFixture.write(values, to: "memory", every: .minutes(30), in: database)
    var maes: [[String]] = []
    for strategy in ["rolling", "expanding"] {
      maes.append(
        try await StatementTests.rows(
          "backtest(memory[4d] | forecast(1d, model=linear), folds=12, strategy=\(strategy), "
            + "metrics=mae)", database
        ).map { Self.text($0, "mae") })
    }
    try #require(maes[0].count == 13 && maes[1].count == 13)
    #expect(maes[0][1] == maes[1][1])
    #expect(maes[0][6] != maes[1][6])
    await database.close()
  }

  @Test("a search ranks what it tried, and its best query can be used as it is")
  func tune() async throws {
    let database = try fixture.open()
    try await StatementTests.fill(database, hosts: ["x", "y"])
    let query =
      "tune(memory[14d] | interpolate | forecast(1d), "
      + "grid=(model=[linear, holt_winters, seasonal_naive], method=[linear, previous]), by=mae, folds=3)"
    let rows = try await StatementTests.rows(query, database)
    #expect(rows.count == 6)
    #expect(rows.map { Self.text($0, "folds") } == ["3", "3", "2", "1", "1", "1"])
    #expect(rows.map { Self.text($0, "rank") } == (1...6).map(String.init))
    #expect(Self.text(rows[0], "model") == "holt_winters")
    let best = Self.text(rows[0], "query")
    #expect(best.contains("interpolate(method="))
    let again = try await StatementTests.rows(
      "backtest(\(best), folds=3, metrics=mae)", database
    ).filter { Self.text($0, "fold") == "all" }.compactMap { Double(Self.text($0, "mae")) }
    let score = try #require(Double(Self.text(rows[0], "mae")))
    #expect(again.count == 2)
    #expect(abs(again.reduce(0, +) / 2 - score) < 1e-9 * score)
    #expect(try await StatementTests.rows(query, database) == rows)
    await database.close()
  }

  @Test("a backtest is a job, and its trainings go with it when it is cancelled")
  func cancel() async throws {
    let database = try fixture.open()
    try await StatementTests.fill(database, hosts: ["a", "b", "c"])
    let query =
      "backtest(memory[14d] | forecast(1d, model=seq2seq, hidden=256, epochs=10000), folds=3)"
    let asked = Task { try await database.query(query, at: QueryTime(time: Self.end)) }
    var job: Job?
    while job == nil || database.jobs().count < 5 {
      job = database.jobs().first { $0.plan.hasPrefix("backtest(") }
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(try await database.cancelJob(try #require(job).id))
    await #expect { _ = try await asked.value } throws: { ($0 as? QueryError)?.code == .cancelled }
    #expect(job?.status.state == .cancelled)
    while database.jobs().contains(where: { [.queued, .running].contains($0.status.state) }) {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(!database.jobs().contains { $0.status.state == .done })
    await database.close()
  }

  @Test("trainings past the budget end with what to do about it")
  func budget() async throws {
    let database = try fixture.open()
    try await StatementTests.fill(database)
    await #expect {
      _ = try await database.query(
        "backtest(memory[14d] | forecast(1d, model=seq2seq, epochs=10000), budget=1ms)",
        at: QueryTime(time: Self.end))
    } throws: {
      guard let error = $0 as? QueryError else { return false }
      return error.code == .deadline && error.hint?.contains("budget=") == true
    }
    await database.close()
  }

  @Test("data of a fixed moment cannot be looked at from several")
  func fixed() async throws {
    let database = try fixture.open()
    try await StatementTests.fill(database)
    await #expect {
      _ = try await database.query(
        "backtest(memory[7d] @ \(Self.end.nanoseconds / 1_000_000_000) | forecast(1d))",
        at: QueryTime(time: Self.end))
    } throws: { ($0 as? QueryError)?.message.contains("fixed") == true }
    await database.close()
  }
}
