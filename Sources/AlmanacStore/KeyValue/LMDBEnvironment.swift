internal import CLMDB
internal import Glibc

// What partitions and builders have in common: LMDB's functions as typed errors.

/// Opens an environment.
func openEnvironment(_ path: String, flags: CInt, mapSize: Int) throws(StoreError) -> OpaquePointer
{
  var created: OpaquePointer?
  try check(mdb_env_create(&created), "create an LMDB environment", path)
  guard let pointer = created else { throw StoreError(.cannotOpen, "LMDB gave no environment") }
  do throws(StoreError) {
    try check(mdb_env_set_mapsize(pointer, mapSize), "set the map size", path)
    try check(mdb_env_set_maxreaders(pointer, 256), "set the number of readers", path)
    try check(mdb_env_open(pointer, path, UInt32(flags), 0o644), "open", path)
  } catch {
    mdb_env_close(pointer)
    throw error
  }
  return pointer
}

/// The one table that a partition uses: LMDB's unnamed one.
func mainTable(of environment: OpaquePointer, _ path: String) throws(StoreError) -> MDB_dbi {
  var transaction: OpaquePointer?
  var handle: MDB_dbi = 0
  try check(
    mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction), "begin a read", path)
  let code = mdb_dbi_open(transaction, nil, 0, &handle)
  mdb_txn_abort(transaction)
  try check(code, "open the table of", path)
  return handle
}

func put(
  _ transaction: OpaquePointer?, _ handle: MDB_dbi, _ key: [UInt8],
  _ value: UnsafeRawBufferPointer, flags: CInt
) -> CInt {
  var data = MDB_val(
    mv_size: value.count, mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress))
  return withValue(key) { mdb_put(transaction, handle, $0, &data, UInt32(flags)) }
}

/// Calls `body` with `key` as LMDB takes it. LMDB does not write through the pointer.
func withValue(_ key: [UInt8], _ body: (UnsafeMutablePointer<MDB_val>) -> CInt) -> CInt {
  key.withUnsafeBytes { bytes in
    var value = MDB_val(
      mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    return body(&value)
  }
}

extension UnsafeRawBufferPointer {
  init(_ value: MDB_val) {
    self.init(start: value.mv_data, count: value.mv_size)
  }
}

/// The one bridge from LMDB's return codes to errors.
func check(_ code: CInt, _ action: String, _ path: String) throws(StoreError) {
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
  static let size = 4096
  static let headerSize = 16

  /// Bytes at the end of the last page that a value of `count` bytes leaves unused.
  static func waste(ofValue count: Int) -> Int {
    let rest = (headerSize + count) % size
    return rest == 0 ? 0 : size - rest
  }
}
