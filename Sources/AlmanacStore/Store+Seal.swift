internal import AlmanacCore
internal import Dispatch
internal import Logging
internal import Synchronization

extension Store {
  /// Chunks of one transaction while sealing, bytes: commits of writes get in between.
  private static let sealSlice = 4 << 20

  /// Starts a seal where the head is large and none is under way.
  func sealIfDue() {
    guard head.withLock({ $0.recentCount }) >= options.sealAfterSamples else { return }
    let isFirst = queue.withLock { queue in
      defer { queue.isSealing = true }
      return !queue.isSealing
    }
    guard isFirst else { return }
    beginSeal { result in
      if case .failure(let error) = result { self.logger.error("cannot seal the head: \(error)") }
      self.queue.withLock { $0.isSealing = false }
    }
  }

  /// Seals everything that was written so far; returns when it is in chunks.
  public func compact() async throws(StoreError) {
    if options.isReadOnly { throw StoreError(.readOnly, "the store is open for reading only") }
    let result = await withCheckedContinuation { continuation in
      beginSeal { continuation.resume(returning: $0) }
    }
    try result.get()
  }

  /// Takes the head and the journal's end together, between two commits, and makes chunks of it.
  private func beginSeal(_ done: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
    // An earlier seal ends first: the sealing queue is serial, and the head is taken there.
    sealing.async {
      let (samples, sequence) = self.commits.sync {
        (self.head.withLock { $0.beginSealing() }, self.committer.nextSequence)
      }
      let result = Result { () throws(StoreError) in try self.seal(samples, before: sequence) }
      self.head.withLock { head in
        if case .success = result { head.endSealing() } else { head.cancelSealing() }
      }
      done(result)
    }
  }

  /// Makes chunks of `all` and drops the journal before record `sequence`.
  ///
  /// A crash in between repeats nothing wrongly: the journal, still there, is laid over chunks
  /// that hold the same samples already.
  private func seal(
    _ all: [SeriesID: Samples], before sequence: UInt64
  ) throws(StoreError) {
    environment.clearDeadReaders()
    var pending: [ChunkReplacement] = []
    var bytes = 0
    for (id, samples) in all.sorted(by: { $0.key < $1.key }) {
      let change = try environment.read { transaction throws(StoreError) in
        try tables.chunks.replacement(for: id, sealing: samples, transaction)
      }
      pending.append(change)
      bytes += change.byteCount
      if bytes >= Self.sealSlice {
        try apply(pending)
        pending = []
        bytes = 0
      }
    }
    try apply(pending)
    try dropJournal(before: sequence)
  }

  private func apply(_ changes: [ChunkReplacement]) throws(StoreError) {
    guard !changes.isEmpty else { return }
    try environment.write { transaction throws(StoreError) in
      for change in changes { try tables.chunks.apply(change, in: transaction) }
    }
  }

  private func dropJournal(before sequence: UInt64) throws(StoreError) {
    try environment.write { transaction throws(StoreError) in
      var dropped: [[UInt8]] = []
      let end = Keys.journal(sequence)
      try transaction.reading.scan(tables.journal, from: []) { key, _ throws(StoreError) in
        guard key.lexicographicallyPrecedes(end) else { return false }
        dropped.append(Array(key))
        return true
      }
      for key in dropped { try transaction.remove(key, in: tables.journal) }
    }
  }
}
