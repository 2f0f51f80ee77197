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
  /// What it sums up, where it is a rollup; nil where it has samples.
  var rollup: Rollup?

  /// What a rollup is made of.
  struct Rollup: Hashable, Sendable {
    /// The length of its buckets.
    var resolution: Resolution
    /// The number of the part that has the samples.
    var part: UInt64
  }

  var name: PartitionName { PartitionName(kind: .part, number: number) }

  // MARK: - Bytes

  private static let version: UInt8 = 1
  private static let size = 1 + 9 * 8 + 1 + 4
  private static let rollupVersion: UInt8 = 2
  private static let rollupSize = size + 2 * 8

  var encoded: [UInt8] {
    var bytes = [rollup == nil ? Self.version : Self.rollupVersion]
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
    if let rollup {
      bytes.append(littleEndian: rollup.resolution.length)
      bytes.append(littleEndian: rollup.part)
    }
    return bytes
  }

  init(number: UInt64, encoded bytes: UnsafeRawBufferPointer) throws(StoreError) {
    let isRollup = bytes.count == Self.rollupSize
    guard isRollup || bytes.count == Self.size,
      bytes[0] == (isRollup ? Self.rollupVersion : Self.version)
    else {
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
    if isRollup {
      let length = bytes.littleEndian(at: Self.size, as: Int64.self)
      guard let resolution = Resolution(length: length) else {
        throw StoreError(.damaged, "the catalog's entry of rollup \(number) is impossible")
      }
      rollup = Rollup(
        resolution: resolution, part: bytes.littleEndian(at: Self.size + 8, as: UInt64.self))
    }
  }

  init(
    number: UInt64, window: Window, generations: ClosedRange<UInt64>, range: TimeRange,
    seriesCount: Int, sampleCount: Int, blockCount: Int, byteCount: Int, isDraft: Bool,
    rollup: Rollup? = nil
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
    self.rollup = rollup
  }
}
