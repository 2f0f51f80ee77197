import AlmanacCore
import AlmanacEngine
import AlmanacQuery
import AlmanacStore
import Benchmark
import Workload

/// From the text of a query to its rows, without HTTP and without rendering.
let benchmarks: @Sendable () -> Void = {
  Benchmark.teardown = { ScratchDirectory.removeAll() }
  let texts = [
    "load<host=7>[30d]",
    "avg by (pool) (latency_ms<service=checkout>) / avg by (pool) (latency_ms<> offset 1w) > 1.5",
    "forecast(memory<host=x>[30d], 7d, model=\"seq2seq\", window=60m, level=[80, 95], seed=1)",
    "memory<host=x>[30d] | interpolate(method=\"linear\", step=1m) | deseason | forecast(7d)",
    "cpu<dc=eu-1, host=~\"web-.*\", env!=dev>[14d] | outliers(direction=\"up\", for=5m)",
  ]
  Benchmark("parse and plan 5 queries", configuration: .runs(100, .queriesPerSecond)) {
    benchmark in
    try benchmark.measure([.queriesPerSecond: 100 * texts.count]) {
      for _ in 0..<100 {
        for text in texts { blackHole(try Query(text)) }
      }
    }
  }

  addQuery("one series raw, 30 d at 1 min", "load<host=7>[30d]", hosts: 10)
  addQuery(
    "mean over 100 series, 1 d by 1 min", "avg(load<>)", hosts: 100, days: 1, step: "1m")
  addQuery(
    "mean over 100 series, 30 d by 1 h", "avg(load<>)", hosts: 100, days: 30, step: "1h")
}

/// The query `text` over `hosts` sealed series of 30 days at one minute: at their end, or over
/// their last `days` by `step`.
private func addQuery(
  _ name: String, _ text: String, hosts: Int, days: Int64? = nil, step: String? = nil
) {
  let end = Signal.start + .days(30)
  Benchmark(name, configuration: .runs(50)) { (benchmark: Benchmark, filled: FilledDatabase) in
    let time = try QueryTime(
      now: end, time: nil, start: days.map { (end - .days($0)).description },
      end: days.map { _ in end.description }, step: step)
    benchmark.startMeasurement()
    let table = try await filled.database.query(text, at: time)
    benchmark.stopMeasurement()
    if table.rowCount < 720 { benchmark.error("only \(table.rowCount) rows came back") }
  } setup: {
    try await FilledDatabase(hosts: hosts)
  }
}

/// A database with sealed series.
private struct FilledDatabase {
  let directory: ScratchDirectory
  let database: Database

  init(hosts: Int) async throws {
    directory = try await Self.fill(hosts: hosts)
    database = try Database(
      directory: directory.path, options: Database.Options(), logger: Trial.logger)
  }

  /// The store is closed and gone when this returns, so that the database can open it.
  private static func fill(hosts: Int) async throws -> ScratchDirectory {
    let trial = try Trial()
    try await trial.store.writeHosts(hosts, days: 30)
    try await trial.store.compact()
    await trial.store.close()
    return trial.directory
  }
}
