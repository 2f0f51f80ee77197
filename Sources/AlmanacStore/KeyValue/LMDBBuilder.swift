internal import CLMDB
internal import Glibc

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
    return try Directory.size(ofFile: path)
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
