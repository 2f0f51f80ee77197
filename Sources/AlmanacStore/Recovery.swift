internal import AlmanacCore

/// What opening a store reads: series, parts, and the journals of what is not in parts yet.
struct Recovery {
  let index: SeriesIndex
  let state: Store.State
  let nextPart: UInt64
  let replayedPoints: Int

  /// How often a reader beside a server looks again after a part went away under it.
  private static let attempts = 10

  /// - Parameter capacity: points of the segment that takes new writes.
  init(
    _ store: any KeyValueStore, _ catalog: Catalog, capacity: Int
  ) throws(StoreError) {
    let index = SeriesIndex()
    try catalog.eachSeries { id, key in index.add(key, as: id) }
    let sealed = try catalog.sealedGeneration()
    let (parts, deletions) = try Self.parts(store, catalog)
    let journals = try store.partitions(.journal)
    var full: [HeadSegment] = []
    var replayed = 0
    for name in journals {
      guard name.number > sealed else {
        if !store.isReadOnly { try store.drop(name) }
        continue
      }
      let segment = try Self.replay(try store.open(name), generation: name.number, into: index)
      if let segment {
        replayed += segment.published
        full.append(segment)
      } else if !store.isReadOnly {
        try store.drop(name)
      }
    }
    let newest = max(
      sealed, journals.last?.number ?? 0, deletions.last?.generation ?? 0,
      parts.map(\.info.generations.upperBound).max() ?? 0)
    let active = HeadSegment(
      generation: newest + 1, capacity: store.isReadOnly ? 1 : capacity,
      firstNewSeries: index.lastID.rawValue + 1)
    self.index = index
    state = Store.State(
      head: Head(active: active, full: full),
      parts: Dictionary(grouping: parts, by: \.info.window).mapValues { parts in
        parts.sorted { $0.info.generations.lowerBound < $1.info.generations.lowerBound }
      }, deletions: deletions, lastGeneration: newest + 1)
    let numbers = parts.flatMap(\.infos).map(\.number)
    nextPart = max(try store.partitions(.part).last?.number ?? 0, numbers.max() ?? 0) + 1
    replayedPoints = replayed
  }

  /// Opens the parts that the catalog knows, and deletes others: a crash left them behind.
  private static func parts(
    _ store: any KeyValueStore, _ catalog: Catalog
  ) throws(StoreError) -> ([Part], [Deletion]) {
    for attempt in 1... {
      let known = try catalog.parts()
      do throws(StoreError) {
        var parts: [Part] = []
        var rollups: [UInt64: [Part]] = [:]
        for info in known {
          guard let rollup = info.rollup else { continue }
          rollups[rollup.part, default: []].append(try Part(info, in: store))
        }
        for info in known where info.rollup == nil {
          parts.append(try Part(info, in: store, rollups: rollups[info.number] ?? []))
        }
        if !store.isReadOnly {
          let numbers = Set(known.map(\.number))
          for name in try store.partitions(.part) where !numbers.contains(name.number) {
            try store.drop(name)
          }
        }
        return (parts, try catalog.deletions())
      } catch {
        // The server beside us may have merged parts after we read the catalog.
        guard store.isReadOnly, error.code == .cannotOpen, attempt < attempts else { throw error }
      }
    }
    preconditionFailure("BUG: the loop above returns or throws")
  }

  /// The points of a journal as a segment; nil where it has none.
  private static func replay(
    _ journal: any KeyValuePartition, generation: UInt64, into index: SeriesIndex
  ) throws(StoreError) -> HeadSegment? {
    let firstNewSeries = index.lastID.rawValue + 1
    var records: [JournalRecord.Contents] = []
    try journal.scan(prefix: []) { _, bytes throws(StoreError) in
      let record = try JournalRecord.decode(bytes)
      record.newSeries.each { id, key in
        // A commit that failed may have left the series' earlier number behind.
        if let old = index.find(key), old != id { index.remove([old]) }
        if !index.contains(id) { index.add(key, as: id) }
      }
      records.append(record)
      return true
    }
    let count = records.reduce(0) { $0 + $1.values.count }
    guard count > 0 else { return nil }
    let segment = HeadSegment(
      generation: generation, capacity: count, firstNewSeries: firstNewSeries)
    for record in records {
      segment.append(record.ids, record.timestamps, record.values)
    }
    return segment
  }
}
