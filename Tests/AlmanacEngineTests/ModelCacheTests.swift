import AlmanacCore
import AlmanacEngine
import AlmanacForecast
import AlmanacQuery
import Testing

@Suite struct ModelCacheTests {
  static let query = "forecast(memory<host=x>, 1d, wait=5m, hidden=8)"
  static let step = Interval.minutes(10)
  static let days = 21

  let fixture: DatabaseFixture

  init() throws {
    fixture = try DatabaseFixture()
  }

  func filled() async throws -> Database {
    let database = try fixture.open()
    try await DatabaseFixture.write(
      DatabaseFixture.daily(days: Self.days, minutes: 10, seed: 1), to: "memory,host=x",
      every: Self.step, in: database)
    return database
  }

  /// The last written sample's time.
  static var end: Timestamp { DatabaseFixture.start + .days(Int64(days)) - step }

  static func count(_ counter: EngineMetrics.Counter, _ database: Database) -> Double {
    database.metrics.all().first { $0.counter == counter }?.value ?? -1
  }

  static func bits(_ table: Table) -> [[UInt64?]] {
    table.columns.map { table.numbers($0).map { $0?.bitPattern } }
  }

  @Test("the first query trains, the second finds the model, in the same process and in the next")
  func hit() async throws {
    var opened: Database? = try await filled()
    let time = QueryTime(time: Self.end)
    let first = try #require(try await opened?.query(Self.query, at: time))
    let second = try #require(try await opened?.query(Self.query, at: time))
    #expect(first.worstState == .trained)
    #expect(second.worstState == .hit)
    #expect(Self.bits(first) == Self.bits(second))
    #expect(first.rowCount == 144)
    #expect(first.series[0].times[0] == Self.end + Self.step)
    let stored = try #require(try await opened?.models())
    #expect(stored.map(\.id) == [first.series[0].model?.id])

    await opened?.close()
    opened = nil
    let next = try fixture.open()
    let third = try await next.query(Self.query, at: time)
    #expect(third.worstState == .hit)
    #expect(Self.bits(third) == Self.bits(first))
    #expect(Self.count(.trainings, next) == 0)
  }

  @Test("queries of one day share a model and see the newest samples")
  func bucket() async throws {
    let database = try await filled()
    let first = try await database.query(Self.query, at: QueryTime(time: Self.end))
    let earlier = try await database.query(
      Self.query, at: QueryTime(time: Self.end - .hours(2)))
    #expect(earlier.worstState == .hit)
    #expect(earlier.series[0].model?.id == first.series[0].model?.id)
    #expect(earlier.series[0].times[0] == Self.end - .hours(2) + Self.step)
    let until = try #require(first.series[0].model?.trainedUntil)
    #expect(until < Self.end.aligned(downTo: .days(1)))
  }

  @Test("a forecast is worked out once for the same samples, horizon and levels")
  func curves() async throws {
    let database = try await filled()
    let time = QueryTime(time: Self.end)
    let first = Self.bits(try await database.query(Self.query, at: time))
    #expect(database.forecastStatistics.hits == 0)
    #expect(Self.bits(try await database.query(Self.query, at: time)) == first)
    #expect(database.forecastStatistics.hits == 1)
    #expect(database.forecastStatistics.entries == 1)
    for other in ["1d, level=[80]", "1d, level=[80, 95]", "2d"] {
      let query = Self.query.replacing("1d", with: other)
      let answer = Self.bits(try await database.query(query, at: time))
      #expect(answer != first)
      #expect(Self.bits(try await database.query(query, at: time)) == answer)
    }
    #expect(database.forecastStatistics.hits == 4)
    // From another moment of the day the same model says something else.
    let earlier = QueryTime(time: Self.end - Self.step)
    #expect(Self.bits(try await database.query(Self.query, at: earlier)) != first)
    #expect(database.forecastStatistics.hits == 4)
    #expect(Self.count(.trainings, database) == 1)

    let other = try DatabaseFixture()
    let plain = try other.open { $0.forecastCacheBytes = 0 }
    try await DatabaseFixture.write(
      DatabaseFixture.daily(days: Self.days, minutes: 10, seed: 1), to: "memory,host=x",
      every: Self.step, in: plain)
    for _ in 0..<2 { #expect(Self.bits(try await plain.query(Self.query, at: time)) == first) }
    #expect(plain.forecastStatistics.hits == 0)
    #expect(plain.forecastStatistics.entries == 0)
  }

  @Test("many who ask at once wait for one training")
  func singleFlight() async throws {
    let database = try await filled()
    let tables = try await withThrowingTaskGroup(of: Table.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try await database.query(Self.query, at: QueryTime(time: Self.end))
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Self.count(.trainings, database) == 1)
    #expect(Set(tables.map { Self.bits($0) }).count == 1)
    #expect(tables.allSatisfy { $0.worstState == .trained || $0.worstState == .hit })
  }

  @Test("a forecast for a past moment has the same bits whether the future is stored or not")
  func noLeak() async throws {
    let database = try await filled()
    let past = QueryTime(time: Self.end)
    let before = try await database.query(Self.query, at: past)
    // The future, of quite another shape.
    try await DatabaseFixture.write(
      (0..<1000).map { Double($0) }, to: "memory,host=x", from: Self.end + Self.step,
      every: Self.step, in: database)
    for model in try await database.models() { _ = try await database.removeModel(model.id) }
    let after = try await database.query(Self.query, at: past)
    #expect(after.worstState == .trained)
    #expect(Self.bits(after) == Self.bits(before))
  }

  @Test("a sample that arrives late in the training data leads to another model")
  func lateSample() async throws {
    let database = try await filled()
    let first = try await database.query(Self.query, at: QueryTime(time: Self.end))
    try await DatabaseFixture.write(
      [99], to: "memory,host=x", from: DatabaseFixture.start + .days(15), every: Self.step,
      in: database)
    let second = try await database.query(Self.query, at: QueryTime(time: Self.end))
    #expect(second.worstState == .trained)
    #expect(second.series[0].model?.id != first.series[0].model?.id)
  }

  @Test("who does not wait gets a marked fallback, which is not kept")
  func fallback() async throws {
    let database = try await filled()
    let time = QueryTime(time: Self.end)
    let quick = try await database.query("forecast(memory<host=x>, 1d, wait=0)", at: time)
    #expect(quick.worstState == .fallback)
    #expect(quick.series[0].model?.id == nil)
    #expect(quick.series[0].model?.reason == "the model is still being trained")
    #expect(quick.warnings.count == 1)
    let patient = try await database.query("forecast(memory<host=x>, 1d, wait=5m)", at: time)
    #expect(patient.worstState == .trained || patient.worstState == .hit)
    #expect(Self.count(.trainings, database) == 1)
  }

  @Test("parameters, series and history tell models apart; wait and max_age do not")
  func keys() async throws {
    let database = try await filled()
    let queries = [
      "forecast(memory<host=x>, 1d, wait=5m, hidden=8)",
      "forecast(memory<host=x>, 2d, wait=4m, hidden=8, max_age=2d)",
      "forecast(memory{host=\"x\"}, 1d, wait=5m, hidden=8, level=80)",
      "forecast(memory<host=x>, 1d, wait=5m, hidden=8, seed=1)",
      "forecast(memory<host=x>, 1d, wait=5m, hidden=9)",
      "forecast(memory<host=x>[20d], 1d, wait=5m, hidden=8)",
      "memory<host=x> | interpolate | scale(robust) | forecast(1d, wait=5m, hidden=8)",
    ]
    var ids: [String] = []
    for query in queries {
      let table = try await database.query(query, at: QueryTime(time: Self.end))
      ids.append(try #require(table.series.first?.model?.id, "\(query)"))
    }
    #expect(ids[0] == ids[1])
    #expect(ids[0] == ids[2])
    #expect(Set(ids).count == 5)
  }

  @Test("a constant series falls back and says so, and the fallback is not kept")
  func constant() async throws {
    let database = try fixture.open()
    try await DatabaseFixture.write(
      [Double](repeating: 7, count: 2000), to: "flat", every: Self.step, in: database)
    let time = QueryTime(time: DatabaseFixture.start + .days(13))
    let table = try await database.query("forecast(flat, 1h, wait=1m)", at: time)
    #expect(table.worstState == .fallback)
    #expect(table.series[0].model?.reason == "the series is constant")
    #expect(table.numbers("yhat").allSatisfy { $0 == 7 })
    #expect(try await database.models().isEmpty)
  }

  @Test("a step has the same forecast whatever the horizon")
  func horizons() async throws {
    let database = try await filled()
    let time = QueryTime(time: Self.end)
    let day = try await database.query(Self.query, at: time)
    let short = try await database.query(
      "forecast(memory<host=x>, 20m, wait=5m, hidden=8)", at: time)
    #expect(short.rowCount == 2)
    #expect(Self.bits(short)[0] == Array(Self.bits(day)[0].prefix(2)))
  }

  @Test("series of a group share a network: alone each has another")
  func group() async throws {
    let database = try fixture.open()
    for (index, host) in ["a", "b", "c"].enumerated() {
      try await DatabaseFixture.write(
        DatabaseFixture.daily(days: Self.days, minutes: 30, seed: UInt64(index + 1)),
        to: "memory,host=\(host),role=\(host == "c" ? "db" : "web")", every: .minutes(30),
        in: database)
    }
    let ask = { (selector: String, arguments: String) in
      try await database.query(
        "forecast(\(selector), 1d, model=seq2seq, hidden=4, epochs=1, wait=5m\(arguments))",
        at: QueryTime(time: Self.end))
    }
    let alone = try await ask("memory", "")
    let shared = try await ask("memory", ", group=[role]")
    #expect(shared.series.allSatisfy { $0.model?.kind == .seq2seq && $0.model?.state == .trained })
    let bits = { (table: Table, index: Int) -> [Double?] in
      guard case .numbers(let values) = table.series[index].columns[0] else { return [] }
      return values
    }
    #expect(bits(shared, 0) != bits(alone, 0))
    #expect(bits(shared, 1) != bits(alone, 1))
    // The only database has nobody to share with.
    #expect(bits(shared, 2) == bits(alone, 2))
    #expect(try await ask("memory", ", group=role").worstState == .hit)
    // Who belongs to the group is part of the key.
    let one = try await ask("memory<host=a>", ", group=[role]")
    #expect(one.worstState == .trained)
    #expect(bits(one, 0) == bits(alone, 0))
    await database.close()
  }

  @Test("while a newer model is trained the older one answers, and says so")
  func stale() async throws {
    let database = try await filled()
    let ask = { (time: Timestamp, wait: String, hidden: Int) in
      try await database.query(
        "forecast(memory<host=x>, 1d, model=seq2seq, hidden=\(hidden), wait=\(wait))",
        at: QueryTime(time: time))
    }
    let yesterday = Self.end - .days(1)
    let first = try await ask(Self.end, "0s", 32)
    #expect(first.worstState == .fallback, "nothing older is there")
    _ = try await database.cancelJob(try #require(first.series[0].model?.job))
    let old = try await ask(yesterday, "5m", 64)
    let stale = try await ask(Self.end, "0s", 64)
    #expect(stale.worstState == .stale)
    #expect(stale.series[0].model?.id == old.series[0].model?.id)
    #expect(stale.series[0].model?.job != nil)
    #expect(stale.warnings.count == 1)
    #expect(stale.series[0].times[0] == Self.end + Self.step)
    let new = try await ask(Self.end, "5m", 64)
    #expect([.trained, .hit].contains(new.worstState))
    #expect(new.series[0].model?.id != old.series[0].model?.id)
    #expect(Self.count(.modelsStale, database) == 1)
    // A model never answers for a time before its own end.
    let before = try await ask(yesterday - .days(3), "0s", 64)
    #expect(before.worstState == .fallback)
    await database.close()
  }

  @Test("models that take too much room or are not used are forgotten, the longest unused first")
  func eviction() async throws {
    let values = DatabaseFixture.daily(days: Self.days, minutes: 10, seed: 1)
    let ask = { (database: Database, seed: Int) in
      try await database.query(
        "forecast(memory<host=x>, 1d, model=holt_winters, wait=5m, seed=\(seed))",
        at: QueryTime(time: Self.end))
    }
    let probe = try DatabaseFixture().open()
    try await DatabaseFixture.write(values, to: "memory,host=x", every: Self.step, in: probe)
    _ = try await ask(probe, 1)
    let size = try #require(try await probe.models().first).bytes
    await probe.close()

    let clock = StatementTests.Clock(Self.end)
    let room = 3
    let database = try fixture.open {
      $0.clock = { clock.now }
      $0.modelBytes = room * size + size / 2
      $0.modelsUnusedFor = .days(2)
    }
    try await DatabaseFixture.write(values, to: "memory,host=x", every: Self.step, in: database)
    var ids: [String] = []
    for seed in 1...room {
      ids.append(try #require(try await ask(database, seed).series[0].model?.id))
      clock.advance(by: .minutes(1))
    }
    #expect(try await ask(database, 1).worstState == .hit)
    clock.advance(by: .minutes(1))
    _ = try await ask(database, 4)
    try await settle(database, at: room)
    let left = Set(try await database.models().map(\.id))
    #expect(left.contains(ids[0]), "used a while ago")
    #expect(!left.contains(ids[1]), "unused for the longest time")
    #expect(left.count == room)
    #expect(Self.count(.modelsEvicted, database) == 1)
    #expect(try await database.model(ids[0])?.id == ids[0])
    #expect(try await database.model(ids[1]) == nil)
    clock.advance(by: .days(3))
    _ = try await ask(database, 100)
    try await settle(database, at: 1)
    #expect(try await database.models().count == 1)
    await database.close()
  }

  /// Waits until only `count` models are left: they are forgotten after the answer.
  private func settle(_ database: Database, at count: Int) async throws {
    for _ in 0..<1000 where try await database.models().count > count {
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}
