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
      try Directory.make(directory + "/\(kind)")
    }
    try Directory.sync(directory)
  }

  /// The file of a partition.
  func path(of name: PartitionName) -> String { "\(directory)/\(name).mdb" }

  func open(_ name: PartitionName) throws(StoreError) -> any KeyValuePartition {
    let isNew = access(path(of: name), F_OK) != 0
    let partition = try LMDBPartition(path: path(of: name), isReadOnly: isReadOnly)
    // A file that was just made must be found again after a power cut, not only its contents.
    if isNew { try syncFolder(of: name) }
    return partition
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

  private func syncFolder(of name: PartitionName) throws(StoreError) {
    try Directory.sync(name == .catalog ? directory : directory + "/\(name.kind)")
  }
}
