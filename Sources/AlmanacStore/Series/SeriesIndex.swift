internal import AlmanacCore
internal import AlmanacPattern

/// The series of a store in memory: numbers by key, keys by number, series by labels.
///
/// Many readers at once, one writer at a time. Numbers go up to 4,294,967,295 over the life of a
/// store, and a key has the form of `SeriesKey.encoded`.
final class SeriesIndex: Sendable {
  /// Changed under the write lock, by one thread at a time, and read under the read lock or by
  /// that thread; the pointer itself never changes.
  private nonisolated(unsafe) let tables: UnsafeMutablePointer<SeriesTables>
  private let lock = ReadersWriterLock()

  init() {
    tables = .allocate(capacity: 1)
    tables.initialize(to: SeriesTables())
  }

  deinit {
    tables.deinitialize(count: 1)
    tables.deallocate()
  }

  // MARK: - Writing, one thread at a time

  /// What changes the index while no reader looks.
  struct Writer: ~Copyable {
    fileprivate let tables: UnsafeMutablePointer<SeriesTables>

    /// The series with `key`, given the next number now where there is none.
    mutating func findOrAdd(_ key: UnsafeRawBufferPointer) -> (id: SeriesID, isNew: Bool) {
      let hash = tables.pointee.hash(of: key)
      let known = tables.pointee.find(key, hash)
      if known != 0 { return (SeriesID(rawValue: UInt64(known)), false) }
      return (SeriesIndex.add(key, hash, to: tables), true)
    }

    /// Adds a key that is not there as `id`, which is above all others.
    mutating func add(_ key: UnsafeRawBufferPointer, as id: SeriesID) {
      guard let number = id.index else {
        preconditionFailure("BUG: series \(id.rawValue) is out of range")
      }
      tables.pointee.add(key, tables.pointee.hash(of: key), as: number)
    }
  }

  /// Changes the index. Readers wait for the end of `body`, about a microsecond for each series
  /// that it adds: do many in slices.
  func update<T, E: Error>(_ body: (inout Writer) throws(E) -> T) throws(E) -> T {
    try lock.withWriteLock { () throws(E) -> T in
      var writer = Writer(tables: tables)
      return try body(&writer)
    }
  }

  /// The series with `key`, or nil. Never waits.
  func find(_ key: UnsafeRawBufferPointer) -> SeriesID? {
    // Nobody else writes, so no lock is needed to read.
    let known = tables.pointee.find(key, tables.pointee.hash(of: key))
    return known == 0 ? nil : SeriesID(rawValue: UInt64(known))
  }

  /// The series with `key`, given the next number now where there is none.
  func findOrAdd(_ key: UnsafeRawBufferPointer) -> (id: SeriesID, isNew: Bool) {
    let hash = tables.pointee.hash(of: key)
    let known = tables.pointee.find(key, hash)
    if known != 0 { return (SeriesID(rawValue: UInt64(known)), false) }
    return (lock.withWriteLock { Self.add(key, hash, to: tables) }, true)
  }

  /// Adds a key that is not there as `id`, which is above all others.
  func add(_ key: UnsafeRawBufferPointer, as id: SeriesID) {
    update { $0.add(key, as: id) }
  }

  /// Forgets series, as they have no samples left; their numbers are not given again.
  func remove(_ ids: [SeriesID]) {
    for start in stride(from: 0, to: ids.count, by: 50_000) {
      let slice = ids[start..<min(start + 50_000, ids.count)]
      lock.withWriteLock { tables.pointee.remove(slice.lazy.compactMap(\.index)) }
    }
  }

  /// Takes the numbers above `lastID` back, as a commit failed.
  func truncate(to lastID: SeriesID) {
    guard let last = UInt32(exactly: lastID.rawValue) else { return }
    lock.withWriteLock { tables.pointee.truncate(to: last) }
  }

  private static func add(
    _ key: UnsafeRawBufferPointer, _ hash: UInt32, to tables: UnsafeMutablePointer<SeriesTables>
  ) -> SeriesID {
    let (id, overflow) = tables.pointee.lastID.addingReportingOverflow(1)
    if overflow { preconditionFailure("BUG: more series than numbers") }
    tables.pointee.add(key, hash, as: id)
    return SeriesID(rawValue: UInt64(id))
  }

  // MARK: - Reading, any thread

  /// How many series there are.
  var count: Int { lock.withReadLock { tables.pointee.count } }

  /// The highest number given; 0 before the first.
  var lastID: SeriesID {
    SeriesID(rawValue: UInt64(lock.withReadLock { tables.pointee.lastID }))
  }

  /// Bytes that the index takes.
  var memoryBytes: Int { lock.withReadLock { tables.pointee.memoryBytes } }

  /// Whether there is a series `id`.
  func contains(_ id: SeriesID) -> Bool {
    guard let number = id.index else { return false }
    return lock.withReadLock { tables.pointee.key(of: number) != nil }
  }

  /// The series that pass all `matchers`, ascending.
  func series(passing matchers: [LabelMatcher]) -> [SeriesID] {
    let ids = lock.withReadLock { tables.pointee.ids(passing: matchers) }
    return ids.map { SeriesID(rawValue: UInt64($0)) }
  }

  /// As `series(passing:)`, with their keys, where that takes next to no time: values are named, at
  /// most `limit` series have one of them, and nobody writes. Else nil.
  func fewSeries(
    passing matchers: [LabelMatcher], limit: Int
  ) -> [(id: SeriesID, key: SeriesKey)]? {
    let found = lock.withReadLockIfFree { () -> [(id: SeriesID, key: SeriesKey)]? in
      guard tables.pointee.areFew(matchers, limit: limit) else { return nil }
      return tables.pointee.ids(passing: matchers).compactMap { id in
        tables.pointee.key(of: id).flatMap { SeriesKey(encoded: $0) }
          .map { (SeriesID(rawValue: UInt64(id)), $0) }
      }
    }
    return found.flatMap { $0 }
  }

  /// Metric and labels of a series, nil where there is none.
  func key(of id: SeriesID) -> SeriesKey? {
    var bytes: [UInt8]?
    withKeys(of: [id]) { bytes = Array($1) }
    return bytes.flatMap { SeriesKey(encoded: $0) }
  }

  /// Hands out the key of each series in `ids` with its place there, in this order; of those that
  /// are none nothing. `body` runs under the lock: it must be short and must not use the index.
  func withKeys(of ids: [SeriesID], _ body: (Int, UnsafeRawBufferPointer) -> Void) {
    for start in stride(from: 0, to: ids.count, by: 1024) {
      lock.withReadLock {
        for place in start..<min(start + 1024, ids.count) {
          if let id = ids[place].index, let key = tables.pointee.key(of: id) { body(place, key) }
        }
      }
    }
  }

  /// The names of labels that series which pass all `matchers` have, in order of bytes.
  func labelNames(passing matchers: [LabelMatcher]) -> [String] {
    lock.withReadLock { tables.pointee.names(passing: matchers) }
  }

  /// The values of the label `name` that series which pass all `matchers` have, in order of bytes.
  func values(ofLabel name: String, passing matchers: [LabelMatcher]) -> [String] {
    lock.withReadLock { tables.pointee.values(of: name, passing: matchers) }
  }

  /// The names of labels that the series `ids`, ascending, have, in order of bytes.
  func labelNames(of ids: [SeriesID]) -> [String] {
    let ids = ids.compactMap(\.index)
    return lock.withReadLock { tables.pointee.names(of: ids) }
  }

  /// The values of the label `name` that the series `ids`, ascending, have, in order of bytes.
  func values(ofLabel name: String, among ids: [SeriesID]) -> [String] {
    let ids = ids.compactMap(\.index)
    return lock.withReadLock { tables.pointee.values(of: name, among: ids) }
  }

  /// How many series there are and what makes them many, `limit` entries of each kind at most.
  func cardinality(top limit: Int) -> Cardinality {
    lock.withReadLock { tables.pointee.cardinality(top: limit) }
  }
}

extension SeriesID {
  /// The number in the index; nil for those that no series has.
  fileprivate var index: UInt32? { rawValue == 0 ? nil : UInt32(exactly: rawValue) }
}
