public import Benchmark

extension BenchmarkMetric {
  /// Samples that went through a second; larger is better.
  public static let pointsPerSecond = rate("points/s")
  /// Lines of line protocol read a second; larger is better.
  public static let linesPerSecond = rate("lines/s")
  /// Queries read and planned a second; larger is better.
  public static let queriesPerSecond = rate("queries/s")
  /// Training windows that went through the network and back a second; larger is better.
  public static let sequencesPerSecond = rate("sequences/s")
  /// Steps of the recurrent network a second, summed over the rows of the batch; larger is better.
  public static let stepsPerSecond = rate("series-steps/s")
  /// Bytes that a thousand samples take: metrics are whole numbers.
  public static let bytesPerThousandPoints = BenchmarkMetric.custom(
    "bytes/1000 points", polarity: .prefersSmaller, useScalingFactor: false)

  private static func rate(_ name: String) -> BenchmarkMetric {
    .custom(name, polarity: .prefersLarger, useScalingFactor: false)
  }
}

extension Benchmark.Configuration {
  /// One warm-up and then up to `runs` runs, with the time of each and `metrics`.
  public static func runs(
    _ runs: Int, seconds: Int = 10, _ metrics: BenchmarkMetric...
  ) -> Benchmark.Configuration {
    Benchmark.Configuration(
      metrics: [.wallClock] + metrics, timeUnits: .microseconds,
      units: [
        .pointsPerSecond: .kilo, .linesPerSecond: .kilo, .stepsPerSecond: .kilo,
        .queriesPerSecond: .count, .sequencesPerSecond: .count,
        .bytesPerThousandPoints: .count,
      ],
      warmupIterations: 1, maxDuration: .seconds(seconds), maxIterations: runs)
  }
}

extension Benchmark {
  /// Times `work` and says how many things of each kind were done in it.
  ///
  /// Only the time of `work` counts, whatever the benchmark does before and after.
  public func measure<T>(
    _ counts: KeyValuePairs<BenchmarkMetric, Int>, _ work: () throws -> T
  ) rethrows -> T {
    startMeasurement()
    let began = ContinuousClock.now
    let result = try work()
    record(counts, since: began)
    return result
  }

  /// Times `work`, which may wait, and says how many things of each kind were done in it.
  public func measure<T>(
    _ counts: KeyValuePairs<BenchmarkMetric, Int>, _ work: () async throws -> T
  ) async rethrows -> T {
    startMeasurement()
    let began = ContinuousClock.now
    let result = try await work()
    record(counts, since: began)
    return result
  }

  /// Ends the measurement that began at `began`, in which `counts` things were done.
  public func record(
    _ counts: KeyValuePairs<BenchmarkMetric, Int>, since began: ContinuousClock.Instant
  ) {
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    stopMeasurement()
    for (metric, count) in counts { measurement(metric, Int(Double(count) / seconds)) }
  }
}
