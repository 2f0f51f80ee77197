internal import Synchronization

/// One of the two halves of a `SeriesCache`: records in an arena, found by the hash of their bytes.
///
/// A record never changes or moves once a slot names it, so that readers need no lock: they keep the
/// half and the slots of one moment and miss what came later. One thread at a time adds.
final class CacheHalf: @unchecked Sendable {
  /// The most fields of one prefix that are kept.
  static let fieldLimit = 1024

  /// The table in use; readers keep theirs when a larger one takes its place.
  private(set) var slots = CacheSlots(capacity: 64)
  private let arena: UnsafeMutableRawPointer
  private let limit: Int
  private let tagMask: UInt32
  /// The first eight bytes are no record: zero stands for none.
  private var used = 8
  private var count = 0

  /// A half of at most `limit` bytes. `tagMask` weakens the hash, for tests.
  init(limit: Int, tagMask: UInt32) {
    // What is not written to takes no memory.
    arena = .allocate(byteCount: limit + 16, alignment: 8)
    self.limit = limit
    self.tagMask = tagMask
  }

  deinit { arena.deallocate() }

  /// The memory in use.
  var bytes: Int { used + slots.bytes }

  /// What finds records, as of now.
  var index: CacheIndex { index(of: slots) }

  /// What finds the records that `slots`, once or still those of this half, name.
  func index(of slots: CacheSlots) -> CacheIndex {
    CacheIndex(slots: slots.words, mask: slots.capacity - 1, arena: arena, tagMask: tagMask)
  }

  /// Whether as many bytes of records can be added.
  func hasRoom(for bytes: Int, records: Int) -> Bool {
    let slots = CacheSlots.capacity(for: count + records, atLeast: slots.capacity)
    return used + bytes + slots * 8 <= limit
  }

  /// Adds a record, in the place of number `replaced` unless that is 0.
  ///
  /// - Precondition: there is room.
  /// - Returns: the number of the record.
  func add(
    _ bytes: UnsafeRawBufferPointer, hash: UInt64, owner: UInt32,
    fields: [CacheRecord.Field], replacing replaced: UInt32 = 0
  ) -> UInt32 {
    let size = CacheRecord.size(count: bytes.count, fields: fields.count)
    precondition(used + size <= limit, "BUG: no room for a record of \(size) bytes")
    let number = UInt32(used / 8)
    CacheRecord.write(bytes, owner: owner, fields: fields, to: arena + used)
    used += size
    if replaced == 0 {
      count += 1
      let capacity = CacheSlots.capacity(for: count, atLeast: slots.capacity)
      if capacity > slots.capacity { slots = CacheSlots(capacity: capacity, copying: slots) }
    }
    slots.put(CacheIndex.tag(hash, tagMask), number, replacing: replaced)
    return number
  }

  /// The number of the record of a name, added if it is new.
  ///
  /// - Precondition: there is room.
  func name(_ name: UnsafeRawBufferPointer, seed: UInt64) -> UInt32 {
    let known = index.findName(name, seed: seed)
    if known != 0 { return known }
    let start = name.baseAddress ?? UnsafeRawPointer(arena)
    return add(name, hash: AlmanacIngest.hash(start, name.count, seed), owner: 0, fields: [])
  }
}

/// An open-addressed table of record numbers; each slot is the hash above the number, 0 where free.
final class CacheSlots: @unchecked Sendable {
  let words: UnsafeMutablePointer<Atomic<UInt64>>
  let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    words = .allocate(capacity: capacity)
    for position in 0..<capacity { (words + position).initialize(to: Atomic(0)) }
  }

  convenience init(capacity: Int, copying other: CacheSlots) {
    self.init(capacity: capacity)
    for position in 0..<other.capacity {
      let slot = other.words[position].load(ordering: .relaxed)
      if slot != 0 { put(UInt32(slot >> 32), UInt32(truncatingIfNeeded: slot)) }
    }
  }

  deinit {
    words.deinitialize(count: capacity)
    words.deallocate()
  }

  var bytes: Int { capacity * 8 }

  /// The slots for as many records, three quarters of them full at most.
  static func capacity(for count: Int, atLeast capacity: Int) -> Int {
    var capacity = capacity
    while count * 4 > capacity * 3 { capacity *= 2 }
    return capacity
  }

  /// Fills a free slot, or the one of number `replaced` unless that is 0.
  func put(_ tag: UInt32, _ number: UInt32, replacing replaced: UInt32 = 0) {
    let old = replaced == 0 ? 0 : UInt64(tag) << 32 | UInt64(replaced)
    var position = Int(tag) & (capacity - 1)
    while words[position].load(ordering: .relaxed) != old {
      position = (position + 1) & (capacity - 1)
    }
    // Who sees the slot sees the record.
    words[position].store(UInt64(tag) << 32 | UInt64(number), ordering: .releasing)
  }
}
