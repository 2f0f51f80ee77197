import AlmanacCore
import AlmanacQuery
import AlmanacTesting
import Testing

@Suite("explain") struct ExplainTests {
  let source: MemorySource
  static let day = 86_400.0

  init() {
    var random = SeededGenerator(seed: 3)
    var source = MemorySource()
    for host in ["x", "y"] {
      source.add(
        "memory", ["host": host],
        (0..<20 * 288).compactMap { index in
          // Half a day is missing.
          if (1000..<1144).contains(index) { return nil }
          let phase = Double(index % 288) / 288
          return (Double(index) * 300, 50 + 20 * abs(phase - 0.5) + random.normal())
        })
    }
    self.source = source
  }

  struct Wrong: Error {}

  /// The cells of each row by column, as text.
  func ask(
    _ text: String, lets: [StoredLet] = [], cache: StageCache? = nil
  ) async throws -> [[String: String]] {
    let query = try Query(text, lets: lets)
    #expect(query.shape == .report)
    let result = try await query.evaluate(
      at: QueryTime(time: Timestamp(nanoseconds: Int64(20 * Self.day * 1e9))), series: source,
      models: NoModels(), pool: CallersThread(), stages: cache)
    guard case .report(let report) = result.value else { throw Wrong() }
    return report.series.map { series in
      Dictionary(
        uniqueKeysWithValues: zip(report.columns, series.columns).map { ($0, Self.text($1)) })
    }
  }

  static func text(_ column: Table.Column) -> String {
    switch column {
    case .numbers(let values): values[0].map { "\($0)" } ?? ""
    case .integers(let values): values[0].map { "\($0)" } ?? ""
    case .times(let values): values[0].map { "\($0)" } ?? ""
    case .texts(let values): values[0]
    }
  }

  /// Data that never changes.
  struct Unchanged: DataChanges {
    let version: UInt64 = 0

    func isUnchanged(since version: UInt64, in range: TimeRange) -> Bool { true }
  }

  @Test("the stages come in order with their text, type and what they read, and nothing is trained")
  func stages() async throws {
    let prep = try LetTests.stored("let prep@3(s) = s | interpolate(max_gap=1h) | deseason")
    let rows = try await ask("explain memory<host=x>[10d] | prep@3 | forecast(1d)", lets: [prep])
    #expect(
      rows.map { $0["text"] } == [
        "memory<host=x>", "memory<host=x>[10d]",
        "memory<host=x>[10d] | interpolate(max_gap=1h)",
        "memory<host=x>[10d] | interpolate(max_gap=1h) | deseason",
        "memory<host=x>[10d] | interpolate(max_gap=1h) | deseason | forecast(1d)",
      ])
    #expect(rows.map { $0["type"] } == ["series", "series", "grid", "grid", "forecast"])
    #expect(rows.map { $0["stage"] } == ["1", "2", "3", "4", "5"])
    #expect(rows[0]["series"] == "1")
    // Ten days and the day that the bucket needs.
    let samples = try #require(rows[0]["samples"].flatMap { Double($0) })
    #expect(abs(samples - 11 * 288) < 20)
    #expect(rows[4]["cached"] == "miss")
    #expect(rows[4]["notes"]?.contains("1 models to train") == true)
  }

  @Test("the notes tell of gaps, seasons and the age of the newest sample")
  func quality() async throws {
    let rows = try await ask("explain avg_over_time(memory[19d])")
    let notes = try #require(rows[0]["notes"])
    #expect(notes.contains("2 gaps, 22 h in all"), "\(notes)")
    #expect(notes.contains("seasons: 1d"), "\(notes)")
    #expect(notes.contains("newest sample 5m old"), "\(notes)")
    #expect(rows[0]["series"] == "2")
    let none = try await ask("explain memory<host=none>")
    #expect(none[0]["notes"] == "no such series")
  }

  @Test("the key is one of the text alone, and cached tells whether the result is there")
  func cached() async throws {
    let cache = StageCache(changes: Unchanged())
    let query = "sum(avg_over_time(memory[1h]))"
    let before = try await ask("explain " + query, cache: cache)
    #expect(before.map { $0["cached"] } == ["", "", "miss", "miss"])
    #expect(cache.statistics.hits + cache.statistics.misses == 0)
    _ = try await ask("explain analyze " + query, cache: cache)
    let after = try await ask("explain   sum(avg_over_time(memory{}[60m]))", cache: cache)
    #expect(after.map { $0["cached"] } != before.map { $0["cached"] } || after.count == 4)
    let same = try await ask("explain " + query, cache: cache)
    #expect(same.map { $0["cached"] } == ["", "", "hit", "hit"])
    #expect(same.map { $0["key"] } == before.map { $0["key"] })
    #expect(Set(same.map { $0["key"] }).count == 4)
  }

  @Test("analyze adds time, rows and values, and whether a stage was kept")
  func analyze() async throws {
    let cache = StageCache(changes: Unchanged())
    let first = try await ask("explain analyze sum(max_over_time(memory[1h]))", cache: cache)
    #expect(first.map { $0["cached"] } == ["", "", "miss", "miss", ""])
    #expect(first[2]["rows"] == "2")
    #expect(first[3]["rows"] == "1")
    #expect(first[3]["values"]?.isEmpty == false)
    #expect(first[3]["ms"]?.isEmpty == false)
    #expect(first[4]["text"] == "total")
    let second = try await ask("explain analyze min(max_over_time(memory[1h]))", cache: cache)
    #expect(second.map { $0["cached"] } == ["", "", "hit", "miss", ""])
  }

  @Test("tap changes no answer, and shows its stage in analyze")
  func tap() async throws {
    let plain = "memory<host=x>[1h] | interpolate | scale"
    let tapped = "memory<host=x>[1h] | interpolate | tap(\"filled\") | scale"
    let time = 20 * Self.day
    #expect(try await Self.rows(tapped, source, time) == Self.rows(plain, source, time))
    let windows = "sum_over_time(tap(memory<host=x>[1h], raw))"
    #expect(
      try await source.values(windows, at: time)
        == source.values("sum_over_time(memory<host=x>[1h])", at: time))
    let rows = try await ask("explain analyze " + tapped)
    let shown = rows.filter { $0["type"] == "tap" }
    #expect(shown.count == 10)
    #expect(Set(shown.map { $0["text"] }) == ["filled"])
    #expect(Set(shown.map { $0["stage"] }) == ["3"])
    #expect(rows.contains { $0["notes"]?.contains("tapped as filled") == true })
    // The text, and so the key, is that of the query without it.
    #expect(rows.contains { $0["text"] == plain })
    let raw = try await ask("explain analyze " + windows)
    #expect(raw.filter { $0["type"] == "tap" }.count == 10)
    #expect(throws: QueryError.self) { try Query("tap(memory)") }
  }

  static func rows(
    _ text: String, _ source: MemorySource, _ time: Double
  ) async throws -> [Double?] {
    let result = try await Query(text).evaluate(
      at: QueryTime(time: Timestamp(nanoseconds: Int64(time * 1e9))), series: source,
      models: NoModels(), pool: CallersThread())
    return try result.table().series.flatMap { series -> [Double?] in
      guard case .numbers(let numbers) = series.columns[0] else { return [] }
      return numbers
    }
  }
}
