public import AlmanacCore
internal import Dispatch
internal import Logging
internal import Synchronization

extension Store {
  /// Writes `points`. When this returns they are on disk: they survive a crash of the process and
  /// of the machine.
  ///
  /// Requests that arrive while a commit is under way share the next one.
  public func write(_ points: Points) async throws(StoreError) {
    guard points.count > 0 else { return }
    let result = await withCheckedContinuation { continuation in
      enqueue(WriteQueue.Request(points: points) { continuation.resume(returning: $0) })
    }
    try result.get()
  }

  private func enqueue(_ request: WriteQueue.Request) {
    let headSamples = head.withLock { $0.recentCount }
    let refusal: StoreError? = queue.withLock { queue in
      if headSamples > options.sealAfterSamples * 4 {
        return StoreError(.busy, "\(headSamples) samples wait to be sealed; try again")
      }
      if options.isReadOnly { return StoreError(.readOnly, "the store is open for reading only") }
      if queue.isClosed { return StoreError(.closed, "the store is closing") }
      let queued = queue.queuedPoints + request.points.count
      if queue.queuedPoints > 0, queued > options.maximumQueuedPoints {
        return StoreError(.busy, "\(queue.queuedPoints) points wait for the disk; try again")
      }
      if queue.add(request) { commits.async { self.commitNext() } }
      return nil
    }
    if let refusal { request.done(.failure(refusal)) }
  }

  /// Commits what waits, then queues itself again until nothing does: seals and models get their
  /// turn between two commits.
  private func commitNext() {
    let requests = queue.withLock { $0.takeAll() }
    if requests.isEmpty { return }
    let result: Result<Void, StoreError>
    do throws(StoreError) {
      try commit(requests)
      result = .success(())
    } catch {
      result = .failure(error)
      logger.error("cannot commit \(requests.count) writes: \(error)")
    }
    for request in requests { request.done(result) }
    sealIfDue()
    commits.async { self.commitNext() }
  }

  /// One transaction, one sync, for all of `requests`; then their samples are readable.
  private func commit(_ requests: [WriteQueue.Request]) throws(StoreError) {
    let known = committer.series.count
    var sequence = committer.nextSequence
    var resolved: [[UInt64]] = []
    resolved.reserveCapacity(requests.count)
    do throws(StoreError) {
      try environment.write { transaction throws(StoreError) in
        for request in requests {
          let ids = try resolve(request.points, in: transaction)
          try transaction.put(
            Keys.journal(sequence), JournalRecord.encode(ids: ids, points: request.points),
            in: tables.journal)
          sequence += 1
          resolved.append(ids)
        }
      }
    } catch {
      committer.series.truncate(to: known)
      throw error
    }
    committer.nextSequence = sequence
    for (request, ids) in zip(requests, resolved) {
      let points = request.points
      head.withLock { head in
        head.insert(points.count) { index in
          (
            SeriesID(rawValue: ids[Int(points.series[index])]), points.timestamps[index],
            points.values[index]
          )
        }
      }
    }
  }

  /// The number of each series of `points`; new ones are registered and indexed.
  private func resolve(
    _ points: Points, in transaction: borrowing WriteTransaction
  ) throws(StoreError) -> [UInt64] {
    var ids: [UInt64] = []
    ids.reserveCapacity(points.keyEnds.count)
    for index in points.keyEnds.indices {
      let bounds = points.keyBounds(index)
      let (id, isNew) = committer.series.findOrAdd(points.keyBytes, bounds)
      ids.append(id.rawValue)
      guard isNew else { continue }
      let encoded = Array(points.keyBytes[bounds])
      guard let key = SeriesKey(encoded: encoded) else {
        preconditionFailure("BUG: ingest made a malformed series key")
      }
      try transaction.put(Keys.series(id), encoded, in: tables.series)
      try tables.labelIndex.add(key, id: id, in: transaction)
    }
    return ids
  }

  // MARK: - Models

  /// Keeps `bytes` under `key`; durable when this returns.
  public func putModel(_ key: String, _ bytes: [UInt8]) async throws(StoreError) {
    try await change { store throws(StoreError) in
      try store.environment.write { transaction throws(StoreError) in
        try transaction.put(Array(key.utf8), bytes, in: store.tables.models)
      }
    }
  }

  /// Forgets the model under `key`; false where there is none.
  public func removeModel(_ key: String) async throws(StoreError) -> Bool {
    try await change { store throws(StoreError) in
      try store.environment.write { transaction throws(StoreError) in
        try transaction.remove(Array(key.utf8), in: store.tables.models)
      }
    }
  }

  /// Runs `body` on the queue of commits.
  private func change<T: Sendable>(
    _ body: @escaping @Sendable (Store) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    if options.isReadOnly {
      throw StoreError(.readOnly, "the store is open for reading only")
    }
    let result = await withCheckedContinuation { continuation in
      commits.async {
        continuation.resume(
          returning: Result { () throws(StoreError) in try body(self) })
      }
    }
    return try result.get()
  }

  // MARK: - Closing

  /// Refuses new writes and waits for those under way. Nothing needs to be sealed: the journal
  /// has it all.
  public func close() async {
    queue.withLock { $0.close() }
    // The committer queues itself again after each commit, behind what waits here.
    repeat { await drain(commits) } while queue.withLock { $0.isCommitting }
    await drain(sealing)
  }

  /// Returns when everything that is on `queue` now has ended.
  private func drain(_ queue: DispatchQueue) async {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume() }
    }
  }
}
