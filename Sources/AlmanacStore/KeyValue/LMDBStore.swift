internal import Glibc

/// Partitions as LMDB files in one directory: `catalog.mdb`, `journal/0000000001.mdb`,
/// `part/0000000001.mdb`.
struct LMDBStore: KeyValueStore {
  let directory: String
  let isReadOnly: Bool

  /// Partitions in `directory`, which exists.
  init(directory: String, isReadOnly: Bool) throws(StoreError) {
    self.directory = directory
    self.isReadOnly = isReadOnly
    guard !isReadOnly else { return }
    for kind in [PartitionName.Kind.journal, .part] {
      let folder = directory + "/\(kind)"
      try Directory.make(folder)
      // What a crash left of partitions half-made or half-deleted.
      let files = try Directory.files(in: folder)
      for file in files where !file.hasSuffix(".mdb") {
        let isNeeded = file.hasSuffix("-lock") && files.contains(String(file.dropLast(5)))
        if !isNeeded { unlink("\(folder)/\(file)") }
      }
    }
    unlink(path(of: .catalog) + ".new")
    try Directory.sync(directory)
  }

  /// The file of a partition.
  func path(of name: PartitionName) -> String { "\(directory)/\(name).mdb" }

  func open(_ name: PartitionName) throws(StoreError) -> any KeyValuePartition {
    try LMDBPartition(path: path(of: name), isReadOnly: isReadOnly)
  }

  func build(_ name: PartitionName) throws(StoreError) -> any PartitionBuilder {
    try LMDBBuilder(path: path(of: name))
  }

  func frozen(_ name: PartitionName) throws(StoreError) -> any FrozenPartition {
    try LMDBFrozenPartition(path: path(of: name))
  }

  func drop(_ name: PartitionName) throws(StoreError) {
    for path in [path(of: name), path(of: name) + "-lock"] {
      guard unlink(path) == 0 || errno == ENOENT else {
        throw StoreError(errno: errno, "delete", path)
      }
    }
  }

  func copy(_ name: PartitionName, to path: String) throws(StoreError) {
    guard name.kind == .part else {
      return try LMDBPartition(path: self.path(of: name), isReadOnly: true).copy(to: path)
    }
    try Directory.linkOrCopy(self.path(of: name), to: path)
  }

  func partitions(_ kind: PartitionName.Kind) throws(StoreError) -> [PartitionName] {
    var found: [PartitionName] = []
    for file in try Directory.files(in: directory + "/\(kind)") where file.hasSuffix(".mdb") {
      guard let number = UInt64(file.dropLast(4)) else { continue }
      found.append(PartitionName(kind: kind, number: number))
    }
    return found.sorted()
  }
}
