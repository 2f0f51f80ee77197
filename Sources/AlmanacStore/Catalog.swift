internal import AlmanacCodec
internal import AlmanacCore

/// What the store consists of, in one partition.
///
/// docs/format/catalog.md is the page of its keys: `format`; `sealed`, the last generation that
/// is in parts; `series/`, `part/`, `deletion/` and a number (big endian); `model/` and a name.
struct Catalog: Sendable {
  /// The on-disk format that this program reads and writes.
  static let formatVersion: UInt32 = 2

  private static let format = Array("format".utf8)
  private static let sealed = Array("sealed".utf8)
  private static let series = Array("series/".utf8)
  private static let part = Array("part/".utf8)
  private static let deletion = Array("deletion/".utf8)
  private static let model = Array("model/".utf8)

  let partition: any KeyValuePartition

  /// Opens the catalog, and refuses one of another format.
  init(_ store: any KeyValueStore, directory: String) throws(StoreError) {
    partition = try store.open(.catalog)
    let found = try partition.value(Self.format)
    if let found {
      let version = found.withUnsafeBytes {
        $0.count == 4 ? $0.littleEndian(at: 0, as: UInt32.self) : 0
      }
      guard version == Self.formatVersion else {
        throw StoreError(
          .unknownFormat,
          "cannot open \(directory): its format is \(version), this program knows "
            + "\(Self.formatVersion); use the version of Almanac that wrote it")
      }
    } else if !store.isReadOnly {
      var version: [UInt8] = []
      version.append(littleEndian: Self.formatVersion)
      try partition.apply([.put(key: Self.format, value: version)])
    }
  }

  // MARK: - Reading

  /// The last generation whose samples are in parts; 0 where none is.
  func sealedGeneration() throws(StoreError) -> UInt64 {
    guard let bytes = try partition.value(Self.sealed), bytes.count == 8 else { return 0 }
    return bytes.withUnsafeBytes { $0.littleEndian(at: 0, as: UInt64.self) }
  }

  /// Calls `body` with every series, in order of number.
  func eachSeries(
    _ body: (SeriesID, UnsafeRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    try partition.scan(prefix: Self.series) { key, value throws(StoreError) in
      let first = try Self.number(key, Self.series)
      try SeriesRegistry.decode(value, first: UInt32(truncatingIfNeeded: first), body)
      return true
    }
  }

  func parts() throws(StoreError) -> [PartInfo] {
    var parts: [PartInfo] = []
    try partition.scan(prefix: Self.part) { key, value throws(StoreError) in
      parts.append(try PartInfo(number: try Self.number(key, Self.part), encoded: value))
      return true
    }
    return parts
  }

  func deletions() throws(StoreError) -> [Deletion] {
    var deletions: [Deletion] = []
    try partition.scan(prefix: Self.deletion) { key, value throws(StoreError) in
      deletions.append(
        try Deletion(generation: try Self.number(key, Self.deletion), encoded: value))
      return true
    }
    return deletions
  }

  /// The model kept under `name`, as it was put.
  func model(_ name: String) throws(StoreError) -> [UInt8]? {
    try partition.value(Self.model + name.utf8)
  }

  /// The models whose names begin with `prefix`, in order of name.
  func models(_ prefix: String) throws(StoreError) -> [(key: String, bytes: [UInt8])] {
    var all: [(key: String, bytes: [UInt8])] = []
    try partition.scan(prefix: Self.model + prefix.utf8) { key, bytes throws(StoreError) in
      all.append((String(decoding: key.dropFirst(Self.model.count), as: UTF8.self), Array(bytes)))
      return true
    }
    return all
  }

  private static func number(
    _ key: UnsafeRawBufferPointer, _ prefix: [UInt8]
  ) throws(StoreError) -> UInt64 {
    guard key.count == prefix.count + 8 else {
      throw StoreError(.damaged, "a key of the catalog cannot be read")
    }
    return key.bigEndian(at: prefix.count, as: UInt64.self)
  }

  /// The changes that forget `removed`: the batches that they are in, without them.
  func changes(removing removed: Set<SeriesID>) throws(StoreError) -> [KeyValueChange] {
    var changes: [KeyValueChange] = []
    try partition.scan(prefix: Self.series) { key, value throws(StoreError) in
      let first = UInt32(truncatingIfNeeded: try Self.number(key, Self.series))
      var left: [(id: UInt32, key: [UInt8])] = []
      var count = 0
      try SeriesRegistry.decode(value, first: first) { id, key in
        count += 1
        if !removed.contains(id) {
          left.append((UInt32(truncatingIfNeeded: id.rawValue), Array(key)))
        }
      }
      guard left.count < count else { return true }
      changes.append(.remove(key: Array(key)))
      if !left.isEmpty { changes.append(Self.put(left)) }
      return true
    }
    return changes
  }

  // MARK: - Changes

  static func setSealed(_ generation: UInt64) -> KeyValueChange {
    var value: [UInt8] = []
    value.append(littleEndian: generation)
    return .put(key: sealed, value: value)
  }

  static func put(_ series: [(id: UInt32, key: [UInt8])]) -> KeyValueChange {
    .put(
      key: numbered(Self.series, UInt64(series.first?.id ?? 0)),
      value: SeriesRegistry.encode(series))
  }

  static func put(_ part: PartInfo) -> KeyValueChange {
    .put(key: numbered(Self.part, part.number), value: part.encoded)
  }

  static func remove(_ part: PartInfo) -> KeyValueChange {
    .remove(key: numbered(Self.part, part.number))
  }

  static func put(_ deletion: Deletion) -> KeyValueChange {
    .put(key: numbered(Self.deletion, deletion.generation), value: deletion.encoded)
  }

  static func remove(_ deletion: Deletion) -> KeyValueChange {
    .remove(key: numbered(Self.deletion, deletion.generation))
  }

  static func putModel(_ name: String, _ bytes: [UInt8]) -> KeyValueChange {
    .put(key: model + name.utf8, value: bytes)
  }

  static func removeModel(_ name: String) -> KeyValueChange { .remove(key: model + name.utf8) }

  private static func numbered(_ prefix: [UInt8], _ number: UInt64) -> [UInt8] {
    var key = prefix
    key.append(bigEndian: number)
    return key
  }
}
