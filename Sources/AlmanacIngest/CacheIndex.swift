internal import Synchronization

/// What finds records of a `CacheHalf`, as of one moment. Half and slots must outlive it.
struct CacheIndex {
  let slots: UnsafeMutablePointer<Atomic<UInt64>>
  let mask: Int
  let arena: UnsafeMutableRawPointer
  let tagMask: UInt32

  /// The part of a hash that places a record.
  @inline(__always)
  static func tag(_ hash: UInt64, _ mask: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: hash >> 32) & mask
  }

  @inline(__always)
  func record(_ number: UInt32) -> CacheRecord {
    CacheRecord(address: UnsafeRawPointer(arena) + Int(number) * 8)
  }

  /// The first slot where a record of this hash may be.
  @inline(__always)
  func slot(_ hash: UInt64) -> UInt64 {
    slots[Int(Self.tag(hash, tagMask)) & mask].load(ordering: .acquiring)
  }

  /// The number of the record of these bytes, or 0.
  @inline(__always)
  func find(
    _ start: UnsafeRawPointer, _ count: Int, hash: UInt64, owner: UInt32
  ) -> UInt32 {
    let head = CacheRecord.head(count: count, owner: owner)
    let tag = Self.tag(hash, tagMask)
    var position = Int(tag) & mask
    while true {
      let slot = slots[position].load(ordering: .acquiring)
      if slot == 0 { return 0 }
      let number = UInt32(truncatingIfNeeded: slot)
      if UInt32(truncatingIfNeeded: slot >> 32) == tag {
        let record = record(number)
        if record.head == head, sameBytes(record.bytes, start, count) { return number }
      }
      position = (position &+ 1) & mask
    }
  }

  /// The number of the record of a name, or 0.
  func findName(_ name: UnsafeRawBufferPointer, seed: UInt64) -> UInt32 {
    let start = name.baseAddress ?? UnsafeRawPointer(arena)
    return find(start, name.count, hash: hash(start, name.count, seed), owner: 0)
  }
}
