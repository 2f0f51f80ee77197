import AlmanacCore
import AlmanacPattern
import AlmanacStore
import Benchmark
import Workload

/// Writing, sealing, opening and reading on a real disk.
let benchmarks: @Sendable () -> Void = {
  Benchmark.teardown = { ScratchDirectory.removeAll() }
  addWrites("1 field", .oneGauge, batches: 40, writers: 1)
  addWrites("1 field", .oneGauge, batches: 40, writers: 4)
  addWrites("10 integer fields", .tenIntegers, batches: 20, writers: 1)
  addWrites("10 integer fields", .tenIntegers, batches: 20, writers: 4)

  Benchmark("write 5,000 new series a batch", configuration: .runs(8, .pointsPerSecond)) {
    (benchmark: Benchmark, batches: [Points]) in
    let trial = try Trial()
    try await benchmark.measure([.pointsPerSecond: batches.pointCount]) {
      for batch in batches { try await trial.store.write(batch) }
    }
    await trial.store.close()
  } setup: {
    bodies(.oneGauge, hosts: 50_000, count: 10)
  }

  Benchmark(
    "seal and merge 4,000,000 points of 10,000 series", configuration: .runs(6, .pointsPerSecond)
  ) { (benchmark: Benchmark, batches: [Points]) in
    let trial = try Trial()
    for batch in batches { try await trial.store.write(batch) }
    try await benchmark.measure([.pointsPerSecond: batches.pointCount]) {
      try await trial.store.compact()
    }
    let left = trial.store.statistics()
    if left.parts != 1 || left.headSamples > 0 { benchmark.error("it is not sealed") }
    await trial.store.close()
  } setup: {
    bodies(.tenIntegers, hosts: 1_000, count: 80)
  }

  Benchmark("open with 1,000,000 points to replay", configuration: .runs(10, .pointsPerSecond)) {
    (benchmark: Benchmark, directory: ScratchDirectory) in
    let store = try benchmark.measure([.pointsPerSecond: 1_000_000]) {
      try Store(directory: directory.path, logger: Trial.logger)
    }
    await store.close()
  } setup: {
    let trial = try Trial()
    for batch in bodies(.tenIntegers, hosts: 1_000, count: 20) {
      try await trial.store.write(batch)
    }
    await trial.store.close()
    return trial.directory
  }

  Benchmark(
    "hours of 100 series of a day by 10 s", configuration: .runs(20, .pointsPerSecond)
  ) { (benchmark: Benchmark, trial: Trial) in
    let count = try benchmark.measure([.pointsPerSecond: 100 * 8640]) {
      let snapshot = trial.store.snapshot()
      var reader = snapshot.reader(in: .all)
      var count = 0
      for id in snapshot.series(passing: []) { count += try reader.hours(of: id).count }
      return count
    }
    if count < 100 * 24 { benchmark.error("\(count) hours were found") }
  } setup: {
    let trial = try Trial()
    for host in 0..<100 {
      let key = SeriesKey(metric: "load", labels: Labels([("host", "\(host)")]))
      let samples = Signal.gauge.samples(8640, step: .seconds(10), seed: UInt64(host))
      try await trial.store.write(Points(key: key, samples: samples))
    }
    try await trial.store.compact()
    return trial
  }

  addScan("sealed", isSealed: true)
  addScan("unsealed", isSealed: false)
}

/// Batches of 5,000 lines, each committed and synced before its writer sends the next. The series
/// are known already. Segments are sealed and merged meanwhile.
private func addWrites(_ name: String, _ fields: LineBody.Fields, batches: Int, writers: Int) {
  Benchmark(
    "write 5,000 lines of \(name) a batch, \(writers == 1 ? "1 writer" : "\(writers) writers")",
    configuration: .runs(10, .pointsPerSecond)
  ) { (benchmark: Benchmark, batches: [Points]) in
    let trial = try Trial()
    try await trial.store.write(batches[0])
    let timed = batches.dropFirst()
    try await benchmark.measure([.pointsPerSecond: Array(timed).pointCount]) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<writers {
          group.addTask { [store = trial.store] in
            for index in timed.indices where index % writers == writer {
              try await store.write(timed[index])
            }
          }
        }
        try await group.waitForAll()
      }
    }
    await trial.store.close()
  } setup: {
    bodies(fields, hosts: 1_000, count: batches + 1)
  }
}

/// The sum of one series of 30 days at one minute out of 20.
private func addScan(_ name: String, isSealed: Bool) {
  Benchmark(
    "scan one series of 43,200 samples, \(name)", configuration: .runs(200, .pointsPerSecond)
  ) { (benchmark: Benchmark, trial: Trial) in
    let (count, sum) = try benchmark.measure([.pointsPerSecond: 43_200]) {
      let snapshot = trial.store.snapshot()
      let found = snapshot.series(passing: [LabelMatcher(name: "host", .equal("7"))])
      let samples = try snapshot.samples(of: found[0], in: .all)
      return (samples.count, samples.values.reduce(0, +))
    }
    blackHole(sum)
    if count != 43_200 { benchmark.error("\(count) samples were found") }
  } setup: {
    let trial = try Trial()
    try await trial.store.writeHosts(20, days: 30)
    if isSealed { try await trial.store.compact() }
    return trial
  }
}

/// `count` batches of 5,000 lines.
private func bodies(_ fields: LineBody.Fields, hosts: Int, count: Int) -> [Points] {
  (0..<count).map { LineBody(fields, hosts: hosts, lines: 5_000, first: $0 * 5_000).parsed }
}

extension [Points] {
  /// How many points all have together.
  fileprivate var pointCount: Int { reduce(0) { $0 + $1.count } }
}
