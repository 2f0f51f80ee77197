internal import Glibc

/// An open-addressing hash table of numbers from 1; the caller compares what they stand for.
///
/// Linear probing, filled to three quarters; removing moves later entries back, so there are no
/// graves (Knuth, TAOCP 3, 6.4 R).
struct HashSlots: ~Copyable {
  private struct Slot {
    var hash: UInt32
    /// 0 where the slot is empty.
    var number: UInt32
  }

  private static let least = 64
  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  private(set) var count = 0

  init() {
    slots = Self.empty(Self.least)
    mask = Self.least - 1
  }

  deinit {
    free(slots)
  }

  var memoryBytes: Int { (mask + 1) * MemoryLayout<Slot>.stride }

  /// The number with this hash that `isSame` knows again, or 0.
  @inline(__always)
  func find(_ hash: UInt32, where isSame: (UInt32) -> Bool) -> UInt32 {
    var position = Int(hash) & mask
    while slots[position].number != 0 {
      if slots[position].hash == hash, isSame(slots[position].number) {
        return slots[position].number
      }
      position = (position &+ 1) & mask
    }
    return 0
  }

  /// Adds a number that is not there.
  mutating func insert(_ hash: UInt32, _ number: UInt32) {
    if (count + 1) * 4 > (mask + 1) * 3 { rebuild((mask + 1) * 2) }
    place(Slot(hash: hash, number: number))
    count += 1
  }

  /// Takes away a number that is there.
  mutating func remove(_ hash: UInt32, _ number: UInt32) {
    var hole = Int(hash) & mask
    while slots[hole].number != number {
      if slots[hole].number == 0 { preconditionFailure("BUG: \(number) has no slot") }
      hole = (hole &+ 1) & mask
    }
    var next = (hole &+ 1) & mask
    while slots[next].number != 0 {
      let home = Int(slots[next].hash) & mask
      if (next &- home) & mask >= (next &- hole) & mask {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next &+ 1) & mask
    }
    slots[hole].number = 0
    count -= 1
    if mask + 1 > Self.least, count * 8 < mask + 1 { rebuild((mask + 1) / 2) }
  }

  private mutating func rebuild(_ size: Int) {
    let old = UnsafeMutableBufferPointer(start: slots, count: mask + 1)
    slots = Self.empty(size)
    mask = size - 1
    for slot in old where slot.number != 0 { place(slot) }
    free(old.baseAddress)
  }

  @inline(__always)
  private func place(_ slot: Slot) {
    var position = Int(slot.hash) & mask
    while slots[position].number != 0 { position = (position &+ 1) & mask }
    slots[position] = slot
  }

  /// Zeroed memory, which costs nothing until it is used.
  private static func empty(_ size: Int) -> UnsafeMutablePointer<Slot> {
    guard let memory = calloc(size, MemoryLayout<Slot>.stride) else {
      fatalError("no memory for \(size) slots")
    }
    return memory.bindMemory(to: Slot.self, capacity: size)
  }
}
