internal import AlmanacCodec
internal import AlmanacCore

/// Sealed samples of many series in one window: an immutable file of blocks in order of series.
final class Part: Sendable {
  /// A block as it is found without reading it.
  struct BlockReference: Sendable {
    let key: Block.Key
    let entry: FrozenEntry
  }

  let info: PartInfo
  let blocks: [BlockReference]
  /// What sums up its samples, one each resolution at most.
  let rollups: [Part]
  let lastValues = LastValues()
  let marks = PartMarks()
  /// Keeps the memory of the blocks.
  private let partition: any FrozenPartition

  /// Opens a part; its blocks are not read.
  convenience init(
    _ info: PartInfo, in store: any KeyValueStore, rollups: [Part] = []
  ) throws(StoreError) {
    let partition = try store.frozen(info.name)
    var blocks: [BlockReference] = []
    blocks.reserveCapacity(partition.entries.count)
    var checksum: UInt32 = 0
    for entry in partition.entries {
      guard let key = Block.Key(entry.key),
        blocks.last.map({ $0.key.lastSeries <= key.firstSeries }) ?? true
      else { throw StoreError(.damaged, "\(info.name): the key of a block cannot be read") }
      checksum = Block.checksum(checksum, entry.key)
      blocks.append(BlockReference(key: key, entry: entry))
    }
    guard blocks.count == info.blockCount else {
      throw StoreError(
        .damaged,
        "\(info.name): it has \(blocks.count) blocks and the catalog knows \(info.blockCount)")
    }
    guard checksum == info.keysChecksum else {
      throw StoreError(.damaged, "\(info.name): the keys of its blocks have a wrong checksum")
    }
    self.init(info, partition, blocks, rollups)
  }

  /// Opens parts, each with its rollups.
  static func open(
    _ infos: [PartInfo], in store: any KeyValueStore
  ) throws(StoreError) -> [Part] {
    var rollups: [UInt64: [Part]] = [:]
    for info in infos {
      guard let rollup = info.rollup else { continue }
      rollups[rollup.part, default: []].append(try Part(info, in: store))
    }
    var parts: [Part] = []
    for info in infos where info.rollup == nil {
      parts.append(try Part(info, in: store, rollups: rollups[info.number] ?? []))
    }
    return parts
  }

  /// What can be read of a part that does not open: the blocks whose keys and directories are
  /// whole, in order.
  convenience init(salvaging info: PartInfo, in store: any KeyValueStore) throws(StoreError) {
    let partition = try store.frozen(info.name)
    var blocks: [BlockReference] = []
    var entries: [Block.Entry] = []
    for entry in partition.entries {
      guard let key = Block.Key(entry.key),
        (try? Block.readDirectory(entry.key, entry.value, into: &entries)) != nil
      else { continue }
      blocks.append(BlockReference(key: key, entry: entry))
    }
    var ordered: [BlockReference] = []
    for block in blocks.sorted(by: { $0.key.number < $1.key.number }) {
      guard let last = ordered.last?.key else {
        ordered.append(block)
        continue
      }
      if last.number < block.key.number, last.lastSeries <= block.key.firstSeries {
        ordered.append(block)
      }
    }
    self.init(info, partition, ordered, [])
  }

  private init(
    _ info: PartInfo, _ partition: any FrozenPartition, _ blocks: [BlockReference],
    _ rollups: [Part]
  ) {
    self.info = info
    self.rollups = rollups
    self.partition = partition
    self.blocks = blocks
  }

  /// What the catalog knows about the part and its rollups.
  var infos: [PartInfo] { [info] + rollups.map(\.info) }

  /// The rollup of the longest buckets up to `longest`; nil where there is none.
  func rollup(upTo longest: Resolution) -> Part? {
    Resolution.allCases.reversed().filter { $0 <= longest }.lazy
      .compactMap { resolution in
        self.rollups.first { $0.info.rollup?.resolution == resolution }
      }.first
  }

  /// Bytes on disk, rollups included.
  var byteCount: Int { infos.reduce(0) { $0 + $1.byteCount } }

  /// The position of the first block that may hold `series`.
  func firstBlock(of series: UInt32) -> Int {
    blocks.indices.partitionPoint { blocks[$0].key.lastSeries >= series }
  }

  /// Reads the directory of the block at `position`.
  func readDirectory(_ position: Int, into entries: inout [Block.Entry]) throws(StoreError) {
    let entry = blocks[position].entry
    do throws(StoreError) {
      try Block.readDirectory(entry.key, entry.value, into: &entries)
    } catch {
      throw StoreError(error.code, "\(info.name): block \(position) \(error.message)")
    }
  }

  /// Adds the numbers of all series that have chunks to `numbers`.
  func insertSeries(into numbers: inout Set<UInt32>) throws(StoreError) {
    var entries: [Block.Entry] = []
    for position in blocks.indices {
      try readDirectory(position, into: &entries)
      for entry in entries { numbers.insert(entry.series) }
    }
  }

  /// The bytes of one chunk.
  func chunk(_ position: Int, _ entry: Block.Entry) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: blocks[position].entry.value[entry.start..<entry.end])
  }

  /// Whether reading the block at `position` needs no disk.
  func isInMemory(_ position: Int) -> Bool {
    partition.isInMemory(blocks[position].entry.value)
  }

  /// What is said of a chunk that cannot be read.
  func error(_ position: Int, _ series: UInt32, _ cause: CodecError) -> StoreError {
    StoreError(
      cause.code == .unknownFormat ? .unknownFormat : .damaged,
      "\(info.name): block \(position): a chunk of series \(series): \(cause)")
  }
}

/// Finds the chunks of one series after the other; fast where their numbers ascend.
final class PartCursor {
  let part: Part
  private var loaded = -1
  private var entries: [Block.Entry] = []
  /// Where the last search ended in `entries`.
  private var hint = 0

  init(_ part: Part) { self.part = part }

  /// Calls `body` with each chunk of `series` in blocks that reach into `range`, in order of time.
  func chunks(
    of series: UInt32, in range: TimeRange,
    _ body: (UnsafeRawBufferPointer, _ block: Int) throws(StoreError) -> Void
  ) throws(StoreError) {
    try eachBlock(of: series, in: range) { position throws(StoreError) in
      if loaded != position {
        loaded = -1
        try part.readDirectory(position, into: &entries)
        loaded = position
        hint = 0
      }
      var index = lowerBound(series)
      hint = index
      while index < entries.count, entries[index].series == series {
        try body(part.chunk(position, entries[index]), position)
        index += 1
      }
    }
  }

  /// Whether the blocks that `chunks(of:in:)` would read are in memory.
  func isInMemory(_ series: UInt32, in range: TimeRange) -> Bool {
    var isInMemory = true
    eachBlock(of: series, in: range) { position in
      isInMemory = isInMemory && part.isInMemory(position)
    }
    return isInMemory
  }

  /// Calls `body` with the position of each block that may hold `series` and reaches into `range`.
  private func eachBlock<E: Error>(
    of series: UInt32, in range: TimeRange, _ body: (Int) throws(E) -> Void
  ) throws(E) {
    var position = loaded
    // Most often the series is in the block that was read last.
    if position < 0 || !part.blocks[position].key.holds(series)
      || (position > 0 && part.blocks[position - 1].key.lastSeries >= series)
    {
      position = part.firstBlock(of: series)
    }
    while position < part.blocks.count, part.blocks[position].key.firstSeries <= series {
      let key = part.blocks[position].key
      if key.lastTime >= range.start.nanoseconds, key.firstTime <= range.end.nanoseconds {
        try body(position)
      }
      position += 1
    }
  }

  private func lowerBound(_ series: UInt32) -> Int {
    var low = 0
    let high = entries.count
    if hint < high, entries[hint].series <= series {
      low = hint
      // A few steps ahead before the search.
      for _ in 0..<4 where low < high && entries[low].series < series { low += 1 }
      if low == high || entries[low].series >= series { return low }
    }
    return (low..<high).partitionPoint { entries[$0].series >= series }
  }
}

extension Block.Key {
  /// Whether the block may hold chunks of `series`.
  func holds(_ series: UInt32) -> Bool { firstSeries <= series && series <= lastSeries }
}
