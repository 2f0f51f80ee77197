internal import AlmanacCodec
internal import AlmanacCore

/// Samples that were deleted: those of some series in a range that were written before.
///
/// It takes a number between two head segments: it counts for everything of an earlier generation
/// and for nothing that came later. Reads leave such samples out; merging parts removes them.
struct Deletion: Hashable, Sendable {
  /// Its place in the order of all writes.
  var generation: UInt64
  /// The samples' times, both ends included.
  var range: TimeRange
  /// Ascending.
  var series: [UInt32]

  /// Whether it takes samples of `id` in `range` from what was written up to `generation`.
  func concerns(_ id: UInt32, _ range: TimeRange, writtenUpTo generation: UInt64) -> Bool {
    generation < self.generation && self.range.overlaps(range) && holds(id)
  }

  private func holds(_ id: UInt32) -> Bool {
    let position = series.indices.partitionPoint { series[$0] >= id }
    return position < series.count && series[position] == id
  }

  // MARK: - Bytes

  private static let version: UInt8 = 1
  private static let headerSize = 1 + 16 + 4

  /// Version (1), first and last time (8 each), number of series (4), v difference of each to
  /// the one before.
  var encoded: [UInt8] {
    var bytes = [Self.version]
    bytes.append(littleEndian: range.start.nanoseconds)
    bytes.append(littleEndian: range.end.nanoseconds)
    bytes.append(littleEndian: UInt32(series.count))
    var last: UInt32 = 0
    for id in series {
      bytes.append(varint: UInt64(id - last))
      last = id
    }
    return bytes
  }

  init(generation: UInt64, range: TimeRange, series: [UInt32]) {
    self.generation = generation
    self.range = range
    self.series = series
  }

  init(generation: UInt64, encoded bytes: UnsafeRawBufferPointer) throws(StoreError) {
    guard bytes.count >= Self.headerSize, bytes[0] == Self.version else {
      throw StoreError(.damaged, "the catalog's deletion \(generation) cannot be read")
    }
    self.generation = generation
    range = TimeRange(
      start: Timestamp(nanoseconds: bytes.littleEndian(at: 1, as: Int64.self)),
      end: Timestamp(nanoseconds: bytes.littleEndian(at: 9, as: Int64.self)))
    var reader = VariableReader(bytes, from: Self.headerSize, to: bytes.count)
    series = []
    var last: UInt32 = 0
    for _ in 0..<bytes.littleEndian(at: 17, as: UInt32.self) {
      last &+= UInt32(truncatingIfNeeded: reader.next())
      series.append(last)
    }
  }
}

extension [Deletion] {
  /// `samples` of `id`, all written up to `generation`, without those that were deleted.
  func applied(to samples: Samples, of id: UInt32, writtenUpTo generation: UInt64) -> Samples {
    var left = samples
    for deletion in self {
      guard let first = left.firstTime, let last = left.lastTime else { break }
      if deletion.concerns(id, TimeRange(start: first, end: last), writtenUpTo: generation) {
        left = left.outside(deletion.range)
      }
    }
    return left
  }
}
