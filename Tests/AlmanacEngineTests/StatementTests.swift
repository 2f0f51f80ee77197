import AlmanacCore
import AlmanacEngine
import AlmanacQuery
import Synchronization
import Testing

@Suite struct StatementTests {
  let fixture: DatabaseFixture

  init() throws {
    fixture = try DatabaseFixture()
  }

  /// A clock that is set by hand.
  final class Clock: Sendable {
    private let time: Mutex<Timestamp>

    init(_ time: Timestamp) { self.time = Mutex(time) }

    var now: Timestamp { time.withLock { $0 } }

    func advance(by interval: Interval) { time.withLock { $0 = $0 + interval } }
  }

  static let end = DatabaseFixture.start + .days(21)

  static func fill(_ database: Database, hosts: [String] = ["x"]) async throws {
    for (index, host) in hosts.enumerated() {
      try await DatabaseFixture.write(
        DatabaseFixture.daily(days: 21, minutes: 30, seed: UInt64(index + 1)),
        to: "memory,host=\(host)", every: .minutes(30), in: database)
    }
  }

  /// The cells of each row by column, as text; the labels of its series under their names.
  static func rows(
    _ query: String, _ database: Database, at time: Timestamp = end
  ) async throws -> [[String: String]] {
    let table = try await database.query(query, at: QueryTime(time: time))
    return table.series.flatMap { series in
      series.times.indices.map { row in
        var cells = Dictionary(
          uniqueKeysWithValues: zip(table.columns, series.columns).map {
            ($0, Self.text($1, row))
          })
        for label in series.key.labels.all { cells["label " + label.name] = label.value }
        return cells
      }
    }
  }

  static func text(_ column: Table.Column, _ row: Int) -> String {
    switch column {
    case .numbers(let values): values[row].map { "\($0)" } ?? ""
    case .integers(let values): values[row].map { "\($0)" } ?? ""
    case .times(let values): values[row].map { "\($0)" } ?? ""
    case .texts(let values): values[row]
    }
  }

  static func error(_ query: String, _ database: Database) async throws -> QueryError? {
    do {
      _ = try await database.query(query, at: QueryTime(time: end))
      return nil
    } catch let error as QueryError {
      return error
    }
  }

  /// Waits until `condition` holds, five minutes at most: trainings are the last to get a core.
  static func until(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<6000 {
      if try await condition() { return true }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }

  // MARK: - Definitions

  private func storeLets() async throws {
    let database = try fixture.open()
    try await Self.fill(database)
    let first = try await Self.rows(
      "let prep@3(s, gap=10m) = s | interpolate(max_gap=gap)", database)
    #expect(first.map { $0["action"] } == ["stored"])
    _ = try await Self.rows("let prep@4(s) = s | scale; let two@1(s) = s | prep@3", database)
    await database.close()
  }

  @Test("a stored definition is there in the next process, until it is dropped")
  func lets() async throws {
    try await storeLets()
    let database = try await fixture.reopen()
    let listed = try await Self.rows("show lets", database)
    #expect(listed.map { $0["name"] } == ["prep", "prep", "two"])
    #expect(listed.map { $0["version"] } == ["3", "4", "1"])
    #expect(
      listed[2]["text"] == "let two@1(s) = s | interpolate(max_gap=10m)")
    let rows = try await Self.rows("memory<host=x>[1d] | prep@3", database)
    #expect(rows.count == 47)
    // The same again is fine, another body is not.
    _ = try await Self.rows("let prep@3(s, gap=10m) = s|interpolate(max_gap=gap)", database)
    #expect(try await Self.error("let prep@3(s) = s", database)?.hint?.contains("prep@5") == true)
    _ = try await Self.rows("drop let prep@3", database)
    #expect(try await Self.error("memory | prep@3", database)?.code == .name)
    #expect(try await Self.rows("memory<host=x>[1d] | two@1", database).count == 47)
    #expect(try await Self.rows("drop let prep; show lets", database).map { $0["name"] } == ["two"])
  }

  @Test("nothing of a script with a mistake is carried out")
  func allOrNothing() async throws {
    let database = try fixture.open()
    #expect(try await Self.error("let f@1(s) = s; memory | g@1", database) != nil)
    #expect(try await Self.rows("show lets", database).isEmpty)
  }

  // MARK: - Lists

  @Test("show lists series and models of a selector, drop model forgets one")
  func lists() async throws {
    let database = try fixture.open()
    try await Self.fill(database, hosts: ["x", "y"])
    let series = try await Self.rows("show series memory<host=y>", database)
    #expect(series.map { $0["label host"] } == ["y"])
    #expect(try await Self.rows("show series", database).count == 2)
    _ = try await Self.rows("forecast(memory, 1d, wait=5m, model=linear)", database)
    let models = try await Self.rows("show models memory<host=x>", database)
    #expect(models.map { $0["label host"] } == ["x"])
    #expect(try await Self.rows("show models", database).count == 2)
    let explained = try await Self.rows(
      "explain forecast(memory, 1d, wait=5m, model=linear)", database)
    #expect(explained.last?["cached"] == "hit")
    let id = try #require(models.first?["id"])
    _ = try await Self.rows("drop model \"\(id)\"", database)
    #expect(try await Self.rows("show models", database).count == 1)
    #expect(try await Self.error("drop model \"\(id)\"", database)?.code == .name)
    let again = try await Self.rows(
      "explain forecast(memory, 1d, wait=5m, model=linear)", database)
    #expect(again.last?["cached"] == "1 of 2")
  }

  // MARK: - Trainings

  @Test("train answers at once with its job, which trains every series")
  func train() async throws {
    let database = try fixture.open { $0.clock = { Self.end } }
    try await Self.fill(database, hosts: ["x", "y"])
    let query = "forecast(memory, 1d, hidden=8, model=holt_winters)"
    let answer = try await Self.rows("train \(query)", database)
    let job = try #require(answer.first?["job"])
    #expect(
      try await Self.until {
        try await Self.rows("show jobs", database).contains {
          $0["job"] == job && $0["state"] == "done"
        }
      })
    let states = try await database.query(query, at: QueryTime(time: Self.end))
    #expect(states.series.map { $0.model?.state } == [.hit, .hit])
    #expect(try await Self.rows("show models", database).count == 2)
  }

  @Test("cancel ends a training with all that it began")
  func cancel() async throws {
    let database = try fixture.open { $0.clock = { Self.end } }
    try await Self.fill(database, hosts: ["x", "y", "z"])
    let query = "train forecast(memory, 1d, model=seq2seq, epochs=10000, hidden=64)"
    let job = try #require(try await Self.rows(query, database).first?["job"])
    #expect(
      try await Self.until {
        try await Self.rows("show jobs", database).contains {
          $0["state"] == "running" && $0["job"] != job
        }
      })
    _ = try await Self.rows("cancel \(job)", database)
    #expect(
      try await Self.until {
        try await Self.rows("show jobs", database).allSatisfy { $0["state"] == "cancelled" }
      })
    #expect(try await Self.rows("show models", database).isEmpty)
    #expect(try await Self.error("cancel 4711", database)?.hint?.contains("show jobs") == true)
  }

  private static let refreshed =
    "memory<host=x>[10d] | interpolate | forecast(1d, model=holt_winters)"

  private static func models(_ database: Database) async throws -> Int {
    try await rows("show models", database).count
  }

  /// Begins a refresh in a process of its own; the number of its job.
  private func startRefresh(_ clock: Clock) async throws -> String {
    let database = try fixture.open { $0.clock = { clock.now } }
    try await Self.fill(database)
    let query = Self.refreshed
    let job = try #require(
      try await Self.rows("train \(query) refresh 1d", database, at: clock.now).first?["job"])
    #expect(try await Self.until { try await Self.models(database) == 1 })
    // Asked for again it is the same one.
    #expect(
      try await Self.rows("train \(query) refresh 1d", database).first?["job"] == job)
    let listed = try await Self.rows("show jobs", database).first { $0["job"] == job }
    #expect(listed?["refresh"] == "1d")
    #expect(listed?["next_run"] == (Self.end + .days(1)).description)
    #expect(
      try await Self.until {
        try await Self.rows("show jobs", database).contains {
          $0["job"] == job && $0["state"] == "scheduled"
        }
      })
    await database.close()
    return job
  }

  @Test("a refresh trains again when it is due, survives a restart, and ends by cancel")
  func refresh() async throws {
    let clock = Clock(Self.end)
    let job = try await startRefresh(clock)
    let database = try await fixture.reopen { $0.clock = { clock.now } }
    let waiting = try await Self.rows("show jobs", database)
    #expect(waiting.map { $0["job"] } == [job])
    #expect(waiting.map { $0["state"] } == ["scheduled"])
    await database.refreshDue()
    #expect(try await Self.models(database) == 1)
    // A day later there is a newer model.
    clock.advance(by: .days(1))
    try await DatabaseFixture.write(
      DatabaseFixture.daily(days: 1, minutes: 30, seed: 9), to: "memory,host=x", from: Self.end,
      every: .minutes(30), in: database)
    await database.refreshDue()
    #expect(try await Self.until { try await Self.models(database) == 2 })
    let next = try await Self.rows("show jobs", database).first { $0["job"] == job }
    #expect(next?["next_run"] == (Self.end + .days(2)).description)
    // Other jobs have other numbers.
    let other = try await Self.rows("train forecast(memory, 1d, model=linear)", database)
    #expect(other.first?["job"] != job)
    _ = try await Self.rows("cancel \(job)", database)
    clock.advance(by: .days(5))
    await database.refreshDue()
    let left = try await Self.rows("show jobs", database)
    #expect(left.allSatisfy { $0["next_run"] == "" })
    await database.close()
  }

  // MARK: - Stages

  @Test("a stage is worked out once until a late write into its time")
  func stages() async throws {
    let database = try fixture.open()
    try await Self.fill(database, hosts: ["x", "y"])
    let time = try QueryTime(
      now: Self.end, time: nil, start: (Self.end - .days(3)).description,
      end: (Self.end - .hours(1)).description, step: "1800")
    let ask = { (query: String) in
      ModelCacheTests.bits(try await database.query(query, at: time))
    }
    let first = try await ask("sum(avg_over_time(memory[2h]))")
    #expect(database.stageStatistics.hits == 0)
    #expect(try await ask("sum(avg_over_time(memory[2h]))") == first)
    #expect(database.stageStatistics.hits == 1)
    _ = try await ask("max(avg_over_time(memory[2h]))")
    #expect(database.stageStatistics.hits == 2)
    // A write after the range changes nothing; sealing and merging do not either.
    try await DatabaseFixture.write(
      [1, 2, 3], to: "memory,host=x", from: Self.end, every: .minutes(1), in: database)
    try await database.compact()
    #expect(try await ask("sum(avg_over_time(memory[2h]))") == first)
    #expect(database.stageStatistics.hits == 3)
    try await DatabaseFixture.write(
      [1000], to: "memory,host=late", from: Self.end - .days(1), every: .minutes(1), in: database)
    let after = try await ask("sum(avg_over_time(memory[2h]))")
    #expect(after != first)
    #expect(database.stageStatistics.hits == 3)
    let other = try DatabaseFixture()
    let plain = try other.open { $0.stageCacheBytes = 0 }
    try await Self.fill(plain, hosts: ["x", "y"])
    try await DatabaseFixture.write(
      [1000], to: "memory,host=late", from: Self.end - .days(1), every: .minutes(1), in: plain)
    let uncached = try await plain.query("sum(avg_over_time(memory[2h]))", at: time)
    #expect(ModelCacheTests.bits(uncached) == after)
  }
}
