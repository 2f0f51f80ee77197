internal import AlmanacCore

/// What opening a store reads: series, parts, and the journals of what is not in parts yet.
struct Recovery {
  let index: SeriesIndex
  let state: Store.State
  let nextPart: UInt64
  let replayedPoints: Int

  /// - Parameter capacity: points of the segment that takes new writes.
  init(
    _ store: any KeyValueStore, _ catalog: Catalog, capacity: Int
  ) throws(StoreError) {
    // In this order: what a server beside us seals between two of these lines, series and samples,
    // is in a journal that is open or in what is read of the catalog after.
    let journals = try Self.journals(store, catalog)
    let index = SeriesIndex()
    let sealed = try catalog.sealedGeneration()
    try catalog.eachSeries { id, key in index.add(key, as: id) }
    let (parts, deletions) = try Self.parts(store, catalog)
    var full: [HeadSegment] = []
    var replayed = 0
    for (name, journal) in journals {
      guard name.number > sealed, let journal else {
        if !store.isReadOnly { try store.drop(name) }
        continue
      }
      let segment = try Self.replay(journal, generation: name.number, into: index)
      if let segment {
        replayed += segment.published
        full.append(segment)
      } else if !store.isReadOnly {
        try store.drop(name)
      }
    }
    let newest = max(
      sealed, journals.last?.name.number ?? 0, deletions.last?.generation ?? 0,
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

  /// All journals in order, opened where they are not sealed yet.
  private static func journals(
    _ store: any KeyValueStore, _ catalog: Catalog
  ) throws(StoreError) -> [(name: PartitionName, journal: (any KeyValuePartition)?)] {
    let sealed = try catalog.sealedGeneration()
    var journals: [(PartitionName, (any KeyValuePartition)?)] = []
    for name in try store.partitions(.journal) {
      journals.append((name, name.number > sealed ? try store.open(name) : nil))
    }
    return journals
  }

  /// Opens the parts that the catalog knows, and deletes others: a crash left them behind.
  private static func parts(
    _ store: any KeyValueStore, _ catalog: Catalog
  ) throws(StoreError) -> ([Part], [Deletion]) {
    let known = try catalog.parts()
    let parts = try Part.open(known, in: store)
    if !store.isReadOnly {
      let numbers = Set(known.map(\.number))
      for name in try store.partitions(.part) where !numbers.contains(name.number) {
        try store.drop(name)
      }
    }
    return (parts, try catalog.deletions())
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
