internal import AlmanacCodec
internal import AlmanacCore

/// What the catalog knows about a part.
struct PartInfo: Hashable, Sendable {
  /// The number of its partition.
  var number: UInt64
  /// All samples lie in this window.
  var window: Window
  /// The head segments that its samples come from: of two samples at one time, that of the part
  /// with the later generations counts. Those of two parts of a window do not overlap.
  var generations: ClosedRange<UInt64>
  /// The first and the last time of its samples.
  var range: TimeRange
  /// Chunks by series.
  var seriesCount: Int
  var sampleCount: Int
  var blockCount: Int
  /// Bytes on disk.
  var byteCount: Int
  /// Whether its small chunks are drafts, written fast and not short.
  var isDraft: Bool
  /// Of the keys of its blocks, see `Block.checksum`.
  var keysChecksum: UInt32 = 0

  var name: PartitionName { PartitionName(kind: .part, number: number) }

  // MARK: - Bytes

  private static let version: UInt8 = 1
  private static let size = 1 + 9 * 8 + 1 + 4

  var encoded: [UInt8] {
    var bytes = [Self.version]
    bytes.append(littleEndian: window.index)
    bytes.append(littleEndian: generations.lowerBound)
    bytes.append(littleEndian: generations.upperBound)
    bytes.append(littleEndian: range.start.nanoseconds)
    bytes.append(littleEndian: range.end.nanoseconds)
    for count in [seriesCount, sampleCount, blockCount, byteCount] {
      bytes.append(littleEndian: UInt64(count))
    }
    bytes.append(isDraft ? 1 : 0)
    bytes.append(littleEndian: keysChecksum)
    return bytes
  }

  init(number: UInt64, encoded bytes: UnsafeRawBufferPointer) throws(StoreError) {
    guard bytes.count == Self.size, bytes[0] == Self.version else {
      throw StoreError(.damaged, "the catalog's entry of part \(number) cannot be read")
    }
    let field = { (index: Int) in bytes.littleEndian(at: 1 + index * 8, as: Int64.self) }
    let (first, last) = (UInt64(bitPattern: field(1)), UInt64(bitPattern: field(2)))
    guard first <= last else {
      throw StoreError(.damaged, "the catalog's entry of part \(number) is impossible")
    }
    self.init(
      number: number, window: Window(index: field(0)), generations: first...last,
      range: TimeRange(
        start: Timestamp(nanoseconds: field(3)), end: Timestamp(nanoseconds: field(4))),
      seriesCount: Int(field(5)), sampleCount: Int(field(6)), blockCount: Int(field(7)),
      byteCount: Int(field(8)), isDraft: bytes[1 + 9 * 8] != 0)
    keysChecksum = bytes.littleEndian(at: 1 + 9 * 8 + 1, as: UInt32.self)
  }

  init(
    number: UInt64, window: Window, generations: ClosedRange<UInt64>, range: TimeRange,
    seriesCount: Int, sampleCount: Int, blockCount: Int, byteCount: Int, isDraft: Bool
  ) {
    self.number = number
    self.window = window
    self.generations = generations
    self.range = range
    self.seriesCount = seriesCount
    self.sampleCount = sampleCount
    self.blockCount = blockCount
    self.byteCount = byteCount
    self.isDraft = isDraft
  }
}
