internal import AlmanacCodec
internal import AlmanacCore

/// Makes one part of several of a window: chunks grow, samples written twice or deleted go.
struct PartMerge {
  /// Chunks of at least so many samples that nothing overlaps are copied as they are.
  private static let fullChunk = Chunk.maximumCount / 2

  /// In order of generation, without a gap of their window between them.
  let inputs: [Part]
  let deletions: [Deletion]
  /// Samples before it have outlived their retention.
  let horizon: Horizon
  /// The first generation that is newer than all inputs: of the next part, or of the head.
  let nextGeneration: UInt64
  /// Whether what comes out will soon be merged again.
  let isDraft: Bool

  /// A chunk of the series being merged.
  private struct Piece {
    let bytes: UnsafeRawBufferPointer
    let header: Chunk.Header
    /// The position of its part in `inputs`.
    let input: Int
    let block: Int
  }

  /// Writes part `number`, which is durable but not in the catalog yet; nil where nothing is left.
  func run(
    _ number: UInt64, in store: any KeyValueStore, isCancelled: () -> Bool
  ) throws(StoreError) -> PartInfo? {
    guard let first = inputs.first, let last = inputs.last else { return nil }
    // What comes out is newer than the deletions that were applied, and older than what follows.
    let applied = deletions.map(\.generation).filter { $0 < nextGeneration }.max() ?? 0
    let upper = max(last.info.generations.upperBound, applied)
    let writer = try PartWriter(
      number, window: first.info.window,
      generations: first.info.generations.lowerBound...upper, isDraft: isDraft, in: store)
    var reader = ChunkReader()
    var scanners = inputs.map { PartScanner($0) }
    for index in scanners.indices { try scanners[index].load() }
    var pieces: [Piece] = []
    while let series = scanners.compactMap(\.series).min() {
      if isCancelled() { throw StoreError(.closed, "the store is closing") }
      pieces.removeAll(keepingCapacity: true)
      for index in scanners.indices {
        while scanners[index].series == series, let (bytes, block) = scanners[index].chunk {
          let header = try ChunkReader.header(bytes, of: inputs[index], block, series)
          pieces.append(Piece(bytes: bytes, header: header, input: index, block: block))
          try scanners[index].advance()
        }
      }
      try merge(series, pieces, &reader, into: writer)
    }
    return try writer.finish()
  }

  private func merge(
    _ series: UInt32, _ pieces: [Piece], _ reader: inout ChunkReader, into writer: PartWriter
  ) throws(StoreError) {
    let pieces = pieces.sorted { $0.header.range.start < $1.header.range.start }
    var pending = Samples()
    var index = 0
    while index < pieces.count {
      // Pieces that reach into each other belong together.
      var end = index + 1
      var last = pieces[index].header.range.end
      while end < pieces.count, pieces[end].header.range.start <= last {
        last = max(last, pieces[end].header.range.end)
        end += 1
      }
      let group = pieces[index..<end]
      index = end
      if group.count == 1, let piece = group.first, isUntouched(piece, series),
        piece.header.count >= (pieces.count == 1 ? PartWriter.smallChunk : Self.fullChunk)
      {
        try writer.add(series, pending)
        pending = Samples()
        try ChunkReader.verify(piece.bytes, of: inputs[piece.input], piece.block, series)
        try writer.add(series, chunk: piece.bytes, piece.header)
        continue
      }
      var merged = Samples()
      for piece in group.sorted(by: { $0.input < $1.input }) {
        let part = inputs[piece.input]
        var samples = try reader.samples(piece.bytes, of: part, piece.block, series)
        samples = deletions.applied(
          to: samples, of: series, writtenUpTo: part.info.generations.upperBound)
        merged = merged.merging(samples)
      }
      let earliest = Timestamp(nanoseconds: horizon.earliest(of: series))
      if let first = merged.firstTime, first < earliest {
        merged = merged.inside(TimeRange(start: earliest, end: TimeRange.all.end))
      }
      pending.append(merged)
      if pending.count >= Chunk.maximumCount {
        try writer.add(series, pending)
        pending = Samples()
      }
    }
    try writer.add(series, pending)
  }

  /// Whether all samples of a chunk stay.
  private func isUntouched(_ piece: Piece, _ series: UInt32) -> Bool {
    let range = piece.header.range
    let generation = inputs[piece.input].info.generations.upperBound
    return range.start.nanoseconds >= horizon.earliest(of: series)
      && !deletions.contains { $0.concerns(series, range, writtenUpTo: generation) }
  }
}

/// All chunks of a part in order of series and time.
struct PartScanner {
  private let part: Part
  private var block = 0
  private var index = 0
  private var entries: [Block.Entry] = []

  init(_ part: Part) { self.part = part }

  /// The series of the chunk here; nil at the end.
  var series: UInt32? { index < entries.count ? entries[index].series : nil }

  /// The chunk here and its block.
  var chunk: (UnsafeRawBufferPointer, Int)? {
    index < entries.count ? (part.chunk(block, entries[index]), block) : nil
  }

  /// Reads the directory of the block here; to be called once, before all else.
  mutating func load() throws(StoreError) {
    index = 0
    entries.removeAll(keepingCapacity: true)
    while block < part.blocks.count {
      try part.readDirectory(block, into: &entries)
      if !entries.isEmpty { return }
      block += 1
    }
  }

  mutating func advance() throws(StoreError) {
    index += 1
    guard index == entries.count else { return }
    block += 1
    try load()
  }
}

extension PartWriter {
  /// Adds all of `samples`.
  func add(_ series: UInt32, _ samples: Samples) throws(StoreError) {
    guard !samples.isEmpty else { return }
    let failure = samples.timestamps.withUnsafeBufferPointer { times in
      samples.values.withUnsafeBufferPointer { values -> StoreError? in
        do throws(StoreError) {
          try add(series, times, values)
          return nil
        } catch {
          return error
        }
      }
    }
    if let failure { throw failure }
  }
}
