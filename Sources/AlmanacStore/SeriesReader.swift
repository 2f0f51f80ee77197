internal import AlmanacCodec
public import AlmanacCore

/// Reads the samples of series, one after the other; fastest in order of their numbers.
public struct SeriesReader: ~Copyable {
  let snapshot: Snapshot
  let range: TimeRange
  var reader = ChunkReader()
  private var buffer = SampleBuffer()
  /// Parts that reach into the range, in order of time, then of generation.
  let cursors: [PartCursor]
  /// For each of them the rollup to be used in its place, once one was asked for.
  var rollups: (longest: Resolution, cursors: [PartCursor?])?

  init(_ snapshot: Snapshot, _ range: TimeRange) {
    self.snapshot = snapshot
    self.range = range
    cursors = snapshot.parts.joined().filter { $0.info.range.overlaps(range) }
      .map { PartCursor($0) }
  }

  /// The samples of `id` inside the range.
  public mutating func samples(of id: SeriesID) throws(StoreError) -> Samples {
    try samples(of: id, in: kept(id))
  }

  /// The newest sample of `id` inside the range, decoding one chunk at most, and that once.
  public mutating func lastSample(
    of id: SeriesID
  ) throws(StoreError) -> (time: Int64, value: Double)? {
    let range = kept(id)
    guard snapshot.deletions.isEmpty else {
      return try samples(of: id, in: range).last
    }
    var newest: (time: Int64, value: Double)?
    // A later generation counts where two have a sample at one time.
    for segment in snapshot.segments.reversed() {
      let samples = segment.segment.samples(of: id, in: range, first: segment.limit)
      if let last = samples.last, newest.map({ $0.time < last.time }) ?? true { newest = last }
    }
    for cursor in cursors.reversed() {
      let end = cursor.part.info.range.end.nanoseconds
      if let newest, newest.time >= min(end, range.end.nanoseconds) { continue }
      if let last = try lastSample(of: id, cursor, range),
        newest.map({ $0.time < last.time }) ?? true
      {
        newest = last
      }
    }
    return newest
  }

  /// The newest sample of `id` in a part inside `range`.
  private mutating func lastSample(
    of id: SeriesID, _ cursor: PartCursor, _ range: TimeRange
  ) throws(StoreError) -> (time: Int64, value: Double)? {
    let part = cursor.part
    let series = UInt32(truncatingIfNeeded: id.rawValue)
    // Chunks come in order of time: the last that begins inside the range has it.
    var found: (bytes: UnsafeRawBufferPointer, header: Chunk.Header, block: Int)?
    try cursor.chunks(of: series, in: range) { chunk, block throws(StoreError) in
      let header = try ChunkReader.header(chunk, of: part, block, series)
      guard header.range.start <= range.end else {
        return try ChunkReader.verify(chunk, of: part, block, series)
      }
      found = (chunk, header, block)
    }
    guard let found else { return nil }
    guard found.header.range.end >= range.start else {
      try ChunkReader.verify(found.bytes, of: part, found.block, series)
      return nil
    }
    guard found.header.range.end <= range.end else {
      return try reader.samples(found.bytes, of: part, found.block, series).inside(range).last
    }
    let time = found.header.range.end.nanoseconds
    if let value = part.lastValues.value(of: series, at: time) { return (time, value) }
    guard
      let value = try reader.samples(found.bytes, of: part, found.block, series).values.last
    else { return nil }
    part.lastValues.remember(value, of: series, at: time)
    return (time, value)
  }

  /// The range without what `id` has outlived.
  func kept(_ id: SeriesID) -> TimeRange {
    let earliest = snapshot.horizon.earliest(of: UInt32(truncatingIfNeeded: id.rawValue))
    return TimeRange(
      start: max(range.start, Timestamp(nanoseconds: earliest)), end: range.end)
  }

  mutating func samples(
    of id: SeriesID, in range: TimeRange
  ) throws(StoreError) -> Samples {
    let series = UInt32(truncatingIfNeeded: id.rawValue)
    let hasDeletions = !snapshot.deletions.isEmpty
    // An error may have left something.
    buffer.removeAll()
    for cursor in cursors {
      let part = cursor.part
      try cursor.chunks(of: series, in: range) { chunk, block throws(StoreError) in
        let header = try ChunkReader.header(chunk, of: part, block, series)
        guard header.range.overlaps(range) else {
          return try ChunkReader.verify(chunk, of: part, block, series)
        }
        // Most chunks begin where the one before has ended.
        let isNext =
          buffer.count == 0
          || max(header.range.start, range.start).nanoseconds > buffer.lastTime
        if isNext, !hasDeletions {
          return try reader.append(
            chunk, header, inside: range, of: part, block, series, to: &buffer)
        }
        var samples = try reader.samples(chunk, of: part, block, series).inside(range)
        if hasDeletions {
          samples = snapshot.deletions.applied(
            to: samples, of: series, writtenUpTo: part.info.generations.upperBound)
        }
        buffer.merge(samples)
      }
    }
    for segment in snapshot.segments {
      if hasDeletions || !segment.segment.append(id, in: range, first: segment.limit, to: &buffer) {
        buffer.merge(newest(in: segment, of: id, range))
      }
    }
    return buffer.take()
  }

  func newest(
    in segment: Snapshot.Segment, of id: SeriesID, _ range: TimeRange
  ) -> Samples {
    let samples = segment.segment.samples(of: id, in: range, first: segment.limit)
    guard !snapshot.deletions.isEmpty else { return samples }
    return snapshot.deletions.applied(
      to: samples, of: UInt32(truncatingIfNeeded: id.rawValue),
      writtenUpTo: segment.segment.generation)
  }
}
