internal import CLMDB
internal import Glibc

/// A partition as one LMDB file: memory-mapped, one writer, many readers, copy on write.
///
/// Caveats, from lmdb.h: a process opens a file once; a write transaction stays on the thread
/// that began it; memory that a transaction hands out is valid until it ends. The functions below
/// keep all three.
final class LMDBPartition: KeyValuePartition {
  /// Address space for the map, bytes: an upper limit of the file, not memory.
  static let mapSize = 1 << 36

  /// LMDB locks inside; the pointer itself never changes.
  private nonisolated(unsafe) let pointer: OpaquePointer
  private let handle: MDB_dbi
  let path: String

  /// Opens or creates the file at `path`.
  init(path: String, isReadOnly: Bool, mapSize: Int = LMDBPartition.mapSize) throws(StoreError) {
    // Readers belong to transactions, not threads; no read-ahead, as reads are short ranges.
    let flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (isReadOnly ? MDB_RDONLY : 0)
    pointer = try openEnvironment(path, flags: flags, mapSize: mapSize)
    self.path = path
    do throws(StoreError) {
      handle = try mainTable(of: pointer, path)
    } catch {
      mdb_env_close(pointer)
      throw error
    }
    // Views of readers whose process died would keep old pages from reuse.
    var dead: CInt = 0
    mdb_reader_check(pointer, &dead)
  }

  deinit {
    mdb_env_close(pointer)
  }

  func apply(_ changes: [KeyValueChange]) throws(StoreError) {
    guard !changes.isEmpty else { return }
    var raw: OpaquePointer?
    try check(mdb_txn_begin(pointer, nil, 0, &raw), "begin a write", path)
    do throws(StoreError) {
      for change in changes {
        switch change {
        case .put(let key, let value):
          let code = value.withUnsafeBytes { put(raw, handle, key, $0, flags: 0) }
          try check(code, "write", path)
        case .remove(let key):
          let code = withValue(key) { mdb_del(raw, handle, $0, nil) }
          if code != MDB_NOTFOUND { try check(code, "remove", path) }
        }
      }
    } catch {
      mdb_txn_abort(raw)
      throw error
    }
    try check(mdb_txn_commit(raw), "commit", path)
  }

  func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    try read { raw throws(StoreError) in
      var found = MDB_val()
      let code = withValue(key) { mdb_get(raw, handle, $0, &found) }
      if code == MDB_NOTFOUND { return nil }
      try check(code, "read", path)
      return Array(UnsafeRawBufferPointer(found))
    }
  }

  func scan(
    prefix: [UInt8],
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(StoreError) -> Bool
  ) throws(StoreError) {
    try read { raw throws(StoreError) in
      try eachEntry(raw, handle, from: prefix, path) { key, value throws(StoreError) in
        guard key.starts(with: prefix) else { return false }
        return try body(key, value)
      }
    }
  }

  func copy(to path: String) throws(StoreError) {
    try check(mdb_env_copy2(pointer, path, UInt32(MDB_CP_COMPACT)), "copy to \(path)", self.path)
  }

  private func read<T>(
    _ body: (OpaquePointer) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    var raw: OpaquePointer?
    try check(mdb_txn_begin(pointer, nil, UInt32(MDB_RDONLY), &raw), "begin a read", path)
    guard let raw else { throw StoreError(.inputOutput, "LMDB gave no transaction") }
    defer { mdb_txn_abort(raw) }
    return try body(raw)
  }
}

/// A partition that is written once: entries go to the end of the file in order.
final class LMDBBuilder: PartitionBuilder {
  /// Entries of one LMDB transaction, bytes: their pages stay in memory until it ends.
  private static let transactionSize = 4 << 20
  private static let firstMapSize = 64 << 20

  private let path: String
  private var pointer: OpaquePointer?
  private let handle: MDB_dbi
  private var transaction: OpaquePointer?
  private var pendingBytes = 0
  private var mapSize = LMDBBuilder.firstMapSize
  private var writtenBytes = 0

  init(path: String) throws(StoreError) {
    self.path = path
    // What an earlier try left behind is of no use.
    unlink(path)
    // Nobody else knows the file, and it is synced once, at its end.
    let flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NOLOCK | MDB_NOSYNC | MDB_NOMETASYNC
    let pointer = try openEnvironment(path, flags: flags, mapSize: mapSize)
    do throws(StoreError) {
      handle = try mainTable(of: pointer, path)
    } catch {
      mdb_env_close(pointer)
      throw error
    }
    self.pointer = pointer
  }

  deinit {
    guard pointer != nil else { return }
    close()
    unlink(path)
  }

  func append(key: [UInt8], value: UnsafeRawBufferPointer) throws(StoreError) {
    if pendingBytes + value.count > Self.transactionSize { try commit() }
    if transaction == nil {
      while (writtenBytes + value.count) * 2 + Self.transactionSize * 4 > mapSize {
        mapSize *= 2
        try check(mdb_env_set_mapsize(pointer, mapSize), "grow the map", path)
      }
      try check(mdb_txn_begin(pointer, nil, 0, &transaction), "begin a write", path)
    }
    try check(put(transaction, handle, key, value, flags: MDB_APPEND), "write", path)
    pendingBytes += value.count
    writtenBytes += value.count
  }

  func finish() throws(StoreError) -> Int {
    try commit()
    try check(mdb_env_sync(pointer, 1), "sync", path)
    close()
    try Directory.sync(Directory.parent(of: path))
    return try fileSize(path)
  }

  private func commit() throws(StoreError) {
    guard transaction != nil else { return }
    defer { transaction = nil }
    pendingBytes = 0
    try check(mdb_txn_commit(transaction), "commit", path)
  }

  private func close() {
    if transaction != nil { mdb_txn_abort(transaction) }
    transaction = nil
    mdb_env_close(pointer)
    pointer = nil
  }
}

/// A partition that was built: its entries are read from the map, without a transaction each.
///
/// `@unchecked Sendable`: nothing changes after `init`.
final class LMDBFrozenPartition: FrozenPartition, @unchecked Sendable {
  private let pointer: OpaquePointer
  /// Holds the map; never used again.
  private let transaction: OpaquePointer?
  let entries: [FrozenEntry]
  let byteCount: Int

  init(path: String) throws(StoreError) {
    // No lock file: nothing in the file ever changes.
    let flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NOLOCK | MDB_RDONLY | MDB_NORDAHEAD
    let pointer = try openEnvironment(path, flags: flags, mapSize: nil)
    var raw: OpaquePointer?
    do throws(StoreError) {
      let handle = try mainTable(of: pointer, path)
      try check(mdb_txn_begin(pointer, nil, UInt32(MDB_RDONLY), &raw), "begin a read", path)
      guard let raw else { throw StoreError(.inputOutput, "LMDB gave no transaction") }
      var entries: [FrozenEntry] = []
      try eachEntry(raw, handle, from: [], path) { key, value in
        entries.append(FrozenEntry(key: key, value: value))
        return true
      }
      self.entries = entries
      byteCount = try fileSize(path)
    } catch {
      if let raw { mdb_txn_abort(raw) }
      mdb_env_close(pointer)
      throw error
    }
    self.pointer = pointer
    transaction = raw
  }

  deinit {
    mdb_txn_abort(transaction)
    mdb_env_close(pointer)
  }
}

// MARK: - What the three have in common

/// Opens an environment; nil as `mapSize` maps what the file holds.
private func openEnvironment(
  _ path: String, flags: CInt, mapSize: Int?
) throws(StoreError) -> OpaquePointer {
  var created: OpaquePointer?
  try check(mdb_env_create(&created), "create an LMDB environment", path)
  guard let pointer = created else { throw StoreError(.cannotOpen, "LMDB gave no environment") }
  do throws(StoreError) {
    if let mapSize { try check(mdb_env_set_mapsize(pointer, mapSize), "set the map size", path) }
    try check(mdb_env_set_maxreaders(pointer, 256), "set the number of readers", path)
    try check(mdb_env_open(pointer, path, UInt32(flags), 0o644), "open", path)
  } catch {
    mdb_env_close(pointer)
    throw error
  }
  return pointer
}

/// The one table that a partition uses: LMDB's unnamed one.
private func mainTable(of environment: OpaquePointer, _ path: String) throws(StoreError) -> MDB_dbi
{
  var transaction: OpaquePointer?
  var handle: MDB_dbi = 0
  try check(
    mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction), "begin a read", path)
  let code = mdb_dbi_open(transaction, nil, 0, &handle)
  mdb_txn_abort(transaction)
  try check(code, "open the table of", path)
  return handle
}

private func eachEntry(
  _ transaction: OpaquePointer, _ handle: MDB_dbi, from start: [UInt8], _ path: String,
  _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(StoreError) -> Bool
) throws(StoreError) {
  var opened: OpaquePointer?
  try check(mdb_cursor_open(transaction, handle, &opened), "open a cursor", path)
  guard let cursor = opened else { throw StoreError(.inputOutput, "LMDB gave no cursor") }
  defer { mdb_cursor_close(cursor) }
  var key = MDB_val()
  var value = MDB_val()
  // LMDB refuses an empty key; the first one is what it would mean.
  var code =
    start.isEmpty
    ? mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
    : withValue(start) { pointer in
      let code = mdb_cursor_get(cursor, pointer, &value, MDB_SET_RANGE)
      key = pointer.pointee
      return code
    }
  while code != MDB_NOTFOUND {
    try check(code, "read", path)
    guard try body(UnsafeRawBufferPointer(key), UnsafeRawBufferPointer(value)) else { return }
    code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
  }
}

private func put(
  _ transaction: OpaquePointer?, _ handle: MDB_dbi, _ key: [UInt8],
  _ value: UnsafeRawBufferPointer, flags: CInt
) -> CInt {
  var data = MDB_val(
    mv_size: value.count, mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress))
  return withValue(key) { mdb_put(transaction, handle, $0, &data, UInt32(flags)) }
}

/// Calls `body` with `key` as LMDB takes it. LMDB does not write through the pointer.
private func withValue(_ key: [UInt8], _ body: (UnsafeMutablePointer<MDB_val>) -> CInt) -> CInt {
  key.withUnsafeBytes { bytes in
    var value = MDB_val(
      mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    return body(&value)
  }
}

extension UnsafeRawBufferPointer {
  fileprivate init(_ value: MDB_val) {
    self.init(start: value.mv_data, count: value.mv_size)
  }
}

private func fileSize(_ path: String) throws(StoreError) -> Int {
  var status = stat()
  guard stat(path, &status) == 0 else { throw StoreError(errno: errno, "read the size of", path) }
  return Int(status.st_size)
}

/// The one bridge from LMDB's return codes to errors.
private func check(_ code: CInt, _ action: String, _ path: String) throws(StoreError) {
  guard code != 0 else { return }
  let kind: StoreError.Code
  switch code {
  case MDB_MAP_FULL: kind = .full
  case MDB_CORRUPTED, MDB_PAGE_NOTFOUND: kind = .damaged
  case MDB_VERSION_MISMATCH, MDB_INVALID: kind = .unknownFormat
  case MDB_READERS_FULL: kind = .busy
  case let code where code > 0: throw StoreError(errno: code, action, path)
  default: kind = .inputOutput
  }
  throw StoreError(kind, "cannot \(action) \(path): \(String(cString: mdb_strerror(code)))")
}

/// How LMDB lays out large values.
enum LMDBPage {
  private static let size = 4096
  private static let headerSize = 16

  /// Bytes at the end of the last page that a value of `count` bytes leaves unused.
  static func waste(ofValue count: Int) -> Int {
    let rest = (headerSize + count) % size
    return rest == 0 ? 0 : size - rest
  }
}
