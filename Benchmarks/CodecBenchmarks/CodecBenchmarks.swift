import AlmanacCodec
import AlmanacCore
import Benchmark
import Workload

/// Chunks as the store cuts them: 100 of 1,920 samples, one each 10 s.
private func chunks(of signal: Signal) -> [Samples] {
  let size = 1920
  let samples = signal.samples(100 * size, step: .seconds(10))
  return stride(from: 0, to: samples.count, by: size).map { samples.slice($0..<$0 + size) }
}

private func addBenchmarks(_ signal: Signal, isCold: Bool) {
  let name = "\(signal.rawValue), \(isCold ? "sealed" : "growing")"
  Benchmark(
    "encode \(name)", configuration: .runs(100, .pointsPerSecond, .bytesPerThousandPoints)
  ) { (benchmark: Benchmark, chunks: [Samples]) in
    let points = chunks.reduce(0) { $0 + $1.count }
    let bytes = benchmark.measure([.pointsPerSecond: points]) {
      chunks.reduce(0) { $0 + Chunk.encode($1, isCold: isCold).count }
    }
    benchmark.measurement(.bytesPerThousandPoints, bytes * 1000 / points)
  } setup: {
    chunks(of: signal)
  }

  Benchmark("decode \(name)", configuration: .runs(100, .pointsPerSecond)) {
    (benchmark: Benchmark, encoded: [[UInt8]]) in
    let points = 1920 * encoded.count
    try benchmark.measure([.pointsPerSecond: points]) {
      for bytes in encoded { blackHole(try Chunk.decode(bytes)) }
    }
  } setup: {
    chunks(of: signal).map { Chunk.encode($0, isCold: isCold) }
  }
}

/// Chunks to bytes and back. Sealed chunks have zstd on top, growing ones do not.
let benchmarks: @Sendable () -> Void = {
  for signal in Signal.allCases {
    addBenchmarks(signal, isCold: false)
    addBenchmarks(signal, isCold: true)
  }
}
