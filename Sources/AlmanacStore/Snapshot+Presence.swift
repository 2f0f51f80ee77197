internal import AlmanacCodec
public import AlmanacCore
public import AlmanacPattern

/// Which series have samples in a range.
extension Snapshot {
  /// The series that pass all `matchers` and have a sample inside `range`, in order of their
  /// numbers.
  ///
  /// Where the range spans everything that there is, it costs no more than without one. Otherwise
  /// the head's times are scanned, then for the parts in the range, the newest first, directories
  /// are read, of blocks that reach out of the range headers of chunks too, and samples only of
  /// chunks that begin before the range and end after it. Series of which samples were deleted are
  /// looked for one by one until their parts are merged.
  public func series(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) throws(StoreError) -> [SeriesID] {
    let all = series(passing: matchers)
    guard !deletions.isEmpty else { return try present(among: all, range) }
    let deleted = Set(deletions.lazy.map(\.series).joined())
    let isDeleted = { (id: SeriesID) in deleted.contains(UInt32(truncatingIfNeeded: id.rawValue)) }
    let whole = try present(among: all.filter { !isDeleted($0) }, range)
    return try (whole + searched(all.filter(isDeleted), range)).sorted()
  }

  /// Those of `all` with a sample inside `range`, where none of theirs was deleted.
  private func present(
    among all: [SeriesID], _ range: TimeRange
  ) throws(StoreError) -> [SeriesID] {
    if all.isEmpty || holdsAllSamples(range) { return all }
    guard horizon.byRule.isEmpty else { return try searched(all, range) }
    // What has outlived its retention is not there.
    let kept = TimeRange(
      start: max(range.start, Timestamp(nanoseconds: horizon.earliest)), end: range.end)
    var found = FoundSeries(among: all)
    for segment in segments where !found.isComplete {
      segment.segment.visitSeries(in: kept, first: segment.limit) { found.insert($0) }
    }
    for part in parts.joined().reversed() where part.info.range.overlaps(kept) {
      if found.isComplete { break }
      // Few that are still to be found are looked for one by one.
      if found.missingCount < part.info.seriesCount / Self.searchShare {
        try search(part, kept, &found)
      } else {
        try scan(part, kept, &found)
      }
    }
    return all.filter { found.contains($0) }
  }

  /// To look for one series costs about as much as to read so many entries of directories.
  private static let searchShare = 8

  /// Whether the range leaves out no series that there is: no sample lies outside of it, and none
  /// was deleted.
  public func isWhole(in range: TimeRange) -> Bool {
    deletions.isEmpty && holdsAllSamples(range)
  }

  private func holdsAllSamples(_ range: TimeRange) -> Bool {
    parts.joined().allSatisfy {
      range.start <= $0.info.range.start && $0.info.range.end <= range.end
    }
      && segments.allSatisfy { $0.segment.lies(in: range, first: $0.limit) }
  }

  /// Each series by its samples: the way after deletions and with retention by rules.
  private func searched(
    _ all: [SeriesID], _ range: TimeRange
  ) throws(StoreError) -> [SeriesID] {
    var reader = reader(in: range)
    var found: [SeriesID] = []
    for id in all where try reader.lastSample(of: id) != nil { found.append(id) }
    return found
  }

  private func search(
    _ part: Part, _ range: TimeRange, _ found: inout FoundSeries
  ) throws(StoreError) {
    let cursor = PartCursor(part)
    var reader = ChunkReader()
    for series in found.missing {
      var isPresent = false
      try cursor.chunks(of: series, in: range) { chunk, block throws(StoreError) in
        if isPresent { return }
        isPresent = try reader.hasSample(chunk, in: range, of: part, block, series)
      }
      if isPresent { found.insert(series) }
    }
  }

  private func scan(
    _ part: Part, _ range: TimeRange, _ found: inout FoundSeries
  ) throws(StoreError) {
    var reader = ChunkReader()
    var entries: [Block.Entry] = []
    for (position, block) in part.blocks.enumerated() {
      let (first, last) = (block.key.firstTime, block.key.lastTime)
      guard first <= range.end.nanoseconds, last >= range.start.nanoseconds else { continue }
      try part.readDirectory(position, into: &entries)
      let isInside = range.start.nanoseconds <= first && last <= range.end.nanoseconds
      for entry in entries where found.isMissing(entry.series) {
        if !isInside {
          let chunk = part.chunk(position, entry)
          guard try reader.hasSample(chunk, in: range, of: part, position, entry.series) else {
            continue
          }
        }
        found.insert(entry.series)
      }
    }
  }
}

/// Some series, and which of them were found.
private struct FoundSeries {
  private let all: [UInt32]
  private var wanted: Bitmap
  private var found: Bitmap
  private(set) var missingCount: Int

  init(among ids: [SeriesID]) {
    all = ids.map { UInt32(truncatingIfNeeded: $0.rawValue) }
    wanted = Bitmap(upTo: all.last ?? 0)
    found = wanted
    for id in all { wanted.insert(id) }
    missingCount = all.count
  }

  var isComplete: Bool { missingCount == 0 }

  /// Those not found yet, ascending.
  var missing: [UInt32] { all.filter { !found.contains($0) } }

  func isMissing(_ id: UInt32) -> Bool { wanted.contains(id) && !found.contains(id) }

  func contains(_ id: SeriesID) -> Bool { found.contains(UInt32(truncatingIfNeeded: id.rawValue)) }

  @inline(__always)
  mutating func insert(_ id: UInt32) {
    if wanted.contains(id), found.insert(id) { missingCount -= 1 }
  }
}

extension ChunkReader {
  /// Whether a chunk has a sample inside `range`; decoded only where its ends do not tell.
  fileprivate mutating func hasSample(
    _ chunk: UnsafeRawBufferPointer, in range: TimeRange, of part: Part, _ block: Int,
    _ series: UInt32
  ) throws(StoreError) -> Bool {
    let header = try Self.header(chunk, of: part, block, series)
    guard header.range.overlaps(range) else { return false }
    if range.contains(header.range.start) || range.contains(header.range.end) { return true }
    return try !samples(chunk, of: part, block, series).inside(range).isEmpty
  }
}

extension HeadSegment {
  /// Calls `body` with the series of each of the first `limit` points inside `range`.
  func visitSeries(in range: TimeRange, first limit: Int, _ body: (UInt32) -> Void) {
    let (start, end) = (range.start.nanoseconds, range.end.nanoseconds)
    for position in 0..<limit {
      let time = timestamps[position]
      if start <= time, time <= end { body(series[position]) }
    }
  }

  /// Whether all of the first `limit` points lie inside `range`.
  func lies(in range: TimeRange, first limit: Int) -> Bool {
    let (start, end) = (range.start.nanoseconds, range.end.nanoseconds)
    for position in 0..<limit where timestamps[position] < start || timestamps[position] > end {
      return false
    }
    return true
  }
}
