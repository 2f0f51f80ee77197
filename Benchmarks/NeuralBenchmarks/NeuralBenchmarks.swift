import AlmanacNeural
import Benchmark
import Workload

/// The network's speed, with the window of 60 and the mini-batch of 256 of its first use.
///
/// `train_t2_h64_H60`: training on 2 threads, 64 hidden units, 60 decoder steps.
/// `roll_t1_h64_B1000`: forecasting 1,000 series at once. A roll-out runs on its caller's thread,
/// so there is none with `t2`.
let benchmarks: @Sendable () -> Void = {
  for threads in [1, 2] {
    for hidden in [64, 128] {
      for decoder in [1, 60] { addTraining(threads: threads, hidden: hidden, decoder: decoder) }
    }
    // What a forecast trains unless told otherwise.
    addTraining(threads: threads, hidden: 32, decoder: 8)
  }
  for hidden in [64, 128] {
    addRollOut(hidden: hidden, batch: 1, steps: 10_080)
    addRollOut(hidden: hidden, batch: 1000, steps: 100)
  }
}

/// Whole optimiser steps: forward, backward, clip, update. The first step of each run is not
/// counted; it touches the memory for the first time.
private func addTraining(threads: Int, hidden: Int, decoder: Int) {
  let counted = decoder == 1 ? 10 : 4
  Benchmark(
    "train_t\(threads)_h\(hidden)_H\(decoder)",
    configuration: .runs(15, seconds: 8, .sequencesPerSecond)
  ) { (benchmark: Benchmark, series: [Float]) in
    var options = TrainingOptions()
    options.window = 60
    options.batch = 256
    options.decoderSteps = decoder
    options.steps = counted + 1
    options.threads = threads
    var network = Seq2Seq(hidden: hidden, seed: 1)
    var began = ContinuousClock.now
    let loss = try Trainer(options: options).train(&network, on: [series]) { progress in
      if progress.step == 1 {
        benchmark.startMeasurement()
        began = .now
      } else if progress.step == progress.steps {
        benchmark.record([.sequencesPerSecond: counted * options.batch], since: began)
      }
      return true
    }
    blackHole(loss)
  } setup: {
    unitSeries()
  }
}

/// The decoder fed with its own numbers, its state carried on. The 60 steps in which the encoder
/// reads the window count as steps: each costs the same.
private func addRollOut(hidden: Int, batch: Int, steps: Int) {
  Benchmark(
    "roll_t1_h\(hidden)_B\(batch)", configuration: .runs(15, seconds: 8, .stepsPerSecond)
  ) { (benchmark: Benchmark, series: [Float]) in
    let network = Seq2Seq(hidden: hidden, seed: 1)
    let windows = Array(series.prefix(60 * batch))
    let result = benchmark.measure([.stepsPerSecond: batch * (60 + steps)]) {
      network.rollOut(windows: windows, window: 60, steps: steps)
    }
    blackHole(result)
  } setup: {
    unitSeries() + unitSeries()
  }
}

/// 30 days of minutes about 0, of about unit scale.
private func unitSeries() -> [Float] {
  Signal.minutes(days: 30).map { Float(($0 - 40) / 12) }
}
