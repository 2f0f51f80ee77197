/// What a cache knew at one moment; keeps it alive.
struct CacheView: Sendable {
  let generation: UInt64
  let seed: UInt64
  let current: CacheHalf
  let currentSlots: CacheSlots
  let old: CacheHalf?
  let oldSlots: CacheSlots?

  init(generation: UInt64, seed: UInt64, current: CacheHalf, old: CacheHalf?) {
    self.generation = generation
    self.seed = seed
    self.current = current
    currentSlots = current.slots
    self.old = old
    oldSlots = old?.slots
  }
}

/// Looks up series for one body. The view that it was made from must outlive it.
struct CacheReader {
  /// What prefixes of the body are hashed with.
  let prefixSeed: UInt64
  private let nameSeed: UInt64
  private let current: CacheIndex
  private let old: CacheIndex
  /// The records of the name of the database in both halves, or 0.
  private let currentOwner: UInt32
  private let oldOwner: UInt32

  init(_ view: CacheView, database: [UInt8]) {
    nameSeed = view.seed
    prefixSeed = Self.prefixSeed(database, view.seed)
    current = view.current.index(of: view.currentSlots)
    currentOwner = database.withUnsafeBytes { [current] in current.findName($0, seed: view.seed) }
    if let half = view.old, let slots = view.oldSlots {
      let index = half.index(of: slots)
      old = index
      oldOwner = database.withUnsafeBytes { index.findName($0, seed: view.seed) }
    } else {
      old = current
      oldOwner = 0
    }
  }

  /// The same prefix means another series in another database.
  static func prefixSeed(_ database: [UInt8], _ seed: UInt64) -> UInt64 {
    database.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return ~seed }
      return hash(start, bytes.count, ~seed)
    }
  }

  /// The record of a prefix, and whether it is in the half that will be forgotten next.
  @inline(__always)
  func find(
    _ start: UnsafeRawPointer, _ count: Int, hash: UInt64
  ) -> (record: CacheRecord, isOld: Bool)? {
    if currentOwner != 0 {
      let number = current.find(start, count, hash: hash, owner: currentOwner)
      if number != 0 { return (current.record(number), false) }
    }
    return oldOwner != 0 ? findOld(start, count, hash: hash) : nil
  }

  @inline(never)
  private func findOld(
    _ start: UnsafeRawPointer, _ count: Int, hash: UInt64
  ) -> (record: CacheRecord, isOld: Bool)? {
    let number = old.find(start, count, hash: hash, owner: oldOwner)
    return number == 0 ? nil : (old.record(number), true)
  }

  /// The name of a field of a prefix.
  @inline(__always)
  func name(_ field: CacheRecord.Field, isOld: Bool) -> CacheRecord {
    (isOld ? old : current).record(field.name)
  }

  /// The position of the field of `prefix` with this raw name.
  func field(
    of prefix: CacheRecord, isOld: Bool, _ start: UnsafeRawPointer, _ count: Int
  ) -> Int? {
    let index = isOld ? old : current
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let name = index.findName(bytes, seed: nameSeed)
    if name == 0 { return nil }
    for position in 0..<prefix.fieldCount where prefix.field(position).name == name {
      return position
    }
    return nil
  }

  /// The first slot that `find` will look at; loads it from memory.
  @inline(__always)
  func slot(_ hash: UInt64) -> UInt64 { current.slot(hash) }

  /// The first bytes of the record in a slot; loads them from memory.
  @inline(__always)
  func head(ofSlot slot: UInt64) -> UInt64 {
    slot == 0 ? 0 : current.record(UInt32(truncatingIfNeeded: slot)).head
  }
}
