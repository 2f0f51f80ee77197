/// An open-addressed table of indices by hash; the caller compares what they stand for.
struct HashIndex: ~Copyable {
  // Not private: in debug builds other files need its metadata to destroy the column.
  struct Slot: BitwiseCopyable {
    var hash: UInt32
    var index: Int32
  }

  private var slots = Column(repeating: Slot(hash: 0, index: -1), count: 64)
  private var mask = 63
  private var count = 0

  struct Probe {
    fileprivate var position: Int
    fileprivate let hash: UInt32
  }

  /// Begins to look for `hash`.
  @inline(__always)
  func probe(_ hash: UInt64) -> Probe {
    let hash = UInt32(truncatingIfNeeded: hash)
    return Probe(position: Int(hash) & mask, hash: hash)
  }

  /// The next index that may be the one looked for, or nil.
  @inline(__always)
  func next(_ probe: inout Probe) -> Int32? {
    while true {
      let slot = slots[probe.position]
      if slot.index < 0 { return nil }
      probe.position = (probe.position &+ 1) & mask
      if slot.hash == probe.hash { return slot.index }
    }
  }

  /// What `next` will look at first; loads it from memory.
  @inline(__always)
  func slot(_ hash: UInt64) -> UInt32 {
    slots[Int(UInt32(truncatingIfNeeded: hash)) & mask].hash
  }

  /// Adds an index that is not there yet.
  @inline(__always)
  mutating func insert(_ hash: UInt64, _ index: Int32) {
    count += 1
    if count * 2 > slots.count { grow(to: slots.count * 4) }
    place(Slot(hash: UInt32(truncatingIfNeeded: hash), index: index))
  }

  /// Makes room for as many indices in all.
  mutating func reserve(_ count: Int) {
    var size = slots.count
    while count * 2 > size { size *= 2 }
    if size > slots.count { grow(to: size) }
  }

  @inline(never)
  private mutating func grow(to size: Int) {
    var old = Column(repeating: Slot(hash: 0, index: -1), count: size)
    swap(&slots, &old)
    mask = slots.count - 1
    for position in 0..<old.count where old[position].index >= 0 { place(old[position]) }
  }

  @inline(__always)
  private mutating func place(_ slot: Slot) {
    var position = Int(slot.hash) & mask
    while slots[position].index >= 0 { position = (position &+ 1) & mask }
    slots[position] = slot
  }
}
