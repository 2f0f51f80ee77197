internal import AlmanacCodec
internal import AlmanacCore

/// What opening a store reads: format, series and the journal that was not sealed yet.
struct Recovery {
  /// The on-disk format that this program reads and writes.
  private static let formatVersion: UInt32 = 1
  private static let formatKey = Array("format".utf8)

  let series: KeyTable
  let head: Head
  let nextSequence: UInt64
  let replayedPoints: Int

  init(
    environment: Environment, tables: Store.Tables, directory: String
  ) throws(StoreError) {
    try Self.checkFormat(environment, tables.meta, directory)
    var series = KeyTable()
    var head = Head()
    var sequence: UInt64 = 0
    var points = 0
    try environment.read { transaction throws(StoreError) in
      try transaction.scan(tables.series, from: []) { key, bytes throws(StoreError) in
        let (id, isNew) = series.findOrAdd(Array(bytes), 0..<bytes.count)
        guard isNew, id.rawValue == key.bigEndian(at: 0, as: UInt64.self) else {
          throw StoreError(.damaged, "cannot open \(directory): series \(id.rawValue) is missing")
        }
        return true
      }
      try transaction.scan(tables.journal, from: []) { key, bytes throws(StoreError) in
        sequence = key.bigEndian(at: 0, as: UInt64.self)
        var record: [(SeriesID, Int64, Double)] = []
        try JournalRecord.decode(bytes) { record.append(($0, $1, $2)) }
        head.insert(record.count) { record[$0] }
        points += record.count
        return true
      }
    }
    self.series = series
    self.head = head
    nextSequence = sequence + 1
    replayedPoints = points
  }

  private static func checkFormat(
    _ environment: Environment, _ meta: Environment.Table, _ directory: String
  ) throws(StoreError) {
    let found = try environment.read { transaction throws(StoreError) -> UInt32? in
      guard let bytes = try transaction.value(formatKey, in: meta) else { return nil }
      return bytes.count == 4 ? bytes.littleEndian(at: 0, as: UInt32.self) : 0
    }
    if let found, found != formatVersion {
      throw StoreError(
        .unknownFormat,
        "cannot open \(directory): its format is \(found), this program knows \(formatVersion); "
          + "use the version of Almanac that wrote it")
    }
    guard found == nil, !environment.isReadOnly else { return }
    try environment.write { transaction throws(StoreError) in
      var version: [UInt8] = []
      version.append(littleEndian: formatVersion)
      try transaction.put(formatKey, version, in: meta)
    }
  }
}
