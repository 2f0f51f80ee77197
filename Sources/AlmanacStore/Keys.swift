internal import AlmanacCodec
internal import AlmanacCore

/// The keys of every table, as docs/format/keys.md describes them. Integers are big endian, so
/// that LMDB's order of bytes is the order of numbers.
enum Keys {
  /// Table names; `Store` opens these.
  enum Table: String, CaseIterable {
    case meta, series, labels, chunks, journal, models
  }

  /// Names and values longer than this are cut in index keys (LMDB takes 511 bytes a key).
  static let maximumIndexedName = 120
  static let maximumIndexedValue = 240

  static func series(_ id: SeriesID) -> [UInt8] {
    var key: [UInt8] = []
    key.append(bigEndian: id.rawValue)
    return key
  }

  static func journal(_ sequence: UInt64) -> [UInt8] {
    var key: [UInt8] = []
    key.append(bigEndian: sequence)
    return key
  }

  /// The chunk of `id` whose first sample is at `start` (ns). The sign bit is flipped so that
  /// times before 1970 sort first.
  static func chunk(_ id: SeriesID, start: Int64) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(16)
    key.append(bigEndian: id.rawValue)
    key.append(bigEndian: UInt64(bitPattern: start) ^ (1 << 63))
    return key
  }

  static func chunkSeries(_ key: UnsafeRawBufferPointer) -> SeriesID {
    SeriesID(rawValue: key.bigEndian(at: 0, as: UInt64.self))
  }

  /// All index entries of a label begin so.
  static func labelPrefix(name: String) -> [UInt8] {
    shortened(Array(name.utf8), to: maximumIndexedName) + [0]
  }

  /// All index entries of a label with a value begin so.
  static func labelPrefix(name: String, value: String) -> [UInt8] {
    labelPrefix(name: name) + shortened(Array(value.utf8), to: maximumIndexedValue) + [0]
  }

  static func label(name: String, value: String, id: SeriesID) -> [UInt8] {
    var key = labelPrefix(name: name, value: value)
    key.append(bigEndian: id.rawValue)
    return key
  }

  /// `bytes`, or where they are longer than `limit`, a beginning and a hash of all.
  private static func shortened(_ bytes: [UInt8], to limit: Int) -> [UInt8] {
    guard bytes.count > limit else { return bytes }
    // 64-bit FNV-1a, printed so that no byte is zero.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return bytes.prefix(limit - 17) + [1] + Array(String(hash, radix: 16).utf8)
  }
}
