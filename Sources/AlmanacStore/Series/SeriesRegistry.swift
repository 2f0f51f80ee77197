internal import AlmanacCodec
internal import AlmanacCore

/// Keys of series as the catalog keeps them: batches in order of number, each with its checksum.
///
/// docs/format/catalog.md is the page of this format. For each series: v number as
/// the difference to the one before (to the batch's first), v bytes that its key shares with the
/// one before, v bytes that follow, those bytes.
enum SeriesRegistry {
  /// Series of one batch.
  static let batchSize = 1 << 14

  private static let version: UInt8 = 1
  private static let headerSize = 10
  /// More bytes than any batch of keys at their limit has.
  private static let maximumSize = 2 << 30

  /// A batch: version (1), 1 where what follows is a zstd frame (1), number of series (4),
  /// CRC-32C of what follows (4), the series.
  static func encode(_ series: [(id: UInt32, key: [UInt8])]) -> [UInt8] {
    var plain: [UInt8] = []
    var lastID = series.first?.id ?? 0
    var last: [UInt8] = []
    for (id, key) in series {
      let shared = zip(last, key).prefix { $0 == $1 }.count
      plain.append(varint: UInt64(id - lastID))
      plain.append(varint: UInt64(shared))
      plain.append(varint: UInt64(key.count - shared))
      plain += key[shared...]
      lastID = id
      last = key
    }
    let frame = Zstd.compress(plain, level: 6)
    var bytes = [version, frame == nil ? 0 : 1]
    bytes.append(littleEndian: UInt32(series.count))
    bytes.append(littleEndian: CRC32C.checksum(frame ?? plain))
    return bytes + (frame ?? plain)
  }

  /// Calls `body` with each series of the batch whose first number is `first`.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, first: UInt32,
    _ body: (SeriesID, UnsafeRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    let damaged = StoreError(.damaged, "the catalog's series from \(first) on cannot be read")
    guard bytes.count >= headerSize, bytes[0] == version else { throw damaged }
    let stored = UnsafeRawBufferPointer(rebasing: bytes[headerSize...])
    guard CRC32C.checksum(stored) == bytes.littleEndian(at: 6, as: UInt32.self),
      let plain = bytes[1] == 0
        ? Array(stored) : try? Zstd.decompress(stored, limit: maximumSize)
    else { throw damaged }
    var key: [UInt8] = []
    var id = first
    let failure = plain.withUnsafeBytes { plain -> StoreError? in
      do throws(StoreError) {
        var reader = VariableReader(plain, from: 0, to: plain.count)
        for _ in 0..<bytes.littleEndian(at: 2, as: UInt32.self) {
          id &+= UInt32(truncatingIfNeeded: reader.next())
          let shared = Int(truncatingIfNeeded: reader.next())
          guard shared >= 0, shared <= key.count,
            let rest = reader.take(Int(truncatingIfNeeded: reader.next()))
          else { throw damaged }
          key.removeSubrange(shared...)
          key += rest
          let result = key.withUnsafeBytes { key in
            Result { () throws(StoreError) in try body(SeriesID(rawValue: UInt64(id)), key) }
          }
          try result.get()
        }
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }
}
