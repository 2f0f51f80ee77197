internal import AlmanacCore
internal import Dispatch
internal import Logging
internal import Synchronization

extension Store {
  /// Parts that are written at once: each is an open file.
  private static let openParts = 64

  /// Seals all full segments, oldest first.
  func sealFull() {
    sealing.async {
      do throws(StoreError) {
        while !self.state.withLock({ $0.head.full.isEmpty }) { try self.seal() }
        self.state.withLock { $0.sealError = nil }
      } catch {
        self.logger.error("cannot seal: \(error)")
        self.state.withLock { $0.sealError = error }
        self.retryLater()
      }
      self.scheduleMerges()
    }
  }

  /// Writes the oldest full segment as parts, makes them known, and drops its journal.
  ///
  /// A crash before they are known leaves files that the next start deletes.
  private func seal() throws(StoreError) {
    let oldest = state.withLock { state -> (HeadSegment, UInt64, [Deletion])? in
      guard let segment = state.head.full.first else { return nil }
      return (segment, state.head.segments[1].firstNewSeries, state.deletions)
    }
    guard let (segment, endOfSeries, deletions) = oldest else { return }
    try dropAbandoned()
    var infos: [PartInfo] = []
    var changes = registry(segment.firstNewSeries..<max(endOfSeries, segment.firstNewSeries))
    if segment.published > 0 {
      try writeParts(of: segment, deletions, into: &infos)
      changes.append(Catalog.setSealed(segment.generation))
    }
    let parts = try makeKnown(infos, changes)
    state.withLock { state in
      for part in parts { state.parts[part.info.window, default: []].append(part) }
      state.head.dropOldest()
    }
    try drop(PartitionName(kind: .journal, number: segment.generation))
  }

  /// Makes `changes` of the catalog with which the parts `infos`, which are durable, are known.
  /// Where that fails those that were not known before are deleted.
  func makeKnown(
    _ infos: [PartInfo], alreadyKnown: Set<PartInfo> = [], _ changes: [KeyValueChange]
  ) throws(StoreError) -> [Part] {
    let new = infos.filter { !alreadyKnown.contains($0) }
    do throws(StoreError) {
      let parts = try Part.open(infos, in: keyValues)
      try catalog.partition.apply(changes + new.map { Catalog.put($0) })
      return parts
    } catch {
      abandon(new)
      throw error
    }
  }

  /// Deletes parts that are not to be known, at once or when it is certain that the catalog does
  /// not know them.
  func abandon(_ infos: [PartInfo]) {
    abandoned.withLock { $0 += infos }
    try? dropAbandoned()
  }

  /// Deletes what earlier tries left behind; throws while the catalog cannot be changed.
  func dropAbandoned() throws(StoreError) {
    guard !abandoned.withLock({ $0.isEmpty }) else { return }
    try catalog.partition.settle()
    let infos = abandoned.withLock { abandoned in
      defer { abandoned = [] }
      return abandoned
    }
    for info in infos { try keyValues.drop(info.name) }
  }

  /// The series that came with a segment, as changes of the catalog.
  private func registry(_ numbers: Range<UInt64>) -> [KeyValueChange] {
    let ids = numbers.map { SeriesID(rawValue: $0) }
    return stride(from: 0, to: ids.count, by: SeriesRegistry.batchSize).compactMap { start in
      let slice = Array(ids[start..<min(start + SeriesRegistry.batchSize, ids.count)])
      var batch: [(id: UInt32, key: [UInt8])] = []
      index.withKeys(of: slice) { place, key in
        batch.append((UInt32(truncatingIfNeeded: slice[place].rawValue), Array(key)))
      }
      return batch.isEmpty ? nil : Catalog.put(batch)
    }
  }

  /// One part for each window that the segment has samples of.
  private func writeParts(
    of segment: HeadSegment, _ deletions: [Deletion], into infos: inout [PartInfo]
  ) throws(StoreError) {
    do throws(StoreError) {
      try writeWindows(of: segment, deletions, into: &infos)
    } catch {
      abandon(infos)
      throw error
    }
  }

  private func writeWindows(
    of segment: HeadSegment, _ deletions: [Deletion], into infos: inout [PartInfo]
  ) throws(StoreError) {
    var done: Set<Window> = []
    var isComplete = false
    while !isComplete {
      // Nearly always one round; odd clocks may ask for more parts than files can be open.
      isComplete = true
      var writers: [Window: PartWriter] = [:]
      try segment.eachSeries { id, times, values throws(StoreError) in
        let series = UInt32(truncatingIfNeeded: id.rawValue)
        try eachWindow(series, times, values, segment.generation, deletions) {
          window, times, values throws(StoreError) in
          if let writer = writers[window] {
            try writer.add(series, times, values)
          } else if !done.contains(window), writers.count < Self.openParts {
            let writer = try PartWriter(
              takePartNumber(), window: window,
              generations: segment.generation...segment.generation, isDraft: true,
              in: keyValues)
            writers[window] = writer
            try writer.add(series, times, values)
          } else if !done.contains(window) {
            isComplete = false
          }
        }
      }
      for (window, writer) in writers.sorted(by: { $0.key < $1.key }) {
        done.insert(window)
        if let info = try writer.finish() { infos.append(info) }
      }
    }
  }

  /// Puts samples in order, leaves out deleted ones, and calls `body` for each window.
  private func eachWindow(
    _ series: UInt32, _ times: UnsafeMutableBufferPointer<Int64>,
    _ values: UnsafeMutableBufferPointer<Double>, _ generation: UInt64, _ deletions: [Deletion],
    _ body: (
      Window, UnsafeBufferPointer<Int64>, UnsafeBufferPointer<Double>
    ) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard let first = times.first, let last = times.last else { return }
    let isAscending = (1..<times.count).allSatisfy { times[$0 - 1] < times[$0] }
    let concerned =
      !deletions.isEmpty
      && deletions.contains { $0.concerns(series, .all, writtenUpTo: generation) }
    if isAscending, !concerned, Window(holding: first) == Window(holding: last) {
      try body(Window(holding: first), UnsafeBufferPointer(times), UnsafeBufferPointer(values))
      return
    }
    var samples = Samples(inOrderOfWrites: Array(times), Array(values))
    samples = deletions.applied(to: samples, of: series, writtenUpTo: generation)
    var start = 0
    while start < samples.count {
      let window = Window(holding: samples.timestamps[start])
      var end = start + 1
      while end < samples.count, Window(holding: samples.timestamps[end]) == window { end += 1 }
      let piece = samples.slice(start..<end)
      let result = piece.timestamps.withUnsafeBufferPointer { times in
        piece.values.withUnsafeBufferPointer { values in
          Result { () throws(StoreError) in try body(window, times, values) }
        }
      }
      try result.get()
      start = end
    }
  }

  /// A number that no part has.
  func takePartNumber() -> UInt64 {
    nextPart.add(1, ordering: .relaxed).oldValue
  }
}
