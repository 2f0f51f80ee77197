public import AlmanacCore
internal import Dispatch
internal import Logging
internal import Synchronization

extension Store {
  /// What became of a write.
  public struct WriteOutcome: Sendable {
    /// The number of each series that the points list; 0 where it was refused.
    public var ids: [UInt32]
    /// Points left out, as their series would have been too many.
    public var refusedPoints = 0
  }

  /// Writes `points`. When this returns they are on disk: they survive a crash of the process and
  /// of the machine.
  ///
  /// Requests that arrive while a commit is under way share the next one.
  @discardableResult
  public func write(_ points: Points) async throws(StoreError) -> WriteOutcome {
    guard points.count > 0 else { return WriteOutcome(ids: []) }
    let result = await withCheckedContinuation { continuation in
      enqueue(WriteQueue.Request(points: points) { continuation.resume(returning: $0) })
    }
    return try result.get()
  }

  private func enqueue(_ request: WriteQueue.Request) {
    let refusal: StoreError? = queue.withLock { queue in
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

  /// Commits what waits, then queues itself again until nothing does: others that need the
  /// queue get their turn between two commits.
  private func commitNext() {
    var requests = queue.withLock { $0.takeAll() }
    if requests.isEmpty { return }
    let generation = state.withLock { $0.cacheGeneration }
    requests.removeAll { request in
      guard request.points.cacheGeneration != 0, request.points.cacheGeneration < generation,
        request.points.ids.contains(where: { $0 != 0 })
      else { return false }
      request.done(
        .failure(StoreError(.seriesForgotten, "series were forgotten; write with their keys")))
      return true
    }
    do throws(StoreError) {
      let outcomes = try commit(requests.map(\.points))
      state.withLock { $0.writeError = nil }
      for (request, outcome) in zip(requests, outcomes) { request.done(.success(outcome)) }
    } catch {
      logger.error("cannot commit \(requests.count) writes: \(error)")
      state.withLock { $0.writeError = error }
      for request in requests { request.done(.failure(error)) }
      retryLater()
    }
    commits.async { self.commitNext() }
  }

  /// One journal record, one sync, for all of `writes`; then their samples are readable.
  private func commit(_ writes: [Points]) throws(StoreError) -> [WriteOutcome] {
    guard !writes.isEmpty else { return [] }
    var newSeries = JournalRecord.NewSeries()
    var resolved: [JournalRecord.Write] = []
    var outcomes: [WriteOutcome] = []
    for points in writes {
      let (write, outcome) = resolve(points, &newSeries)
      resolved.append(write)
      outcomes.append(outcome)
    }
    let count = resolved.reduce(0) { $0 + $1.points.count }
    let active: HeadSegment
    do throws(StoreError) {
      active = try makeRoom(for: count, firstNewSeries: newSeries.first)
      try journal.append(
        JournalRecord.encode(newSeries, resolved), generation: active.generation)
    } catch {
      // The record may be on disk all the same: these numbers are never given again.
      var failed: [SeriesID] = []
      newSeries.each { id, _ in failed.append(id) }
      index.remove(failed)
      journal.isBroken = true
      throw error
    }
    for write in resolved { active.append(write.points, ids: write.ids) }
    noteChange(of: resolved.map(\.points.timestamps))
    return outcomes
  }

  /// The number of each series of `points`; new ones are registered, refused ones left out.
  private func resolve(
    _ points: Points, _ newSeries: inout JournalRecord.NewSeries
  ) -> (JournalRecord.Write, WriteOutcome) {
    var ids: [UInt32] = []
    ids.reserveCapacity(points.keyEnds.count)
    var isRefused = false
    points.keyBytes.withUnsafeBytes { keys in
      for position in points.keyEnds.indices {
        if points.ids[position] != 0 {
          ids.append(points.ids[position])
          continue
        }
        let bounds = points.keyBounds(position)
        let key = UnsafeRawBufferPointer(rebasing: keys[bounds])
        if index.count >= options.maximumSeries, index.find(key) == nil {
          isRefused = true
          ids.append(0)
          continue
        }
        let (id, isNew) = index.findOrAdd(key)
        if isNew { newSeries.add(points.keyBytes[bounds], as: id) }
        ids.append(UInt32(truncatingIfNeeded: id.rawValue))
      }
    }
    var outcome = WriteOutcome(ids: ids)
    guard isRefused else { return (JournalRecord.Write(points: points, ids: ids), outcome) }
    let kept = points.keeping { ids[$0] != 0 }
    outcome.refusedPoints = points.count - kept.count
    return (JournalRecord.Write(points: kept, ids: ids), outcome)
  }

  // MARK: - Head segments

  /// The active segment, with room for `count` points; a new one where the old one had not.
  private func makeRoom(
    for count: Int, firstNewSeries: UInt64
  ) throws(StoreError) -> HeadSegment {
    let active = state.withLock { $0.head.active }
    guard journal.isBroken || active.capacity - active.published < count else { return active }
    try waitForSeal()
    return rotate(for: count, firstNewSeries: firstNewSeries)
  }

  /// Waits until another full segment may be made. Memory must not grow: this commit, and those
  /// behind it, wait for the disk.
  ///
  /// To be called on the queue of commits.
  func waitForSeal() throws(StoreError) {
    guard state.withLock({ $0.head.full.count }) >= Self.maximumFullSegments else { return }
    if let error = state.withLock({ $0.sealError }), isRetrying.load(ordering: .relaxed) {
      // The disk failed less than a second ago.
      throw error
    }
    sealFull()
    sealing.sync {}
    let (left, error) = state.withLock { ($0.head.full.count, $0.sealError) }
    if left >= Self.maximumFullSegments {
      throw error ?? StoreError(.busy, "\(left) head segments wait to be sealed; try again")
    }
  }

  /// In a second tries again what failed, so that trouble ends with its cause: nobody may write to
  /// a server that says it cannot take writes.
  func retryLater() {
    guard !isRetrying.exchange(true, ordering: .relaxed) else { return }
    commits.asyncAfter(deadline: .now() + 1) { [weak self] in
      guard let self, !self.isClosing.load(ordering: .relaxed) else { return }
      self.isRetrying.store(false, ordering: .relaxed)
      if self.state.withLock({ $0.sealError }) != nil { self.sealFull() }
      guard self.journal.isBroken else { return }
      do throws(StoreError) {
        let active = try self.makeRoom(for: 1, firstNewSeries: 0)
        try self.journal.begin(active.generation)
        self.state.withLock { $0.writeError = nil }
      } catch {
        self.journal.isBroken = true
        self.state.withLock { $0.writeError = error }
        self.retryLater()
      }
    }
  }

  /// Full segments that may wait before commits wait with them.
  private static let maximumFullSegments = 2

  /// Begins a new active segment with room for `count` points; the old one will be sealed.
  ///
  /// To be called on the queue of commits.
  ///
  /// - Parameter firstNewSeries: the first series that is new in it; 0 where there is none yet.
  @discardableResult
  func rotate(for count: Int = 0, firstNewSeries: UInt64 = 0) -> HeadSegment {
    journal.rotate()
    let first = firstNewSeries == 0 ? index.lastID.rawValue + 1 : firstNewSeries
    let next = state.withLock { state in
      let next = HeadSegment(
        generation: state.nextGeneration(), capacity: max(count, options.sealAfterSamples),
        firstNewSeries: first)
      state.head.rotate(to: next)
      return next
    }
    sealFull()
    return next
  }

  // MARK: - Closing

  /// Refuses new writes and waits for those under way. Nothing needs to be sealed: the journal
  /// has it all.
  public func close() async {
    queue.withLock { $0.close() }
    isClosing.store(true, ordering: .relaxed)
    // The committer queues itself again after each commit, behind what waits here.
    repeat { await drain(commits) } while queue.withLock { $0.isCommitting }
    await drain(sealing)
    await drain(merging)
  }

  /// Returns when everything that is on `queue` now has ended.
  private func drain(_ queue: DispatchQueue) async {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume() }
    }
  }
}
