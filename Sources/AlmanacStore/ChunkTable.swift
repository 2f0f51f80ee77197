internal import AlmanacCodec
internal import AlmanacCore

/// Chunks of all series under (series, first time). Chunks of one series never overlap in time.
struct ChunkTable {
  /// Chunks are cut at this many samples.
  static let maximumSamples = 1920

  let table: Environment.Table

  /// The samples of `id` inside `range`.
  func samples(
    of id: SeriesID, in range: TimeRange, _ transaction: borrowing ReadTransaction
  ) throws(StoreError) -> Samples {
    var all = Samples()
    try scan(id, range, transaction) { _, bytes throws(StoreError) in
      all.append(try Self.decode(bytes, of: id))
    }
    return all.inside(range)
  }

  /// The newest sample of `id` inside `range`, decoding one chunk only.
  func lastSample(
    of id: SeriesID, in range: TimeRange, _ transaction: borrowing ReadTransaction
  ) throws(StoreError) -> (time: Int64, value: Double)? {
    let found = try transaction.withCursor(table) { cursor throws(StoreError) -> Samples? in
      let after = try cursor.seek(Keys.chunk(id, start: range.end.nanoseconds))
      var entry = after
      if let key = after?.key, Self.start(key, of: id) == range.end.nanoseconds {
        // A chunk begins exactly there: its first sample is the answer.
      } else {
        entry = after == nil ? try cursor.last() : try cursor.previous()
      }
      guard let (key, bytes) = entry, Keys.chunkSeries(key) == id else { return nil }
      return try Self.decode(bytes, of: id).inside(range)
    }
    guard let time = found?.timestamps.last, let value = found?.values.last else { return nil }
    return (time, value)
  }

  /// What sealing `samples` changes: chunks that go and chunks that come.
  func replacement(
    for id: SeriesID, sealing samples: Samples, _ transaction: borrowing ReadTransaction
  ) throws(StoreError) -> ChunkReplacement {
    guard let first = samples.firstTime, let last = samples.lastTime else {
      return ChunkReplacement(id: id, removed: [], added: [])
    }
    var removed: [Int64] = []
    var old = Samples()
    // Also the chunk before, where it has room: small chunks grow instead of piling up.
    try scan(id, TimeRange(start: first, end: last), transaction, withPrevious: true) {
      start, bytes throws(StoreError) in
      let header = try Self.header(bytes, of: id)
      guard header.range.end >= first || header.count < Self.maximumSamples else { return }
      removed.append(start)
      old.append(try Self.decode(bytes, of: id))
    }
    let merged = old.merging(samples)
    var added: [(start: Int64, bytes: [UInt8])] = []
    var from = 0
    while from < merged.count {
      let to = min(from + Self.maximumSamples, merged.count)
      let piece = merged.slice(from..<to)
      // A full chunk is rewritten only by late data: it is cold from here on.
      let bytes = Chunk.encode(piece, isCold: piece.count == Self.maximumSamples)
      added.append((piece.timestamps[0], bytes))
      from = to
    }
    return ChunkReplacement(id: id, removed: removed, added: added)
  }

  /// Makes the change that `replacement(for:sealing:_:)` found.
  func apply(
    _ change: ChunkReplacement, in transaction: borrowing WriteTransaction
  ) throws(StoreError) {
    for start in change.removed {
      try transaction.remove(Keys.chunk(change.id, start: start), in: table)
    }
    for (start, bytes) in change.added {
      try transaction.put(Keys.chunk(change.id, start: start), bytes, in: table)
    }
  }

  /// Calls `body` with the chunks of `id` that reach into `range`, in order of time, and with the
  /// one before them too where asked.
  private func scan(
    _ id: SeriesID, _ range: TimeRange, _ transaction: borrowing ReadTransaction,
    withPrevious: Bool = false,
    _ body: (Int64, UnsafeRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard !range.isEmpty else { return }
    try transaction.withCursor(table) { cursor throws(StoreError) in
      var entry = try cursor.seek(Keys.chunk(id, start: range.start.nanoseconds))
      // The chunk before may reach into the range.
      if Self.start(entry?.key, of: id) != range.start.nanoseconds || withPrevious {
        let previous = entry == nil ? try cursor.last() : try cursor.previous()
        if let (key, bytes) = previous, let start = Self.start(key, of: id) {
          let end = try Self.header(bytes, of: id).range.end
          if withPrevious || end >= range.start { try body(start, bytes) }
        }
        entry = previous == nil ? try cursor.seek([]) : try cursor.next()
      }
      while let (key, bytes) = entry, let start = Self.start(key, of: id),
        start <= range.end.nanoseconds
      {
        try body(start, bytes)
        entry = try cursor.next()
      }
    }
  }

  /// The first time of the chunk under `key`, or nil where it belongs to another series.
  private static func start(_ key: UnsafeRawBufferPointer?, of id: SeriesID) -> Int64? {
    guard let key, Keys.chunkSeries(key) == id else { return nil }
    return Int64(bitPattern: key.bigEndian(at: 8, as: UInt64.self) ^ (1 << 63))
  }

  private static func header(
    _ bytes: UnsafeRawBufferPointer, of id: SeriesID
  ) throws(StoreError) -> Chunk.Header {
    do {
      return try Chunk.header(bytes)
    } catch {
      throw StoreError(.damaged, "cannot read a chunk of series \(id.rawValue): \(error)")
    }
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, of id: SeriesID
  ) throws(StoreError) -> Samples {
    do {
      return try Chunk.decode(bytes)
    } catch {
      throw StoreError(.damaged, "cannot read a chunk of series \(id.rawValue): \(error)")
    }
  }
}

/// Chunks of one series that are replaced together.
struct ChunkReplacement: Sendable {
  let id: SeriesID
  /// First times of the chunks that go.
  let removed: [Int64]
  /// The chunks that come.
  let added: [(start: Int64, bytes: [UInt8])]

  /// Bytes to write.
  var byteCount: Int { added.reduce(0) { $0 + $1.bytes.count } }
}
