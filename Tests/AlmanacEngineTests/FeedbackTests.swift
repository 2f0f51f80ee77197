import AlmanacCore
import AlmanacEngine
import AlmanacQuery
import Testing

@Suite struct FeedbackTests {
  let fixture: DatabaseFixture

  init() throws {
    fixture = try DatabaseFixture()
  }

  static let end = StatementTests.end
  static let query = "outliers(memory<host=x>[2d], mad, threshold=6)"
  static let both = "outliers(memory<>[2d], mad, threshold=6)"

  /// Two hosts with a spike a day before the end.
  private func open() async throws -> Database {
    let database = try fixture.open()
    for (index, host) in ["x", "y"].enumerated() {
      var values = DatabaseFixture.daily(days: 21, minutes: 30, seed: UInt64(index + 1))
      values[20 * 48] += index == 0 ? 18 : 16
      try await DatabaseFixture.write(
        values, to: "memory,host=\(host)", every: .minutes(30), in: database)
    }
    return database
  }

  private func rows(_ query: String, _ database: Database) async throws -> [[String: String]] {
    try await StatementTests.rows(query, database)
  }

  private func score(_ rows: [[String: String]], _ row: Int = 0) -> Double {
    row < rows.count ? Double(rows[row]["score"] ?? "") ?? -1 : -1
  }

  /// Labels the spike of x as a false alarm, and closes the database; the spike as it was.
  private func labelled() async throws -> [String: String] {
    let database = try await open()
    let before = try await rows(Self.query, database)
    #expect(before.count == 1 && before[0]["verdict"] == "" && before[0]["note"] == "")
    let score = score(before)
    #expect(score > 1 && score < 2.7, "\(score)")
    let kept = try await rows(
      "label(\(Self.query), false_alarm, note=\"backup \\\\ \\n two\", by=\"anna\")", database)
    #expect(kept.count == 1 && kept[0]["id"] == "1" && kept[0]["verdict"] == "false_alarm")
    #expect(kept[0]["method"] == "mad" && kept[0]["label host"] == "x")
    #expect(Double(kept[0]["score"] ?? "") == score)
    // The same text at the same time, which was kept.
    #expect(try await rows(Self.query, database).isEmpty)
    #expect(try await rows("\(Self.query) | why", database).isEmpty)
    await database.close()
    return before.first ?? [:]
  }

  @Test("a false alarm is none any more, at once and in the next process, until it is dropped")
  func falseAlarm() async throws {
    let before = try await labelled()
    let database = try await fixture.reopen()
    #expect(try await rows(Self.query, database).isEmpty)
    let all = try await rows(
      "outliers(memory<host=x>[2d], mad, threshold=6, all=true)", database)
    let judged = all.filter { $0["verdict"] != "" }
    #expect(judged.count == 1 && judged[0]["note"] == "backup \\ \n two")
    #expect(abs(self.score(judged) - 1 / 1.1) < 1e-9)
    // Another series, another method and another signal have thresholds of their own.
    #expect(try await rows(Self.both, database).map { $0["label host"] } == ["y"])
    #expect(
      try await rows("outliers(memory<host=x>[2d], residual, threshold=3)", database)
        .contains { $0["verdict"] == "false_alarm" })
    #expect(
      try await rows("outliers((memory<host=x> * 2)[2d:30m], mad, threshold=6)", database).count
        == 1)
    let listed = try await rows("show feedback", database)
    #expect(listed.map { $0["by"] } == ["anna"] && listed[0]["note"] == "backup \\ \n two")
    #expect(try await rows("show feedback memory<host=y>", database).isEmpty)
    _ = try await rows("drop feedback 1", database)
    #expect(try await rows(Self.query, database).map { $0["score"] } == [before["score"]])
    #expect(
      try await StatementTests.error("drop feedback 1", database)?.message
        == "there is no feedback 1")
    #expect(try await rows("show feedback", database).isEmpty)
  }

  @Test("a true event binds the threshold, whichever came first")
  func event() async throws {
    let database = try await open()
    _ = try await rows("label(\(Self.query), false_alarm)", database)
    _ = try await rows(
      "label(outliers(memory<host=x>[2d], mad, threshold=6, all=true), true)", database)
    // Nothing of it scores 1 any more, so nothing was labelled.
    #expect(try await rows("show feedback", database).count == 1)
    let judgement = try await database.judge(
      Judgement(
        key: SeriesKey(metric: "memory", labels: Labels([("host", "x")])), method: "mad",
        start: Self.end + .days(-1), end: Self.end, score: 1 / 1.1, verdict: .event))
    #expect(judgement.id == 2)
    // Shown scores are by the moved threshold: it is the score of the false alarm again.
    #expect(abs(judgement.score - database.judgements[0].score) < 1e-9)
    #expect(try await rows(Self.query, database).map { $0["verdict"] } == ["true"])
  }

  @Test("a template moves the threshold of all series that its selector names")
  func template() async throws {
    let database = try await open()
    #expect(try await rows(Self.both, database).count == 2)
    _ = try await rows("label(\(Self.query), false_alarm)", database)
    #expect(try await rows(Self.both, database).count == 1)
    _ = try await rows("drop feedback 1", database)
    let kept = try await rows(
      "outliers(memory[2d], mad, threshold=6) | label(false_alarm, template=true)", database)
    #expect(kept.map { $0["template"] } == ["memory", "memory"])
    #expect(try await rows(Self.both, database).isEmpty)
    #expect(try await rows("drop feedback 2; show feedback", database).map { $0["id"] } == ["3"])
    // The weaker one of both bounds the stronger no more.
    let left = try await rows(Self.both, database)
    #expect(left.count <= 1)
  }

  @Test("explain keeps nothing, and peers are labelled too")
  func explain() async throws {
    let database = try await open()
    _ = try await rows("explain label(\(Self.query), false_alarm)", database)
    #expect(try await rows("show feedback", database).isEmpty)
    for host in ["u", "v", "w"] {
      let values = (0..<200).map { 50 + Double($0 % 3) + (host == "u" && $0 > 190 ? 40 : 0) }
      try await DatabaseFixture.write(
        values, to: "load,host=\(host)", from: Self.end + .minutes(-199), every: .minutes(1),
        in: database)
    }
    let found = try await rows("load[30m] | peers(tolerance=2) | label(true, note=\"x\")", database)
    #expect(found.map { $0["method"] } == ["peers"])
    let shown = try await rows("load[30m] | peers(tolerance=2)", database)
    #expect(shown.count > 5 && shown.allSatisfy { $0["verdict"] == "true" && $0["note"] == "x" })
  }
}
