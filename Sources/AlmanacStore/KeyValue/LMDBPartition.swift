internal import CLMDB
internal import Glibc
internal import Synchronization

/// A partition as one LMDB file: memory-mapped, one writer, many readers, copy on write.
///
/// Caveats, from lmdb.h: a process opens a file once; a write transaction stays on the thread
/// that began it; memory that a transaction hands out is valid until it ends. The functions below
/// keep all three.
///
/// LMDB refuses everything after a commit whose last write failed, until the file is opened again,
/// and whether that commit is on disk is then unknown. `settle` opens it again when no reader is
/// inside, and takes such a commit back.
final class LMDBPartition: KeyValuePartition {
  /// Address space for the map, bytes: an upper limit of the file, not memory.
  static let mapSize = 1 << 36

  /// The open environment, and who is inside.
  ///
  /// `@unchecked Sendable`: LMDB locks inside; what is stored here is guarded by `environment`.
  private struct Environment: @unchecked Sendable {
    /// Nil where it could not be opened again.
    var pointer: OpaquePointer?
    var handle: MDB_dbi = 0
    var readers = 0
    var mustReopen = false
  }

  /// A commit that failed and may be on disk all the same.
  private struct Doubt {
    let transaction: Int
    /// What takes it back.
    let undo: [KeyValueChange]
  }

  let path: String
  private let isReadOnly: Bool
  private let environment: Mutex<Environment>
  /// Held by who changes the partition.
  private let doubt = Mutex<Doubt?>(nil)

  /// Opens or creates the file at `path`.
  init(path: String, isReadOnly: Bool) throws(StoreError) {
    if !isReadOnly { try Self.create(path) }
    self.path = path
    self.isReadOnly = isReadOnly
    environment = Mutex(try Self.open(path, isReadOnly))
  }

  deinit {
    environment.withLock { if let pointer = $0.pointer { mdb_env_close(pointer) } }
  }

  // MARK: - Opening

  /// Makes an empty file where there is none: under another name first, as one that a power cut
  /// left half-made could not be opened.
  private static func create(_ path: String) throws(StoreError) {
    guard access(path, F_OK) != 0 else { return }
    let unfinished = path + ".new"
    unlink(unfinished)
    let flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NOLOCK
    let pointer = try openEnvironment(unfinished, flags: flags, mapSize: mapSize)
    let code = mdb_env_sync(pointer, 1)
    mdb_env_close(pointer)
    do throws(StoreError) {
      try AlmanacStore.check(code, "sync", unfinished)
      try Directory.rename(unfinished, to: path)
    } catch {
      unlink(unfinished)
      throw error
    }
  }

  private static func open(_ path: String, _ isReadOnly: Bool) throws(StoreError) -> Environment {
    // LMDB maps its table of readers. A page of it that finds no room on disk would end the
    // process, so room is taken first.
    if !isReadOnly { try Directory.reserve(path + "-lock", bytes: lockSize) }
    // Readers belong to transactions, not threads; no read-ahead, as reads are short ranges.
    let flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (isReadOnly ? MDB_RDONLY : 0)
    let pointer: OpaquePointer
    do throws(StoreError) {
      pointer = try openEnvironment(path, flags: flags, mapSize: mapSize)
    } catch {
      // Where another process dies while it makes the table of readers, who waited for it finds
      // the table invalid; who opens next makes it.
      guard error.code == .unknownFormat else { throw error }
      pointer = try openEnvironment(path, flags: flags, mapSize: mapSize)
    }
    do throws(StoreError) {
      let handle = try mainTable(of: pointer, path)
      // Views of readers whose process died would keep old pages from reuse.
      var dead: CInt = 0
      mdb_reader_check(pointer, &dead)
      return Environment(pointer: pointer, handle: handle)
    } catch {
      mdb_env_close(pointer)
      throw error
    }
  }

  /// Bytes of the table of readers: more than 256 of them take.
  private static let lockSize = 20 << 10

  // MARK: - Changing

  func apply(_ changes: [KeyValueChange]) throws(StoreError) {
    guard !changes.isEmpty else { return }
    try withDoubt { doubt throws(StoreError) in
      try settle(&doubt)
      try commit(changes, &doubt)
    }
  }

  func settle() throws(StoreError) {
    try withDoubt { doubt throws(StoreError) in try settle(&doubt) }
  }

  private func withDoubt(_ body: (inout Doubt?) throws(StoreError) -> Void) throws(StoreError) {
    let result = doubt.withLock { doubt in
      Result { () throws(StoreError) in try body(&doubt) }
    }
    try result.get()
  }

  private func settle(_ doubt: inout Doubt?) throws(StoreError) {
    guard let failed = doubt else { return }
    try withPointer { pointer, _ throws(StoreError) in
      // What LMDB put back in the place of the failed commit, or the commit itself.
      try check(mdb_env_sync(pointer, 1), "sync")
    }
    var info = MDB_envinfo()
    try withPointer { pointer, _ throws(StoreError) in
      try check(mdb_env_info(pointer, &info), "inspect")
    }
    doubt = nil
    if info.me_last_txnid >= failed.transaction { try commit(failed.undo, &doubt) }
  }

  private func commit(_ changes: [KeyValueChange], _ doubt: inout Doubt?) throws(StoreError) {
    try withPointer { pointer, handle throws(StoreError) in
      var raw: OpaquePointer?
      try check(mdb_txn_begin(pointer, nil, 0, &raw), "begin a write")
      var undo: [KeyValueChange] = []
      do throws(StoreError) {
        for change in changes {
          undo.append(try inverse(of: change, raw, handle))
          switch change {
          case .put(let key, let value):
            let code = value.withUnsafeBytes { put(raw, handle, key, $0, flags: 0) }
            try check(code, "write")
          case .remove(let key):
            let code = withValue(key) { mdb_del(raw, handle, $0, nil) }
            if code != MDB_NOTFOUND { try check(code, "remove") }
          }
        }
      } catch {
        mdb_txn_abort(raw)
        throw error
      }
      let transaction = mdb_txn_id(raw)
      let code = mdb_txn_commit(raw)
      guard code != 0 else { return }
      // After the failure of its last write, and only then, LMDB lets nobody in any more.
      var probe: OpaquePointer?
      if mdb_txn_begin(pointer, nil, UInt32(MDB_RDONLY), &probe) == MDB_PANIC {
        doubt = Doubt(transaction: transaction, undo: undo.reversed())
        environment.withLock { $0.mustReopen = true }
      }
      mdb_txn_abort(probe)
      try check(code, "commit")
    }
  }

  /// What takes `change` back, before it is made.
  private func inverse(
    of change: KeyValueChange, _ raw: OpaquePointer?, _ handle: MDB_dbi
  ) throws(StoreError) -> KeyValueChange {
    let key =
      switch change {
      case .put(let key, _), .remove(let key): key
      }
    var found = MDB_val()
    let code = withValue(key) { mdb_get(raw, handle, $0, &found) }
    if code == MDB_NOTFOUND { return .remove(key: key) }
    try check(code, "read")
    return .put(key: key, value: Array(UnsafeRawBufferPointer(found)))
  }

  // MARK: - Reading

  func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    try read { raw, handle throws(StoreError) in
      var found = MDB_val()
      let code = withValue(key) { mdb_get(raw, handle, $0, &found) }
      if code == MDB_NOTFOUND { return nil }
      try check(code, "read")
      return Array(UnsafeRawBufferPointer(found))
    }
  }

  func scan(
    prefix: [UInt8],
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(StoreError) -> Bool
  ) throws(StoreError) {
    try read { raw, handle throws(StoreError) in
      var opened: OpaquePointer?
      try check(mdb_cursor_open(raw, handle, &opened), "open a cursor")
      guard let cursor = opened else { throw StoreError(.inputOutput, "LMDB gave no cursor") }
      defer { mdb_cursor_close(cursor) }
      var key = MDB_val()
      var value = MDB_val()
      // LMDB refuses an empty key; the first one is what it would mean.
      var code =
        prefix.isEmpty
        ? mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
        : withValue(prefix) { pointer in
          let code = mdb_cursor_get(cursor, pointer, &value, MDB_SET_RANGE)
          key = pointer.pointee
          return code
        }
      while code != MDB_NOTFOUND {
        try check(code, "read")
        let bytes = UnsafeRawBufferPointer(key)
        guard bytes.starts(with: prefix), try body(bytes, UnsafeRawBufferPointer(value)) else {
          return
        }
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
      }
    }
  }

  func copy(to path: String) throws(StoreError) {
    try withPointer { pointer, _ throws(StoreError) in
      try check(mdb_env_copy2(pointer, path, UInt32(MDB_CP_COMPACT)), "copy to \(path)")
    }
    try Directory.syncFile(path)
  }

  private func read<T>(
    _ body: (OpaquePointer, MDB_dbi) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    try withPointer { pointer, handle throws(StoreError) in
      var raw: OpaquePointer?
      try check(mdb_txn_begin(pointer, nil, UInt32(MDB_RDONLY), &raw), "begin a read")
      guard let raw else { throw StoreError(.inputOutput, "LMDB gave no transaction") }
      defer { mdb_txn_abort(raw) }
      return try body(raw, handle)
    }
  }

  /// Calls `body` with the environment, which is opened again first where that must be and nobody
  /// is inside.
  private func withPointer<T>(
    _ body: (OpaquePointer, MDB_dbi) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    let entered = environment.withLock { [path, isReadOnly] environment in
      Result { () throws(StoreError) -> (Pointer, MDB_dbi) in
        if environment.mustReopen, environment.readers == 0 {
          if let broken = environment.pointer { mdb_env_close(broken) }
          environment.pointer = nil
          environment = try Self.open(path, isReadOnly)
        }
        guard !environment.mustReopen, let pointer = environment.pointer else {
          throw StoreError(.busy, "\(path) is opened again after an error; try again")
        }
        environment.readers += 1
        return (Pointer(raw: pointer), environment.handle)
      }
    }
    let (pointer, handle) = try entered.get()
    defer { environment.withLock { $0.readers -= 1 } }
    return try body(pointer.raw, handle)
  }

  /// `@unchecked Sendable`: LMDB locks inside.
  private struct Pointer: @unchecked Sendable {
    let raw: OpaquePointer
  }

  private func check(_ code: CInt, _ action: String) throws(StoreError) {
    try AlmanacStore.check(code, action, path)
  }
}
