internal import AlmanacCodec
internal import AlmanacCore

/// Sums up the samples of a part by buckets, as a part of its own.
///
/// A series has groups of five chunks with the same times, the ends of buckets: number of samples,
/// least value, greatest value, sum as a `NearDecimal`, steps of that.
final class RollupWriter {
  /// Chunks of a group.
  static let columns = 5
  /// Buckets of a group: a week of five minutes.
  private static let groupSize = 2048

  private let resolution: Resolution
  private let writer: PartWriter
  /// Samples of the series whose bucket may go on.
  private var open = Samples()
  private var summaries: [Summary] = []

  private init(
    _ number: UInt64, of part: PartInfo, by resolution: Resolution, in store: any KeyValueStore
  ) throws(StoreError) {
    self.resolution = resolution
    writer = try PartWriter(
      number, window: part.window, generations: part.generations, isDraft: false,
      rollup: PartInfo.Rollup(resolution: resolution, part: part.number), in: store)
  }

  /// Writes the rollups of `part`, which are durable but not in the catalog yet.
  static func write(
    _ part: Part, by resolutions: [Resolution], number: () -> UInt64,
    in store: any KeyValueStore, isCancelled: () -> Bool
  ) throws(StoreError) -> [PartInfo] {
    guard !resolutions.isEmpty else { return [] }
    var writers: [RollupWriter] = []
    for resolution in resolutions {
      writers.append(try RollupWriter(number(), of: part.info, by: resolution, in: store))
    }
    var reader = ChunkReader()
    var scanner = PartScanner(part)
    try scanner.load()
    while let series = scanner.series {
      if isCancelled() { throw StoreError(.closed, "the store is closing") }
      while scanner.series == series, let (bytes, block) = scanner.chunk {
        let samples = try reader.samples(bytes, of: part, block, series)
        for writer in writers { writer.add(samples) }
        try scanner.advance()
      }
      for writer in writers { try writer.endSeries(series) }
    }
    var infos: [PartInfo] = []
    for writer in writers {
      if let info = try writer.writer.finish() { infos.append(info) }
    }
    return infos
  }

  /// Adds samples behind those before, and sums up the buckets that are whole with them.
  private func add(_ samples: Samples) {
    open.append(samples)
    guard let last = open.timestamps.last else { return }
    let end = Summary.end(holding: last, of: resolution)
    let start = open.timestamps.indices.partitionPoint {
      Summary.end(holding: open.timestamps[$0], of: resolution) >= end
    }
    summaries += open.slice(0..<start).summaries(of: resolution)
    open = open.slice(start..<open.count)
  }

  private func endSeries(_ series: UInt32) throws(StoreError) {
    summaries += open.summaries(of: resolution)
    open = Samples()
    for start in stride(from: 0, to: summaries.count, by: Self.groupSize) {
      let group = summaries[start..<min(start + Self.groupSize, summaries.count)]
      let times = group.map(\.end)
      let sums = group.map { NearDecimal($0.sum) }
      for values in [
        group.map { Double($0.count) }, group.map(\.minimum), group.map(\.maximum),
        sums.map(\.decimal), sums.map(\.steps),
      ] {
        try writer.add(series, Samples(timestamps: times, values: values))
      }
    }
    summaries.removeAll(keepingCapacity: true)
  }
}

/// A number as a decimal, which chunks make short, and how far it is from that. Sums of decimals
/// are seldom the double that is nearest to their decimal, and seldom far from it.
struct NearDecimal {
  /// The number to six digits behind the point; the number itself where that is not near.
  let decimal: Double
  /// The number less the decimal, in steps between doubles of the decimal's size.
  let steps: Double

  private static let scale = 1e6
  /// Times `scale` decimals are below this, as chunks want them.
  private static let limit = 0x1p51
  private static let maximumSteps = 64.0

  init(decimal: Double, steps: Double) {
    self.decimal = decimal
    self.steps = steps
  }

  init(_ number: Double) {
    let scaled = (number * Self.scale).rounded()
    let near = scaled / Self.scale
    let found = NearDecimal(decimal: near, steps: (number - near) / near.ulp)
    let isNear = abs(scaled) < Self.limit && abs(found.steps) <= Self.maximumSteps
    self =
      isNear && found.number.bitPattern == number.bitPattern
      ? found : NearDecimal(decimal: number, steps: 0)
  }

  /// The number that was taken apart, to the bit.
  var number: Double { steps == 0 ? decimal : decimal + steps * decimal.ulp }
}
