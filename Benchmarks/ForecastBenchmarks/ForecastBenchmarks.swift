import AlmanacCore
import AlmanacForecast
import Benchmark
import Workload

/// What a user waits for: a model, a forecast, a judgement.
let benchmarks: @Sendable () -> Void = {
  for threads in [1, 2] {
    Benchmark(
      "train on 30 d at 1 min, \(threads == 1 ? "1 thread" : "\(threads) threads")",
      configuration: .runs(5, seconds: 30)
    ) { benchmark in
      let history = month()
      var options = ForecastOptions()
      options.threads = threads
      benchmark.startMeasurement()
      let model = try ForecastModel.train(on: history, options: options)
      benchmark.stopMeasurement()
      if model.fallbackReason != nil { benchmark.error("the model fell back") }
    }
  }

  Benchmark("predict 10,080 steps with a band of 95 %", configuration: .runs(20)) {
    (benchmark: Benchmark, model: ForecastModel) in
    let history = month()
    benchmark.startMeasurement()
    let curve = try model.predict(from: history, steps: 10_080, levels: [0.95])
    benchmark.stopMeasurement()
    blackHole(curve)
  } setup: {
    try ForecastModel.train(on: month(), options: ForecastOptions())
  }

  for method in [OutlierMethod.auto, .gmm] {
    Benchmark(
      "outliers over 7 d after 36 d at 1 min, \(method.rawValue)",
      configuration: .runs(10, .pointsPerSecond)
    ) { (benchmark: Benchmark, values: [Double]) in
      var options = OutlierOptions(samplesPerDay: 1440)
      options.method = method
      let judged = try benchmark.measure([.pointsPerSecond: 7 * 1440]) {
        try OutlierDetector(options: options).judge(values, from: 36 * 1440)
      }
      if judged.count != 7 * 1440 { benchmark.error("only \(judged.count) samples were judged") }
    } setup: {
      Signal.minutes(days: 43)
    }
  }
}

/// 30 days of minutes.
private func month() -> RegularSeries {
  RegularSeries(start: Signal.start, step: .minutes(1), values: Signal.minutes(days: 30))
}
