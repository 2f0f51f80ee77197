internal import CLMDB
internal import Glibc

/// One LMDB environment: a memory-mapped file with named tables, one writer and many readers.
///
/// Caveats, from lmdb.h: a process opens a file once; a write transaction stays on the thread that
/// began it; memory that a transaction hands out is valid until it ends. The closures below keep
/// all three.
final class Environment: Sendable {
  /// Named tables of the environment.
  struct Table: Sendable {
    fileprivate let handle: MDB_dbi
  }

  /// LMDB locks inside; the pointer itself never changes.
  private nonisolated(unsafe) let pointer: OpaquePointer
  let tables: [String: Table]
  let isReadOnly: Bool

  /// Opens or creates the environment in the folder `path` with the tables `names`.
  init(
    path: String, tables names: [String], mapSize: Int, maximumReaders: UInt32, isReadOnly: Bool
  ) throws(StoreError) {
    var created: OpaquePointer?
    try check(mdb_env_create(&created), "create an LMDB environment")
    guard let pointer = created else { throw StoreError(.cannotOpen, "LMDB gave no environment") }
    do throws(StoreError) {
      try check(mdb_env_set_mapsize(pointer, mapSize), "set the map size")
      try check(mdb_env_set_maxreaders(pointer, maximumReaders), "set the number of readers")
      try check(mdb_env_set_maxdbs(pointer, UInt32(names.count)), "set the number of tables")
      // Readers belong to transactions, not threads; no read-ahead, as reads are short ranges.
      let flags = UInt32(MDB_NOTLS | MDB_NORDAHEAD | (isReadOnly ? MDB_RDONLY : 0))
      try check(mdb_env_open(pointer, path, flags, 0o644), "open the store in \(path)")
      tables = try Self.open(names, in: pointer, isReadOnly: isReadOnly)
    } catch {
      mdb_env_close(pointer)
      throw error
    }
    self.pointer = pointer
    self.isReadOnly = isReadOnly
    clearDeadReaders()
  }

  deinit {
    mdb_env_close(pointer)
  }

  private static func open(
    _ names: [String], in environment: OpaquePointer, isReadOnly: Bool
  ) throws(StoreError) -> [String: Table] {
    var transaction: OpaquePointer?
    let flags = UInt32(isReadOnly ? MDB_RDONLY : 0)
    try check(mdb_txn_begin(environment, nil, flags, &transaction), "begin a transaction")
    var tables: [String: Table] = [:]
    do throws(StoreError) {
      for name in names {
        var handle: MDB_dbi = 0
        let flags = UInt32(isReadOnly ? 0 : MDB_CREATE)
        try check(mdb_dbi_open(transaction, name, flags, &handle), "open the table \(name)")
        tables[name] = Table(handle: handle)
      }
    } catch {
      mdb_txn_abort(transaction)
      throw error
    }
    try check(mdb_txn_commit(transaction), "open the tables")
    return tables
  }

  /// Runs `body` over one unchanging view of the environment.
  func read<T>(
    _ body: (borrowing ReadTransaction) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    var raw: OpaquePointer?
    try check(mdb_txn_begin(pointer, nil, UInt32(MDB_RDONLY), &raw), "begin a read")
    guard let raw else { throw StoreError(.inputOutput, "LMDB gave no transaction") }
    defer { mdb_txn_abort(raw) }
    return try body(ReadTransaction(raw: raw))
  }

  /// Runs `body` and commits with a sync to disk; nothing of it remains where it throws.
  ///
  /// One at a time: the next caller waits.
  func write<T>(
    _ body: (borrowing WriteTransaction) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    var raw: OpaquePointer?
    try check(mdb_txn_begin(pointer, nil, 0, &raw), "begin a write")
    guard let raw else { throw StoreError(.inputOutput, "LMDB gave no transaction") }
    let result: T
    do throws(StoreError) {
      result = try body(WriteTransaction(reading: ReadTransaction(raw: raw)))
    } catch {
      mdb_txn_abort(raw)
      throw error
    }
    try check(mdb_txn_commit(raw), "commit")
    return result
  }

  /// Lets go of the views of readers whose process died: they would keep old pages from reuse.
  func clearDeadReaders() {
    var dead: CInt = 0
    mdb_reader_check(pointer, &dead)
  }

  /// Bytes of the map that are in use and bytes that there are.
  var mapUse: (used: Int, size: Int) {
    var info = MDB_envinfo()
    var statistics = MDB_stat()
    guard mdb_env_info(pointer, &info) == 0, mdb_env_stat(pointer, &statistics) == 0 else {
      return (0, 0)
    }
    return ((Int(info.me_last_pgno) + 1) * Int(statistics.ms_psize), info.me_mapsize)
  }
}

/// One unchanging view. Memory that it hands out must not outlive it.
struct ReadTransaction: ~Copyable {
  fileprivate let raw: OpaquePointer

  /// Another name for the same view, for a type that keeps one; it ends with the first.
  func alias() -> ReadTransaction { ReadTransaction(raw: raw) }

  /// The value under `key`, or nil.
  func value(
    _ key: [UInt8], in table: Environment.Table
  ) throws(StoreError) -> UnsafeRawBufferPointer? {
    var found = MDB_val()
    let code = withValue(key) { mdb_get(raw, table.handle, $0, &found) }
    if code == MDB_NOTFOUND { return nil }
    try check(code, "read a value")
    return UnsafeRawBufferPointer(found)
  }

  /// How many entries the table holds.
  func count(of table: Environment.Table) throws(StoreError) -> Int {
    var statistics = MDB_stat()
    try check(mdb_stat(raw, table.handle, &statistics), "count a table")
    return statistics.ms_entries
  }

  /// Runs `body` with a cursor over `table`.
  func withCursor<T>(
    _ table: Environment.Table, _ body: (borrowing Cursor) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    var opened: OpaquePointer?
    try check(mdb_cursor_open(raw, table.handle, &opened), "open a cursor")
    guard let opened else { throw StoreError(.inputOutput, "LMDB gave no cursor") }
    defer { mdb_cursor_close(opened) }
    return try body(Cursor(raw: opened))
  }

  /// Calls `body` with each entry from the first key that is not below `start`, in order of key,
  /// until it returns false.
  func scan(
    _ table: Environment.Table, from start: [UInt8],
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(StoreError) -> Bool
  ) throws(StoreError) {
    try withCursor(table) { cursor throws(StoreError) in
      var entry = try cursor.seek(start)
      while let (key, value) = entry {
        guard try body(key, value) else { return }
        entry = try cursor.next()
      }
    }
  }
}

/// Changes that become visible, and durable, together.
struct WriteTransaction: ~Copyable {
  /// What was there before, with the changes so far.
  let reading: ReadTransaction

  fileprivate init(reading: consuming ReadTransaction) {
    self.reading = reading
  }

  /// Sets the value under `key`.
  func put(
    _ key: [UInt8], _ value: [UInt8], in table: Environment.Table
  ) throws(StoreError) {
    var value = value
    let code = value.withUnsafeMutableBytes { bytes in
      var data = MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
      return withValue(key) { mdb_put(reading.raw, table.handle, $0, &data, 0) }
    }
    try check(code, "write a value")
  }

  /// Removes `key`; false where it was not there.
  @discardableResult
  func remove(_ key: [UInt8], in table: Environment.Table) throws(StoreError) -> Bool {
    let code = withValue(key) { mdb_del(reading.raw, table.handle, $0, nil) }
    if code == MDB_NOTFOUND { return false }
    try check(code, "remove a value")
    return true
  }
}

/// A place in a table, moving in order of key.
struct Cursor: ~Copyable {
  fileprivate let raw: OpaquePointer

  typealias Entry = (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

  /// Goes to the first key that is not below `key`.
  func seek(_ key: [UInt8]) throws(StoreError) -> Entry? {
    var data = MDB_val()
    var found = MDB_val()
    // LMDB refuses an empty key; the first one is what it would mean.
    if key.isEmpty { return try move(MDB_FIRST) }
    let code = withValue(key) { pointer in
      let code = mdb_cursor_get(raw, pointer, &data, MDB_SET_RANGE)
      found = pointer.pointee
      return code
    }
    return try entry(code, found, data)
  }

  /// Goes to the next key.
  func next() throws(StoreError) -> Entry? { try move(MDB_NEXT) }

  /// Goes to the previous key; to the last one where the cursor is past the end.
  func previous() throws(StoreError) -> Entry? { try move(MDB_PREV) }

  /// Goes to the last key.
  func last() throws(StoreError) -> Entry? { try move(MDB_LAST) }

  private func move(_ operation: MDB_cursor_op) throws(StoreError) -> Entry? {
    var key = MDB_val()
    var data = MDB_val()
    return try entry(mdb_cursor_get(raw, &key, &data, operation), key, data)
  }

  private func entry(_ code: CInt, _ key: MDB_val, _ data: MDB_val) throws(StoreError) -> Entry? {
    if code == MDB_NOTFOUND { return nil }
    try check(code, "move a cursor")
    return (UnsafeRawBufferPointer(key), UnsafeRawBufferPointer(data))
  }
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

/// The one bridge from LMDB's return codes to errors.
private func check(_ code: CInt, _ action: String) throws(StoreError) {
  guard code != 0 else { return }
  let kind: StoreError.Code
  switch code {
  case MDB_MAP_FULL, ENOSPC, EDQUOT: kind = .full
  case MDB_CORRUPTED, MDB_PAGE_NOTFOUND: kind = .damaged
  case MDB_VERSION_MISMATCH, MDB_INVALID: kind = .unknownFormat
  case MDB_READERS_FULL: kind = .busy
  case ENOENT: kind = .cannotOpen
  default: kind = .inputOutput
  }
  throw StoreError(kind, "cannot \(action): \(String(cString: mdb_strerror(code)))")
}
