internal import AlmanacCore
internal import AlmanacPattern
internal import AlmanacQuery
internal import AlmanacStore
internal import Synchronization

/// Reads series for queries from the store, on the reader pool: many of them on all its threads.
struct StoreSeriesSource: SeriesSource {
  /// Fewer series than this are read by one thread.
  private static let smallCount = 32

  /// Parts that a thread reads on average: where another program holds one up, others do its work.
  private static let partsOfThread = 16
  /// Series of a part at least.
  private static let smallestPart = 16

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

  func retention(of key: SeriesKey) -> Interval? { store.retention(of: key) }

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
    let part = { @Sendable (ids: ArraySlice<SeriesID>, reader: inout SeriesReader) throws -> [T] in
      var all: [T] = []
      for (count, id) in ids.enumerated() {
        if count % Self.seriesBetweenChecks == 0 { try budget.check() }
        if let found = try one(id, nil, &reader) { all.append(found) }
      }
      return all
    }
    let (ids, few) = try await pool.run {
      let ids = snapshot.series(passing: matchers)
      guard ids.count < Self.smallCount else { return (ids, nil as [T]?) }
      var reader = snapshot.reader(in: range)
      return (ids, try part(ids[...], &reader))
    }
    let (all, isInOrder) =
      if let few { (few, Self.isInOrder(few)) } else {
        try await readParts(of: ids, { snapshot.reader(in: range) }, part)
      }
    if isInOrder { return all }
    return try await pool.run { all.inOrder(of: \.key) }
  }

  /// `read` of parts of `ids`, one after the other, and whether they come in order of key. Each
  /// thread of the pool takes the next part, with one reader, until there is none.
  private func readParts<T: Keyed>(
    of ids: [SeriesID], _ reader: @escaping @Sendable () -> SeriesReader,
    _ read: @escaping @Sendable (ArraySlice<SeriesID>, inout SeriesReader) throws -> [T]
  ) async throws -> (all: [T], isInOrder: Bool) {
    typealias Part = (start: Int, found: [T], isInOrder: Bool)
    let size = max(Self.smallestPart, ids.count / (pool.width * Self.partsOfThread))
    let next = NextPart(size: size, count: ids.count)
    return try await withThrowingTaskGroup(of: [Part].self) { group in
      for _ in 0..<pool.width {
        group.addTask {
          try await pool.run {
            var reader = reader()
            var parts: [Part] = []
            while let part = next.take() {
              let found = try read(ids[part], &reader)
              parts.append((part.lowerBound, found, Self.isInOrder(found)))
            }
            return parts
          }
        }
      }
      var parts: [Part] = []
      for try await some in group { parts += some }
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

/// Hands out parts of a count of things, one after the other.
private final class NextPart: Sendable {
  private let size: Int
  private let count: Int
  private let next = Atomic<Int>(0)

  init(size: Int, count: Int) {
    self.size = size
    self.count = count
  }

  /// The next part; nil once all are taken.
  func take() -> Range<Int>? {
    let start = next.add(size, ordering: .relaxed).oldValue
    return start < count ? start..<min(start + size, count) : nil
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

  func ranges(since version: UInt64) -> [TimeRange] { store.changedRanges(since: version) }
}
