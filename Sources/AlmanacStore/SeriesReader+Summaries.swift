internal import AlmanacCodec
public import AlmanacCore

extension SeriesReader {
  /// The summaries of the buckets of `id` inside the range, which is made of whole buckets.
  ///
  /// Rollups of buckets up to `rollups` are used where they hold all that there is; a bucket may
  /// then come in several pieces. Without rollups hours come from what chunks store, where that
  /// suffices, with the same bits as from samples.
  public mutating func summaries(
    of id: SeriesID, by resolution: Resolution, rollups longest: Resolution?
  ) throws(StoreError) -> [Summary] {
    if let longest, let rollups = rollups(upTo: min(longest, resolution)) {
      return try summaries(of: id, by: resolution, rollups)
    }
    if resolution == .hour, let stored = try storedHours(of: id) { return stored }
    return try samples(of: id).summaries(of: resolution)
  }

  // MARK: - Hours in chunks

  /// What the chunks store, where every sample of the series in the range is in one of them.
  private mutating func storedHours(of id: SeriesID) throws(StoreError) -> [Summary]? {
    let series = UInt32(truncatingIfNeeded: id.rawValue)
    let range = range
    guard snapshot.deletions.isEmpty, kept(id) == range else { return nil }
    for segment in snapshot.segments where !newest(in: segment, of: id, range).isEmpty {
      return nil
    }
    var hours: [Summary] = []
    var isStored = true
    for cursor in cursors where isStored {
      let part = cursor.part
      try cursor.chunks(of: series, in: range) { chunk, block throws(StoreError) in
        let header = try ChunkReader.header(chunk, of: part, block, series)
        guard isStored else { return }
        guard header.range.overlaps(range) else {
          return try ChunkReader.verify(chunk, of: part, block, series)
        }
        guard let stored = try reader.hours(chunk, of: part, block, series) else {
          isStored = false
          return
        }
        for hour in stored where hour.end > range.start.nanoseconds {
          guard hour.end <= range.end.nanoseconds else { break }
          // An hour that two chunks share is whole in neither.
          if let last = hours.last, last.end >= hour.end { isStored = false }
          hours.append(hour)
        }
      }
    }
    return isStored ? hours : nil
  }

  // MARK: - Rollups

  /// For each part in the range the rollup of the longest buckets up to `longest`; nil where no
  /// part has one.
  private mutating func rollups(upTo longest: Resolution) -> [PartCursor?]? {
    if rollups?.longest != longest {
      rollups = (longest, cursors.map { $0.part.rollup(upTo: longest).map { PartCursor($0) } })
    }
    return rollups?.cursors.contains { $0 != nil } == true ? rollups?.cursors : nil
  }

  /// Takes a bucket from a rollup where its part alone has samples there, and sums up the samples
  /// of every bucket that anything else has a part in.
  private mutating func summaries(
    of id: SeriesID, by resolution: Resolution, _ rollups: [PartCursor?]
  ) throws(StoreError) -> [Summary] {
    let series = UInt32(truncatingIfNeeded: id.rawValue)
    let (range, kept) = (range, kept(id))
    var mixed = BucketRanges(resolution, in: range)
    var found: [(summary: Summary, part: Int)] = []
    for (index, cursor) in cursors.enumerated() {
      let part = cursor.part
      if let rollup = rollups[index] {
        for summary in try stored(rollup, of: series) { found.append((summary, index)) }
        for deletion in snapshot.deletions
        where deletion.concerns(series, range, writtenUpTo: part.info.generations.upperBound) {
          mixed.insert(deletion.range)
        }
      } else {
        try cursor.chunks(of: series, in: range) { chunk, block throws(StoreError) in
          mixed.insert(try ChunkReader.header(chunk, of: part, block, series).range)
        }
      }
    }
    for segment in snapshot.segments {
      for time in newest(in: segment, of: id, range).timestamps {
        let time = Timestamp(nanoseconds: time)
        mixed.insert(TimeRange(start: time, end: time))
      }
    }
    if kept.start > range.start { mixed.insert(TimeRange(start: range.start, end: kept.start)) }
    found.sort { ($0.summary.end, $0.part) < ($1.summary.end, $1.part) }
    for (one, next) in zip(found, found.dropFirst()) where one.part != next.part {
      let end = Summary.end(holding: next.summary.end, of: resolution)
      guard Summary.end(holding: one.summary.end, of: resolution) == end else { continue }
      let time = Timestamp(nanoseconds: end)
      mixed.insert(TimeRange(start: time, end: time))
    }
    var all = found.map(\.summary)
    for range in mixed.merged {
      all.removeAll { range.contains(Timestamp(nanoseconds: $0.end)) }
      let range = TimeRange(start: max(range.start, kept.start), end: range.end)
      if !range.isEmpty { all += try samples(of: id, in: range).summaries(of: resolution) }
    }
    all.sort { $0.end < $1.end }
    return all
  }

  /// What a rollup stores of a series inside the range.
  private mutating func stored(
    _ rollup: PartCursor, of series: UInt32
  ) throws(StoreError) -> [Summary] {
    let (part, range) = (rollup.part, range)
    var found: [Summary] = []
    var group: [Samples] = []
    try rollup.chunks(of: series, in: range) { chunk, block throws(StoreError) in
      let header = try ChunkReader.header(chunk, of: part, block, series)
      guard header.range.overlaps(range) else { return }
      group.append(try reader.samples(chunk, of: part, block, series).inside(range))
      guard group.count == RollupWriter.columns else { return }
      guard group.allSatisfy({ $0.timestamps == group[0].timestamps }) else {
        throw StoreError(
          .damaged, "\(part.info.name): block \(block): series \(series): columns do not fit")
      }
      for (index, end) in group[0].timestamps.enumerated() {
        let sum = NearDecimal(decimal: group[3].values[index], steps: group[4].values[index])
        found.append(
          Summary(
            end: end, count: Int(exactly: group[0].values[index]) ?? 0,
            minimum: group[1].values[index], maximum: group[2].values[index],
            sum: sum.number))
      }
      group.removeAll(keepingCapacity: true)
    }
    return found
  }
}

/// Ranges made of whole buckets.
private struct BucketRanges {
  /// Ranges that are nearer to each other are read as one: about what one chunk spans.
  private static let gap = Interval.days(1)

  private let resolution: Resolution
  private let bounds: TimeRange
  private var ranges: [TimeRange] = []

  /// No bucket of `bounds`, which is made of whole ones.
  init(_ resolution: Resolution, in bounds: TimeRange) {
    self.resolution = resolution
    self.bounds = bounds
  }

  /// Adds the buckets that `range` reaches into.
  mutating func insert(_ range: TimeRange) {
    let first = max(range.start, bounds.start)
    let last = min(range.end, bounds.end)
    guard first <= last else { return }
    if let known = ranges.last, known.start <= first, last <= known.end { return }
    let start = Summary.end(holding: first.nanoseconds, of: resolution) - (resolution.length - 1)
    let end = Summary.end(holding: last.nanoseconds, of: resolution)
    ranges.append(
      TimeRange(start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: end)))
  }

  /// The ranges in order, without those that lie near to each other.
  var merged: [TimeRange] {
    var merged: [TimeRange] = []
    for range in ranges.sorted(by: { $0.start < $1.start }) {
      if let last = merged.last, range.start <= last.end + Self.gap {
        merged[merged.count - 1].end = max(last.end, range.end)
      } else {
        merged.append(range)
      }
    }
    return merged
  }
}
