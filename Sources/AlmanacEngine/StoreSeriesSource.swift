internal import AlmanacCore
internal import AlmanacPattern
internal import AlmanacQuery
internal import AlmanacStore

/// Reads series for queries from the store, on the reader pool: many of them on all its threads.
struct StoreSeriesSource: SeriesSource {
  /// Fewer series than this are read by one thread.
  private static let smallCount = 32

  /// Series after which a reader asks whether to go on.
  private static let seriesBetweenChecks = 16

  let store: Store
  let pool: ThreadPool
  let budget: QueryBudget

  func samples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    try await map(passing: matchers, in: range) { $0 }
  }

  func lastSamples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    try await read(matchers, in: range) { reader, id in
      guard let (time, value) = try reader.lastSample(of: id) else { return nil }
      return Samples(timestamps: [time], values: [value])
    } label: { key, samples in
      LabelledSamples(key: key, samples: samples)
    }
  }

  func map(
    passing matchers: [LabelMatcher], in range: TimeRange,
    _ transform: @escaping @Sendable (LabelledSamples) throws -> LabelledSamples?
  ) async throws -> [LabelledSamples] {
    try await read(matchers, in: range) { reader, id in
      let samples = try reader.samples(of: id)
      return samples.isEmpty ? nil : samples
    } label: { key, samples in
      try transform(LabelledSamples(key: key, samples: samples))
    }
  }

  func summaries(
    passing matchers: [LabelMatcher], in range: TimeRange, of resolution: Resolution,
    rollups: Resolution?
  ) async throws -> [LabelledSummaries] {
    try await read(matchers, in: range) { reader, id in
      let summaries = try reader.summaries(of: id, by: resolution, rollups: rollups)
      return summaries.isEmpty ? nil : summaries
    } label: { key, summaries in
      LabelledSummaries(key: key, summaries: summaries)
    }
  }

  func outline(
    passing matchers: [LabelMatcher], in range: TimeRange, limit: Int
  ) async throws -> SeriesOutline {
    let snapshot = store.snapshot()
    return try await pool.run {
      let ids = snapshot.series(passing: matchers)
      let count = min(limit, ids.count)
      var reader = snapshot.reader(in: range.wholeHours)
      var newest = snapshot.reader(in: range)
      var some: [SeriesOutline.Series] = []
      for index in 0..<count {
        // Spread over all: neighbours are often alike.
        let id = ids[index * ids.count / count]
        guard let key = snapshot.key(of: id) else { continue }
        some.append(
          SeriesOutline.Series(
            key: key, hours: try reader.summaries(of: id, by: .hour, rollups: nil),
            newest: try newest.lastSample(of: id).map { Timestamp(nanoseconds: $0.0) }, in: range))
      }
      return SeriesOutline(count: ids.count, some: some)
    }
  }

  // MARK: - Reading

  /// What `label` makes of what `read` finds for each series, in order of key.
  private func read<Found, T: Keyed>(
    _ matchers: [LabelMatcher], in range: TimeRange,
    _ read: @escaping @Sendable (inout SeriesReader, SeriesID) throws -> Found?,
    label: @escaping @Sendable (SeriesKey, Found) throws -> T?
  ) async throws -> [T] {
    let snapshot = store.snapshot()
    // Until the evaluation counts what it is handed.
    let held = HeldBytes(budget)
    defer { held.release() }
    let one = {
      @Sendable (id: SeriesID, key: SeriesKey?, reader: inout SeriesReader) throws -> T? in
      guard let found = try read(&reader, id), let key = key ?? snapshot.key(of: id),
        let one = try label(key, found)
      else { return nil }
      try held.hold(one.byteCount)
      return one
    }
    if let few = snapshot.fewSeries(passing: matchers) {
      var reader = snapshot.reader(in: range)
      // To hand so little to another thread would take longer than to do it.
      if reader.isQuick(few.map(\.id)) {
        try budget.check()
        var all: [T] = []
        for (id, key) in few { if let found = try one(id, key, &reader) { all.append(found) } }
        return all.inOrder(of: \.key)
      }
    }
    let part = { @Sendable (ids: ArraySlice<SeriesID>) in
      var reader = snapshot.reader(in: range)
      var all: [T] = []
      for (count, id) in ids.enumerated() {
        if count % Self.seriesBetweenChecks == 0 { try budget.check() }
        if let found = try one(id, nil, &reader) { all.append(found) }
      }
      return all
    }
    let (ids, few) = try await pool.run {
      let ids = snapshot.series(passing: matchers)
      return (ids, ids.count < Self.smallCount ? try part(ids[...]) : nil)
    }
    let (all, isInOrder) =
      if let few { (few, Self.isInOrder(few)) } else { try await readParts(of: ids, part) }
    if isInOrder { return all }
    return try await pool.run { all.inOrder(of: \.key) }
  }

  /// `read` of each of as many parts of `ids` as the pool has threads, one after the other, and
  /// whether they come in order of key.
  private func readParts<T: Keyed>(
    of ids: [SeriesID], _ read: @escaping @Sendable (ArraySlice<SeriesID>) throws -> [T]
  ) async throws -> (all: [T], isInOrder: Bool) {
    let size = (ids.count + pool.width - 1) / pool.width
    return try await withThrowingTaskGroup(of: (Int, [T], Bool).self) { group in
      for start in stride(from: 0, to: ids.count, by: size) {
        let part = ids[start..<min(start + size, ids.count)]
        group.addTask {
          try await pool.run {
            let found = try read(part)
            return (start, found, Self.isInOrder(found))
          }
        }
      }
      var parts: [(start: Int, found: [T], isInOrder: Bool)] = []
      for try await part in group { parts.append(part) }
      parts.sort { $0.start < $1.start }
      let ends = parts.flatMap { [$0.found.first, $0.found.last].compactMap(\.self) }
      let areInOrder =
        parts.allSatisfy(\.isInOrder)
        && zip(ends, ends.dropFirst()).allSatisfy { $0.key <= $1.key }
      return (parts.flatMap(\.found), areInOrder)
    }
  }

  private static func isInOrder(_ all: [some Keyed]) -> Bool {
    zip(all, all.dropFirst()).allSatisfy { $0.key < $1.key }
  }
}

/// What a query reads of one series.
private protocol Keyed: Sendable {
  var key: SeriesKey { get }
  var byteCount: Int { get }
}

extension LabelledSamples: Keyed {}
extension LabelledSummaries: Keyed {}

extension ThreadPool: ComputePool {
  func compute<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await run(body)
  }
}

/// When the samples of a store changed, for results that are kept.
struct StoreChanges: DataChanges {
  let store: Store

  var version: UInt64 { store.dataVersion }

  func isUnchanged(since version: UInt64, in range: TimeRange) -> Bool {
    store.isUnchanged(since: version, in: range)
  }
}
