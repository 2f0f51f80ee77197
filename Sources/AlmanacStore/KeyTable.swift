internal import AlmanacCore

/// Series numbers by the bytes of their keys: an open-addressing hash table over one arena.
///
/// Costs a series its key, 12 bytes and the slots; no object per series.
struct KeyTable {
  private var arena: [UInt8] = []
  /// Where the key of each series ends in the arena, and its hash.
  private var ends: [Int] = []
  private var hashes: [UInt32] = []
  /// Numbers of series (from 1), 0 for an empty slot; a power of two of them.
  private var slots: [UInt32] = [UInt32](repeating: 0, count: 1024)

  /// How many series there are. Their numbers are 1 to `count`.
  var count: Int { ends.count }

  /// The number of the series with the key `bytes[bounds]`, or nil.
  func find(_ bytes: [UInt8], _ bounds: Range<Int>) -> SeriesID? {
    let slot = slot(of: bytes, bounds, hash: hash(bytes, bounds))
    return slots[slot] == 0 ? nil : SeriesID(rawValue: UInt64(slots[slot]))
  }

  /// The number of the series with this key, given now where it had none.
  mutating func findOrAdd(_ bytes: [UInt8], _ bounds: Range<Int>) -> (id: SeriesID, isNew: Bool) {
    let hash = hash(bytes, bounds)
    var slot = slot(of: bytes, bounds, hash: hash)
    if slots[slot] != 0 { return (SeriesID(rawValue: UInt64(slots[slot])), false) }
    if (count + 1) * 2 > slots.count {
      rebuildSlots(count: slots.count * 2)
      slot = self.slot(of: bytes, bounds, hash: hash)
    }
    arena.append(contentsOf: bytes[bounds])
    ends.append(arena.count)
    hashes.append(hash)
    slots[slot] = UInt32(count)
    return (SeriesID(rawValue: UInt64(count)), true)
  }

  /// Forgets all series after the first `count`, as a commit that failed must.
  mutating func truncate(to count: Int) {
    guard count < ends.count else { return }
    ends.removeLast(ends.count - count)
    hashes.removeLast(hashes.count - count)
    arena.removeLast(arena.count - (ends.last ?? 0))
    rebuildSlots(count: slots.count)
  }

  private func slot(of bytes: [UInt8], _ bounds: Range<Int>, hash: UInt32) -> Int {
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if hashes[index] == hash, equal(index, bytes, bounds) { return slot }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private func equal(_ index: Int, _ bytes: [UInt8], _ bounds: Range<Int>) -> Bool {
    let start = index == 0 ? 0 : ends[index - 1]
    guard ends[index] - start == bounds.count else { return false }
    return arena.withUnsafeBufferPointer { arena in
      bytes.withUnsafeBufferPointer { bytes in
        for offset in 0..<bounds.count
        where arena[start &+ offset] != bytes[bounds.lowerBound &+ offset] {
          return false
        }
        return true
      }
    }
  }

  private mutating func rebuildSlots(count slotCount: Int) {
    slots = [UInt32](repeating: 0, count: slotCount)
    let mask = slotCount - 1
    for (index, hash) in hashes.enumerated() {
      var slot = Int(hash) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(index + 1)
    }
  }

  /// Eight bytes a step, multiply and fold (as in wyhash); only spread matters, not secrecy.
  private func hash(_ bytes: [UInt8], _ bounds: Range<Int>) -> UInt32 {
    bytes.withUnsafeBytes { all in
      let key = UnsafeRawBufferPointer(rebasing: all[bounds])
      var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(key.count)
      var index = 0
      while index &+ 8 <= key.count {
        let word = key.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        state = fold(state ^ word)
        index &+= 8
      }
      var rest: UInt64 = 0
      while index < key.count {
        rest = rest &<< 8 | UInt64(key[index])
        index &+= 1
      }
      state = fold(state ^ rest)
      return UInt32(truncatingIfNeeded: state ^ (state &>> 32))
    }
  }

  @inline(__always)
  private func fold(_ value: UInt64) -> UInt64 {
    let (high, low) = value.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    return high ^ low
  }
}
