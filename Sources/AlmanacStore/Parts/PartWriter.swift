internal import AlmanacCodec
internal import AlmanacCore

/// Writes the samples of many series, in order of series, as a new part.
final class PartWriter {
  /// From this size on a block may end.
  private static let blockSize = 48 << 10
  /// A block may leave this fraction of its size unused at the end of its last page.
  private static let wastedFraction = 128
  /// How many samples a cut between chunks may move back to the end of an hour.
  private static let cutReach = 1024

  /// Smaller chunks of a draft part are drafts themselves.
  static let smallChunk = 256

  private let isDraft: Bool
  private let builder: any PartitionBuilder
  private var encoder = ChunkEncoder()
  private var info: PartInfo
  private var lastSeries: UInt32 = 0

  // The block under construction.
  private var key = Block.Key(
    firstSeries: 0, lastSeries: 0, number: 0, firstTime: .max, lastTime: .min)
  private var directory: [UInt8] = []
  private var chunks: [UInt8] = []
  private var chunkCount = 0

  /// Begins part `number`.
  ///
  /// - Parameters:
  ///   - isDraft: whether the part will soon be merged with others.
  ///   - rollup: what it sums up; nil where it has samples.
  init(
    _ number: UInt64, window: Window, generations: ClosedRange<UInt64>, isDraft: Bool,
    rollup: PartInfo.Rollup? = nil, in store: any KeyValueStore
  ) throws(StoreError) {
    self.isDraft = isDraft
    info = PartInfo(
      number: number, window: window, generations: generations,
      range: TimeRange(start: Timestamp(nanoseconds: .max), end: Timestamp(nanoseconds: .min)),
      seriesCount: 0, sampleCount: 0, blockCount: 0, byteCount: 0, isDraft: isDraft, rollup: rollup)
    builder = try store.build(info.name)
  }

  /// Adds samples of `series`, strictly ascending in time, as chunks of even size.
  ///
  /// - Precondition: the series is not below the one before; times are behind those added of it.
  func add(
    _ series: UInt32, _ timestamps: UnsafeBufferPointer<Int64>,
    _ values: UnsafeBufferPointer<Double>
  ) throws(StoreError) {
    let count = timestamps.count
    guard count > 0 else { return }
    // Cuts may move back by less than `cutReach`, so pieces are so much smaller than they may be.
    let size = Chunk.maximumCount - Self.cutReach
    let pieces = count <= Chunk.maximumCount ? 1 : (count + size - 1) / size
    var from = 0
    for piece in 1...pieces {
      let to = piece == pieces ? count : cut(timestamps, from: from, near: count * piece / pieces)
      let start = chunks.count
      encoder.encode(
        timestamps: UnsafeBufferPointer(rebasing: timestamps[from..<to]),
        values: UnsafeBufferPointer(rebasing: values[from..<to]),
        isDraft: isDraft && to - from < Self.smallChunk, into: &chunks)
      try didAdd(
        series, bytes: chunks.count - start, samples: to - from, first: timestamps[from],
        last: timestamps[to - 1])
      from = to
    }
  }

  /// Where to cut a series between two chunks: at the end of an hour if one is near, so that the
  /// summaries of hours stay whole.
  private func cut(
    _ timestamps: UnsafeBufferPointer<Int64>, from: Int, near position: Int
  ) -> Int {
    let hour = Summary.end(holding: timestamps[position], of: .hour)
    let first = from + 1
    // The first sample of the hour that `position` is in.
    let start = (first..<max(first, position)).partitionPoint {
      Summary.end(holding: timestamps[$0], of: .hour) >= hour
    }
    let isWhole = Summary.end(holding: timestamps[start - 1], of: .hour) < hour
    return isWhole && position - start < Self.cutReach ? start : position
  }

  /// Adds a chunk of `series` as it is.
  func add(
    _ series: UInt32, chunk: UnsafeRawBufferPointer, _ header: Chunk.Header
  ) throws(StoreError) {
    chunks.append(contentsOf: chunk)
    try didAdd(
      series, bytes: chunk.count, samples: header.count, first: header.range.start.nanoseconds,
      last: header.range.end.nanoseconds)
  }

  private func didAdd(
    _ series: UInt32, bytes: Int, samples: Int, first: Int64, last: Int64
  ) throws(StoreError) {
    precondition(series >= lastSeries, "BUG: series out of order")
    if chunkCount == 0 {
      key.firstSeries = series
      key.lastSeries = series
    }
    directory.append(varint: UInt64(series - key.lastSeries))
    directory.append(varint: UInt64(bytes))
    key.lastSeries = series
    key.firstTime = min(key.firstTime, first)
    key.lastTime = max(key.lastTime, last)
    chunkCount += 1
    if series != lastSeries || info.sampleCount == 0 { info.seriesCount += 1 }
    lastSeries = series
    info.sampleCount += samples
    info.range.start = min(info.range.start, Timestamp(nanoseconds: first))
    info.range.end = max(info.range.end, Timestamp(nanoseconds: last))
    let size = Block.overhead + directory.count + chunks.count
    if size >= Self.blockSize,
      LMDBPage.waste(ofValue: size) * Self.wastedFraction <= size
    {
      try endBlock()
    }
  }

  private func endBlock() throws(StoreError) {
    guard chunkCount > 0 else { return }
    let encodedKey = key.encoded
    let value = Block.head(encodedKey, directory: directory, count: chunkCount) + chunks
    let result = value.withUnsafeBytes { bytes in
      Result { () throws(StoreError) in try builder.append(key: encodedKey, value: bytes) }
    }
    try result.get()
    info.blockCount += 1
    info.keysChecksum = Block.checksum(info.keysChecksum, encodedKey)
    key = Block.Key(
      firstSeries: 0, lastSeries: 0, number: UInt32(info.blockCount), firstTime: .max,
      lastTime: .min)
    directory.removeAll(keepingCapacity: true)
    chunks.removeAll(keepingCapacity: true)
    chunkCount = 0
  }

  /// Makes the part durable; nil, and no file, where nothing was added.
  func finish() throws(StoreError) -> PartInfo? {
    try endBlock()
    guard info.blockCount > 0 else { return nil }
    var info = info
    info.byteCount = try builder.finish()
    return info
  }
}
