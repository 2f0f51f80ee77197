internal import AlmanacCore
internal import Dispatch
internal import Logging
internal import Synchronization

extension Store {
  /// Parts that are written at once: each is an open file.
  private static let openParts = 64

  /// Seals the oldest full segment when those before it are sealed.
  func sealOldest() {
    sealing.async {
      do throws(StoreError) {
        try self.seal()
        self.state.withLock { $0.sealError = nil }
      } catch {
        self.logger.error("cannot seal: \(error)")
        self.state.withLock { $0.sealError = error }
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
    var infos: [PartInfo] = []
    var changes = registry(segment.firstNewSeries..<max(endOfSeries, segment.firstNewSeries))
    if segment.published > 0 {
      infos = try writeParts(of: segment, deletions)
      changes.append(Catalog.setSealed(segment.generation))
    }
    var parts: [Part] = []
    for info in infos { parts.append(try Part(info, in: keyValues)) }
    try catalog.partition.apply(infos.map { Catalog.put($0) } + changes)
    state.withLock { state in
      for part in parts { state.parts[part.info.window, default: []].append(part) }
      state.head.dropOldest()
    }
    try drop(PartitionName(kind: .journal, number: segment.generation))
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
    of segment: HeadSegment, _ deletions: [Deletion]
  ) throws(StoreError) -> [PartInfo] {
    var infos: [PartInfo] = []
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
    return infos
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
