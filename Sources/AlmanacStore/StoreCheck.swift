internal import AlmanacCodec
internal import AlmanacCore
internal import Glibc

/// Reads everything that a store consists of and says what is damaged.
public struct StoreCheck: Sendable {
  /// Something that cannot be read.
  public struct Damage: Sendable {
    /// Where it is and what is wrong.
    public var message: String
    /// Where it was set aside; nil where it was left.
    public var setAside: String?
  }

  /// What was read, without what is damaged.
  public private(set) var parts = 0
  /// Blocks of parts.
  public private(set) var blocks = 0
  /// Samples in chunks.
  public private(set) var sealedSamples = 0
  /// Points in journals.
  public private(set) var journalPoints = 0
  /// Series in the catalog.
  public private(set) var series = 0
  /// What cannot be read.
  public private(set) var damages: [Damage] = []

  private let keyValues: LMDBStore
  private let directory: String
  private let isRepair: Bool

  /// Checks the store in `directory`, which may be in use unless it is to be repaired.
  ///
  /// - Parameter repair: Whether damaged blocks and journal records are set aside, as files in the
  ///   folder `damaged`, so that the store opens and keeps the rest.
  public init(directory: String, repair: Bool = false) throws(StoreError) {
    self.directory = directory
    isRepair = repair
    let lock = repair ? try DirectoryLock(directory: directory) : nil
    defer { withExtendedLifetime(lock) {} }
    keyValues = try LMDBStore(directory: directory, isReadOnly: !repair)
    let catalog = try Catalog(keyValues, directory: directory)
    do throws(StoreError) {
      var count = 0
      try catalog.eachSeries { _, key throws(StoreError) in
        count += 1
        guard SeriesKey(encoded: key) != nil else {
          throw StoreError(.damaged, "the key of a series cannot be read")
        }
      }
      series = count
      _ = try catalog.deletions()
    } catch {
      damages.append(Damage(message: "catalog: \(error)"))
    }
    // Rollups first: they go with parts that are repaired.
    let known = try catalog.parts()
    for info in known where info.rollup != nil { try check(info, catalog) }
    for info in known where info.rollup == nil { try check(info, catalog) }
    let sealed = try catalog.sealedGeneration()
    for name in try keyValues.partitions(.journal) where name.number > sealed {
      try check(journal: name)
    }
  }

  // MARK: - Parts

  private mutating func check(_ info: PartInfo, _ catalog: Catalog) throws(StoreError) {
    let part: Part
    do throws(StoreError) {
      part = try Part(info, in: keyValues)
    } catch {
      // A server beside us may have merged it away.
      if !isRepair, try !catalog.parts().contains(info) { return }
      var damage = Damage(message: "\(error)")
      if isRepair { damage.setAside = try salvage(info, catalog) }
      damages.append(damage)
      return
    }
    parts += 1
    var damagedBlocks: Set<Int> = []
    for position in part.blocks.indices {
      do throws(StoreError) {
        let count = try samples(inBlock: position, of: part)
        if info.rollup == nil { sealedSamples += count }
        blocks += 1
      } catch {
        var damage = Damage(message: "\(error)")
        if isRepair {
          damagedBlocks.insert(position)
          damage.setAside = try setAside(
            Array(part.blocks[position].entry.value),
            as: "part-\(info.number)-block-\(position)")
        }
        damages.append(damage)
      }
    }
    guard !damagedBlocks.isEmpty else { return }
    if info.rollup == nil {
      try rewrite(part, without: damagedBlocks, catalog)
    } else {
      // Without some of its series it would say that they have no samples. It is made anew.
      try replace(info, by: nil, catalog)
    }
    try keyValues.drop(info.name)
  }

  /// Makes `output` known in the place of a part, whose rollups go with it.
  private func replace(
    _ info: PartInfo, by output: PartInfo?, _ catalog: Catalog
  ) throws(StoreError) {
    let rollups = try catalog.parts().filter { $0.rollup?.part == info.number }
    try catalog.partition.apply(
      ([info] + rollups).map { Catalog.remove($0) } + (output.map { [Catalog.put($0)] } ?? []))
    for rollup in rollups { try keyValues.drop(rollup.name) }
  }

  /// Decodes all chunks of a block; returns how many samples they have.
  private func samples(inBlock position: Int, of part: Part) throws(StoreError) -> Int {
    var entries: [Block.Entry] = []
    var reader = ChunkReader()
    try part.readDirectory(position, into: &entries)
    let key = part.blocks[position].key
    var count = 0
    for entry in entries {
      let samples = try reader.samples(
        part.chunk(position, entry), of: part, position, entry.series)
      guard key.holds(entry.series), let first = samples.timestamps.first,
        let last = samples.timestamps.last, key.firstTime <= first, last <= key.lastTime
      else {
        throw StoreError(
          .damaged,
          "\(part.info.name): block \(position): a chunk of series \(entry.series) is not where "
            + "its key says")
      }
      count += samples.count
    }
    return count
  }

  /// Keeps the whole chunks of a part that does not open, and sets its file aside.
  private func salvage(_ info: PartInfo, _ catalog: Catalog) throws(StoreError) -> String? {
    if info.rollup == nil, let part = try? Part(salvaging: info, in: keyValues) {
      try rewrite(part, without: Set(part.blocks.indices), catalog)
    } else {
      try replace(info, by: nil, catalog)
    }
    guard access(keyValues.path(of: info.name), F_OK) == 0 else { return "nothing: it is missing" }
    return try setAside(file: info.name)
  }

  /// Makes a part with the whole blocks of `part`, and the whole chunks of its damaged ones, known
  /// in its place.
  private func rewrite(
    _ part: Part, without damaged: Set<Int>, _ catalog: Catalog
  ) throws(StoreError) {
    let number = (try keyValues.partitions(.part).last?.number ?? 0) + 1
    let writer = try PartWriter(
      number, window: part.info.window, generations: part.info.generations, isDraft: false,
      in: keyValues)
    var entries: [Block.Entry] = []
    var reader = ChunkReader()
    for position in part.blocks.indices {
      do throws(StoreError) {
        try part.readDirectory(position, into: &entries)
      } catch {
        continue
      }
      for entry in entries {
        let chunk = part.chunk(position, entry)
        let isWhole =
          !damaged.contains(position)
          || (try? reader.samples(chunk, of: part, position, entry.series)) != nil
        guard isWhole, let header = try? Chunk.header(chunk) else { continue }
        try writer.add(entry.series, chunk: chunk, header)
      }
    }
    try replace(part.info, by: try writer.finish(), catalog)
  }

  // MARK: - Journals

  private mutating func check(journal name: PartitionName) throws(StoreError) {
    var damaged: [(key: [UInt8], bytes: [UInt8], error: StoreError)] = []
    var points = 0
    let journal: any KeyValuePartition
    do throws(StoreError) {
      journal = try keyValues.open(name)
      try journal.scan(prefix: []) { key, bytes throws(StoreError) in
        do throws(StoreError) {
          points += try JournalRecord.decode(bytes).values.count
        } catch {
          damaged.append((Array(key), Array(bytes), error))
        }
        return true
      }
    } catch {
      // A server beside us may have sealed it meanwhile.
      if !isRepair, access(keyValues.path(of: name), F_OK) != 0 { return }
      var damage = Damage(message: "\(name): \(error)")
      if isRepair { damage.setAside = try setAside(file: name) }
      damages.append(damage)
      return
    }
    journalPoints += points
    for (key, bytes, error) in damaged {
      var damage = Damage(message: "\(name): \(error)")
      if isRepair {
        let number = key.withUnsafeBytes { $0.bigEndian(at: 0, as: UInt64.self) }
        damage.setAside = try setAside(bytes, as: "journal-\(name.number)-record-\(number)")
        try journal.apply([.remove(key: key)])
      }
      damages.append(damage)
    }
  }

  // MARK: - Setting aside

  private func folder() throws(StoreError) -> String {
    let folder = directory + "/damaged"
    try Directory.make(folder)
    return folder
  }

  private func setAside(_ bytes: [UInt8], as name: String) throws(StoreError) -> String {
    let path = try folder() + "/\(name)"
    try Directory.write(bytes, to: path)
    return path
  }

  private func setAside(file name: PartitionName) throws(StoreError) -> String {
    let path = try folder() + "/\(name.kind)-\(name.number).mdb"
    guard rename(keyValues.path(of: name), path) == 0 else {
      throw StoreError(errno: errno, "set aside", keyValues.path(of: name))
    }
    return path
  }
}
