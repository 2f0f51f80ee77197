internal import AlmanacCore
internal import Dispatch
internal import Logging
internal import Synchronization

extension Store {
  /// Parts of like size that are merged at once: each sample is written again about
  /// log(parts) / log(fanIn) times.
  private static let fanIn = 8
  /// What is smaller is soon merged again.
  private static let draftSize = 16 << 20
  /// Parts up to this size count as equally small.
  private static let smallPart = 256 << 10
  /// Parts above this size, bytes, are left alone.
  private static let largestPart = 8 << 30

  /// Merges parts where there are many small ones, in the background.
  func scheduleMerges() {
    merging.async {
      do throws(StoreError) {
        while !self.isClosing.load(ordering: .relaxed), let inputs = self.mergeable() {
          let size = inputs.reduce(0) { $0 + $1.info.byteCount }
          do throws(StoreError) {
            try self.merge(inputs, isDraft: size < Self.draftSize)
          } catch {
            guard error.code == .damaged || error.code == .unknownFormat else { throw error }
            // Reads of what is damaged fail; other parts are merged all the same.
            self.logger.error("cannot merge parts: \(error)")
            self.unmergeable.withLock { $0.formUnion(inputs.map(\.info.number)) }
          }
        }
        try self.dropDeletions()
      } catch {
        if error.code != .closed { self.logger.error("cannot merge parts: \(error)") }
      }
    }
  }

  /// Seals everything written so far and merges the parts of each window into one.
  public func compact() async throws(StoreError) {
    try requireWritable()
    try await sealAll()
    try await run(on: merging) { store throws(StoreError) in
      var failure: StoreError?
      for parts in store.state.withLock({ Array($0.parts.values) }) {
        // Only neighbours may be merged.
        for parts in parts.split(whereSeparator: { $0.info.byteCount > Self.largestPart }) {
          do throws(StoreError) {
            if parts.count > 1 || parts.first?.info.isDraft == true || store.hasDeletions(parts) {
              try store.merge(Array(parts))
            } else if let part = parts.first, !store.hasRollups(part) {
              try store.replace([part], by: [part.info] + store.rollups(of: part.info))
            }
          } catch {
            failure = error
          }
        }
      }
      if let failure { throw failure }
      try store.dropDeletions()
    }
  }

  /// Runs `body` on one of the store's queues.
  func run<T: Sendable>(
    on queue: DispatchQueue, _ body: @escaping @Sendable (Store) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    let result = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: Result { () throws(StoreError) in try body(self) })
      }
    }
    return try result.get()
  }

  /// A run of neighbouring parts of a window of about the same size, long enough to be merged.
  private func mergeable() -> [Part]? {
    let unmergeable = unmergeable.withLock { $0 }
    for parts in state.withLock({ Array($0.parts.values) }) {
      var run: [Part] = []
      for part in parts.reversed() {
        // A part joins those after it unless it is far larger than all of them together.
        let size = max(run.reduce(0) { $0 + $1.info.byteCount }, Self.smallPart)
        guard part.info.byteCount <= min(size * 2, Self.largestPart),
          !unmergeable.contains(part.info.number)
        else { break }
        run.append(part)
      }
      if run.count >= Self.fanIn { return run.reversed() }
    }
    return nil
  }

  /// Replaces `inputs`, neighbours in one window, by one part.
  func merge(_ inputs: [Part], isDraft: Bool = false) throws(StoreError) {
    guard let last = inputs.last else { return }
    try dropAbandoned()
    let window = last.info.window
    let (deletions, horizon, next) = state.withLock { state in
      let after = state.parts[window, default: []].first {
        $0.info.generations.lowerBound > last.info.generations.upperBound
      }
      let head = state.head.segments[0].generation
      return (state.deletions, state.horizon, min(after?.info.generations.lowerBound ?? .max, head))
    }
    let merge = PartMerge(
      inputs: inputs, deletions: deletions, horizon: horizon, nextGeneration: next,
      isDraft: isDraft)
    let info = try merge.run(takePartNumber(), in: keyValues) {
      isClosing.load(ordering: .relaxed)
    }
    guard let info else { return try replace(inputs, by: []) }
    let outputs: [PartInfo]
    do throws(StoreError) {
      outputs = try [info] + rollups(of: info)
    } catch {
      abandon([info])
      throw error
    }
    try replace(inputs, by: outputs)
    if !horizon.isEverything { state.withLock { $0.trimmed[info.number] = horizon } }
  }

  /// The rollups of a part that the options ask for, which are durable but not in the catalog yet;
  /// none where it is a draft.
  private func rollups(of info: PartInfo) throws(StoreError) -> [PartInfo] {
    guard !info.isDraft, !options.rollups.isEmpty else { return [] }
    return try RollupWriter.write(
      try Part(info, in: keyValues), by: options.rollups.sorted(), number: takePartNumber,
      in: keyValues
    ) {
      isClosing.load(ordering: .relaxed)
    }
  }

  /// Whether a part has the rollups that the options ask for and no others.
  private func hasRollups(_ part: Part) -> Bool {
    Set(part.rollups.compactMap(\.info.rollup?.resolution)) == options.rollups
  }

  /// Makes `outputs`, a part with its rollups, which are durable, known in the place of `inputs`
  /// and theirs, in one change of the catalog, and deletes what is not known any more.
  func replace(_ inputs: [Part], by outputs: [PartInfo]) throws(StoreError) {
    guard let window = inputs.first?.info.window else { return }
    let old = inputs.flatMap(\.infos)
    let removed = old.filter { !outputs.contains($0) }
    let added = try makeKnown(
      outputs, alreadyKnown: Set(old), removed.map { Catalog.remove($0) })
    let numbers = Set(inputs.map(\.info.number))
    state.withLock { state in
      var parts = state.parts[window, default: []]
      let position = parts.firstIndex { numbers.contains($0.info.number) } ?? parts.endIndex
      parts.removeAll { numbers.contains($0.info.number) }
      parts.insert(contentsOf: added, at: position)
      state.parts[window] = parts.isEmpty ? nil : parts
      for number in numbers { state.trimmed[number] = nil }
    }
    for info in removed { try drop(info.name) }
  }

  /// Whether samples of `parts` may have been deleted.
  private func hasDeletions(_ parts: ArraySlice<Part>) -> Bool {
    let deletions = state.withLock { $0.deletions }
    return parts.contains { part in deletions.contains { $0.mayConcern(part.info) } }
  }

  /// Forgets deletions that no part and no segment needs any more, but first the series that they
  /// left without samples.
  func dropDeletions() throws(StoreError) {
    let done = state.withLock { state in
      state.deletions.filter { deletion in
        state.head.segments[0].generation > deletion.generation
          && !state.parts.values.joined().contains { deletion.mayConcern($0.info) }
      }
    }
    guard !done.isEmpty else { return }
    try forgetEmptySeries()
    try catalog.partition.apply(done.map { Catalog.remove($0) })
    state.withLock { state in state.deletions.removeAll { done.contains($0) } }
  }
}

extension Deletion {
  /// Whether it may take samples from a part.
  func mayConcern(_ part: PartInfo) -> Bool {
    part.generations.upperBound < generation && range.overlaps(part.range)
  }
}
