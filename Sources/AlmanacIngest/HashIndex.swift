/// An open-addressed table of indices by hash; the caller compares what they stand for.
struct HashIndex {
  private struct Slot {
    var hash: UInt32
    var index: Int32
  }

  private var slots: [Slot] = []
  /// What was added, to place it anew in a larger table: a slot keeps only half of a hash.
  private var hashes: [UInt64] = []
  private var indices: [Int32] = []
  private var mask = 0

  struct Probe {
    fileprivate var position: Int
    fileprivate let hash: UInt32
  }

  /// Begins to look for `hash`.
  @inline(__always)
  func probe(_ hash: UInt64) -> Probe {
    Probe(
      position: Int(truncatingIfNeeded: hash) & mask, hash: UInt32(truncatingIfNeeded: hash >> 32))
  }

  /// The next index that may be the one looked for, or nil.
  @inline(__always)
  func next(_ probe: inout Probe) -> Int32? {
    guard !slots.isEmpty else { return nil }
    while true {
      let slot = slots[probe.position]
      if slot.index < 0 { return nil }
      probe.position = (probe.position + 1) & mask
      if slot.hash == probe.hash { return slot.index }
    }
  }

  /// Adds an index that is not there yet.
  mutating func insert(_ hash: UInt64, _ index: Int32) {
    hashes.append(hash)
    indices.append(index)
    if hashes.count * 2 > slots.count {
      slots = Array(repeating: Slot(hash: 0, index: -1), count: max(16, slots.count * 2))
      mask = slots.count - 1
      for (hash, index) in zip(hashes, indices) { place(hash, index) }
    } else {
      place(hash, index)
    }
  }

  private mutating func place(_ hash: UInt64, _ index: Int32) {
    var position = Int(truncatingIfNeeded: hash) & mask
    while slots[position].index >= 0 { position = (position + 1) & mask }
    slots[position] = Slot(hash: UInt32(truncatingIfNeeded: hash >> 32), index: index)
  }
}
