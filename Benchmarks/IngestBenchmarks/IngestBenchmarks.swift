import AlmanacIngest
import Benchmark
import Workload

/// Line protocol to columns, one body of 5,000 lines at a time, on one thread.
let benchmarks: @Sendable () -> Void = {
  let loads: [(name: String, fields: LineBody.Fields, hosts: Int)] = [
    ("1 field, 1,000 hosts", .oneGauge, 1_000),
    ("1 field, 5,000 hosts: another series each line", .oneGauge, 5_000),
    ("10 integer fields, 1,000 hosts", .tenIntegers, 1_000),
    ("10 integer fields, 5,000 hosts: 10 others each line", .tenIntegers, 5_000),
  ]
  for (load, isKnown) in loads.flatMap({ [($0, false), ($0, true)] }) {
    Benchmark(
      "parse \(load.name)\(isKnown ? ", series known" : "")",
      configuration: .runs(200, .pointsPerSecond, .linesPerSecond)
    ) { (benchmark: Benchmark, body: LineBody) in
      let cache = isKnown ? SeriesCache() : nil
      let parser = LineProtocol(
        precision: .nanoseconds, now: Signal.start, database: nil, cache: cache)
      if let cache {
        // As after a commit: each series has a number.
        let first = parser.parse(body.bytes)
        cache.learn(first.lessons, ids: (1...UInt32(first.seriesCount)).map { $0 })
      }
      let batch = benchmark.measure([
        .pointsPerSecond: body.points, .linesPerSecond: body.lines,
      ]) {
        parser.parse(body.bytes)
      }
      if batch.values.count != body.points { benchmark.error("a line was refused") }
    } setup: {
      LineBody(load.fields, hosts: load.hosts, lines: 5_000)
    }
  }
}
