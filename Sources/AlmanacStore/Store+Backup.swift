internal import AlmanacCore
internal import Dispatch
internal import Logging
internal import Synchronization

extension Store {
  /// Copies the store into `target`, a new folder, while writes go on. The copy is a store itself:
  /// it holds at least all that was acknowledged before the call.
  ///
  /// Parts never change, so they are linked where `target` is on the same disk.
  public func backup(to target: String) async throws(StoreError) {
    guard try Directory.files(in: target).isEmpty else {
      throw StoreError(.cannotOpen, "cannot back up to \(target): the folder is not empty")
    }
    try Directory.make(target + "/part")
    try Directory.make(target + "/journal")
    if !options.isReadOnly { try await sealAll() }
    try await run(on: cataloguing) { store throws(StoreError) in
      // What is merged away meanwhile stays until the copy has it.
      store.drops.withLock { $0.isHeld = true }
      defer { store.releaseDrops() }
      try store.copyFiles(to: target)
    }
  }

  /// A server beside us may merge parts while we copy: then we begin again.
  private func copyFiles(to target: String) throws(StoreError) {
    let files = try LMDBStore(directory: target, isReadOnly: true)
    // Beside a server the newest writes are in its journals only. They come first: one that is
    // sealed and gone before we have it is in the parts of the catalog that we copy then.
    for name in try keyValues.partitions(.journal) where options.isReadOnly {
      do throws(StoreError) {
        try keyValues.copy(name, to: files.path(of: name))
      } catch {
        guard error.code == .cannotOpen else { throw error }
      }
    }
    for attempt in 1... {
      do throws(StoreError) {
        try? files.drop(.catalog)
        try catalog.partition.copy(to: files.path(of: .catalog))
        let copy = try Catalog(files, directory: target)
        for info in try copy.parts() {
          try keyValues.copy(info.name, to: files.path(of: info.name))
        }
        break
      } catch {
        guard options.isReadOnly, error.code == .cannotOpen, attempt < Self.attempts else {
          throw error
        }
      }
    }
    for folder in ["/part", "/journal", ""] { try Directory.sync(target + folder) }
  }

  /// Everything written so far is in parts when this returns.
  func sealAll() async throws(StoreError) {
    try await run(on: commits) { store in
      if store.state.withLock({ $0.head.active.published }) > 0 { store.rotate() }
    }
    try await run(on: sealing) { store throws(StoreError) in
      let (isSealed, error) = store.state.withLock { ($0.head.full.isEmpty, $0.sealError) }
      if !isSealed { throw error ?? StoreError(.busy, "the head waits to be sealed; try again") }
    }
  }

  // MARK: - Partitions that are no longer needed

  /// Partitions to be deleted, kept while a backup copies.
  struct Drops {
    var isHeld = false
    var waiting: [PartitionName] = []
  }

  /// Deletes a partition that nothing new will read, now or after the backup under way.
  func drop(_ name: PartitionName) throws(StoreError) {
    let isHeld = drops.withLock { drops in
      if drops.isHeld { drops.waiting.append(name) }
      return drops.isHeld
    }
    if !isHeld { try keyValues.drop(name) }
  }

  private func releaseDrops() {
    let waiting = drops.withLock { drops in
      defer { drops = Drops() }
      return drops.waiting
    }
    for name in waiting {
      do throws(StoreError) {
        try keyValues.drop(name)
      } catch {
        // The next start deletes it.
        logger.warning("\(error)")
      }
    }
  }
}
