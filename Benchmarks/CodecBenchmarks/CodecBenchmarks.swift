import AlmanacCodec
import AlmanacCore
import Benchmark
import Workload

/// Samples of a chunk: twelve hours, one each 10 s.
private let size = 4320

/// 100 chunks.
private func chunks(of signal: Signal) -> [Samples] {
  let samples = signal.samples(100 * size, step: .seconds(10))
  return stride(from: 0, to: samples.count, by: size).map { samples.slice($0..<$0 + size) }
}

/// Appends all chunks to `bytes`, one encoder for all.
private func encode(_ chunks: [Samples], into bytes: inout [UInt8]) {
  var encoder = ChunkEncoder()
  for samples in chunks {
    samples.timestamps.withUnsafeBufferPointer { timestamps in
      samples.values.withUnsafeBufferPointer { values in
        encoder.encode(timestamps: timestamps, values: values, into: &bytes)
      }
    }
  }
}

/// Decodes all chunks, one decoder and one pair of columns for all.
private func decode(_ chunks: [[UInt8]]) throws {
  var decoder = ChunkDecoder()
  let timestamps = UnsafeMutablePointer<Int64>.allocate(capacity: size)
  let values = UnsafeMutablePointer<Double>.allocate(capacity: size)
  defer {
    timestamps.deallocate()
    values.deallocate()
  }
  for chunk in chunks {
    try chunk.withUnsafeBytes {
      try decoder.decode($0, timestamps: timestamps, values: values)
    }
    blackHole(values[size - 1])
  }
}

private func addBenchmarks(_ signal: Signal) {
  Benchmark(
    "encode \(signal.rawValue)",
    configuration: .runs(100, .pointsPerSecond, .bytesPerThousandPoints)
  ) { (benchmark: Benchmark, chunks: [Samples]) in
    let points = size * chunks.count
    let bytes = benchmark.measure([.pointsPerSecond: points]) {
      var bytes: [UInt8] = []
      encode(chunks, into: &bytes)
      return bytes.count
    }
    benchmark.measurement(.bytesPerThousandPoints, bytes * 1000 / points)
  } setup: {
    chunks(of: signal)
  }

  Benchmark("decode \(signal.rawValue)", configuration: .runs(100, .pointsPerSecond)) {
    (benchmark: Benchmark, encoded: [[UInt8]]) in
    try benchmark.measure([.pointsPerSecond: size * encoded.count]) { try decode(encoded) }
  } setup: {
    chunks(of: signal).map(Chunk.encode)
  }
}

/// Chunks to bytes and back.
let benchmarks: @Sendable () -> Void = {
  for signal in Signal.allCases { addBenchmarks(signal) }
}
