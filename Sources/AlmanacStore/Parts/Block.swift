internal import AlmanacCodec
internal import AlmanacCore

/// Chunks of consecutive series: the value of one entry of a part.
///
/// docs/format/part.md is the page of this format. Key, big endian: first series (4), last series
/// (4), number of the block (4), first time (8, sign bit flipped), last time (8, the same).
/// Value, little endian: version (1), the CRC-32C of the key and that of everything behind this
/// field up to the chunks, combined by exclusive or (4), number of chunks (4), bytes of the
/// directory (4), directory, chunks. The directory has for each chunk v series as the difference to
/// the one before (to the key's first series) and v bytes. Each chunk has its own checksum.
enum Block {
  static let keySize = 28
  private static let version: UInt8 = 1
  private static let headerSize = 13

  /// What the key says.
  struct Key: Sendable {
    var firstSeries: UInt32
    var lastSeries: UInt32
    var number: UInt32
    /// The first and the last time of its samples, ns.
    var firstTime: Int64
    var lastTime: Int64

    init(
      firstSeries: UInt32, lastSeries: UInt32, number: UInt32, firstTime: Int64, lastTime: Int64
    ) {
      self.firstSeries = firstSeries
      self.lastSeries = lastSeries
      self.number = number
      self.firstTime = firstTime
      self.lastTime = lastTime
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
      guard bytes.count == Block.keySize else { return nil }
      firstSeries = bytes.bigEndian(at: 0, as: UInt32.self)
      lastSeries = bytes.bigEndian(at: 4, as: UInt32.self)
      number = bytes.bigEndian(at: 8, as: UInt32.self)
      firstTime = Int64(bitPattern: bytes.bigEndian(at: 12, as: UInt64.self) ^ (1 << 63))
      lastTime = Int64(bitPattern: bytes.bigEndian(at: 20, as: UInt64.self) ^ (1 << 63))
    }

    var encoded: [UInt8] {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(Block.keySize)
      bytes.append(bigEndian: firstSeries)
      bytes.append(bigEndian: lastSeries)
      bytes.append(bigEndian: number)
      bytes.append(bigEndian: UInt64(bitPattern: firstTime) ^ (1 << 63))
      bytes.append(bigEndian: UInt64(bitPattern: lastTime) ^ (1 << 63))
      return bytes
    }
  }

  /// The bytes of a block up to its chunks.
  static func head(_ key: [UInt8], directory: [UInt8], count: Int) -> [UInt8] {
    var bytes = [version]
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: UInt32(count))
    bytes.append(littleEndian: UInt32(directory.count))
    bytes += directory
    let checksum = CRC32C.checksum(key) ^ CRC32C.checksum(Array(bytes[5...]))
    withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(1..<5, with: $0) }
    return bytes
  }

  /// The checksum of the keys of a part up to `key`, from that of those before it: CRC-32C of that
  /// (4, little endian) and the key; 0 before the first.
  static func checksum(_ before: UInt32, _ key: some Sequence<UInt8>) -> UInt32 {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 + keySize)
    bytes.append(littleEndian: before)
    bytes += key
    return CRC32C.checksum(bytes)
  }

  /// Bytes of a block beside directory and chunks.
  static var overhead: Int { headerSize }

  /// One chunk of a block: its series and where its bytes are.
  struct Entry {
    let series: UInt32
    let start: Int
    let end: Int
  }

  /// Reads the directory into `entries`.
  static func readDirectory(
    _ key: UnsafeRawBufferPointer, _ block: UnsafeRawBufferPointer, into entries: inout [Entry]
  ) throws(StoreError) {
    entries.removeAll(keepingCapacity: true)
    guard block.count >= headerSize, let bounds = Key(key) else { throw damaged("is cut short") }
    guard block[0] == version else {
      throw StoreError(.unknownFormat, "has version \(block[0]), this program knows \(version)")
    }
    let count = Int(block.littleEndian(at: 5, as: UInt32.self))
    let end = headerSize + Int(block.littleEndian(at: 9, as: UInt32.self))
    guard end <= block.count else { throw damaged("has a directory that is cut short") }
    let checksum =
      CRC32C.checksum(key) ^ CRC32C.checksum(UnsafeRawBufferPointer(rebasing: block[5..<end]))
    guard checksum == block.littleEndian(at: 1, as: UInt32.self) else {
      throw damaged("has a directory with a wrong checksum")
    }
    var reader = VariableReader(block, from: headerSize, to: end)
    var series = bounds.firstSeries
    var start = end
    for _ in 0..<count {
      series &+= UInt32(truncatingIfNeeded: reader.next())
      let size = Int(truncatingIfNeeded: reader.next())
      guard size >= 0, size <= block.count - start else {
        throw damaged("has a directory that names more bytes than there are")
      }
      entries.append(Entry(series: series, start: start, end: start + size))
      start += size
    }
    guard start == block.count else { throw damaged("has bytes that no chunk owns") }
  }

  private static func damaged(_ what: String) -> StoreError { StoreError(.damaged, what) }
}
