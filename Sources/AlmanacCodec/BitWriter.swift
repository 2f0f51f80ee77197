/// Appends bits, most significant first, to memory that it owns.
struct BitWriter: ~Copyable {
  private var storage: UnsafeMutableRawPointer
  private var capacity: Int
  private var byteCount = 0
  private var pending: UInt64 = 0
  private var pendingBits = 0

  /// A writer with room for `capacity` bytes; it grows when more are written.
  init(capacity: Int) {
    self.capacity = max(capacity, 16)
    storage = .allocate(byteCount: self.capacity, alignment: 8)
  }

  deinit {
    storage.deallocate()
  }

  /// Bytes that `finish` appends.
  var size: Int { byteCount + (pendingBits + 7) / 8 }

  /// Appends the low `count` bits of `value`; the bits above them must be zero.
  @inline(__always)
  mutating func write(_ value: UInt64, count: Int) {
    assert(count >= 0 && count <= 64 && (count == 64 || value >> UInt64(count) == 0))
    let room = 64 &- pendingBits
    if count < room {
      pending |= value &<< UInt64(room &- count)
      pendingBits &+= count
      return
    }
    let left = count &- room
    pending |= value &>> UInt64(left)
    flushWord()
    // A shift by 64 would be a shift by 0 with the masking operator.
    pending = left == 0 ? 0 : value &<< UInt64(64 &- left)
    pendingBits = left
  }

  private mutating func flushWord() {
    if byteCount &+ 8 > capacity { grow() }
    storage.storeBytes(of: pending.bigEndian, toByteOffset: byteCount, as: UInt64.self)
    byteCount &+= 8
  }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity * 2, alignment: 8)
    larger.copyMemory(from: storage, byteCount: byteCount)
    storage.deallocate()
    storage = larger
    capacity *= 2
  }

  /// Fills the last byte with zero bits and appends everything written to `bytes`.
  consuming func finish(into bytes: inout [UInt8]) {
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: storage, count: byteCount))
    var rest = pending
    var bits = pendingBits
    while bits > 0 {
      bytes.append(UInt8(truncatingIfNeeded: rest &>> 56))
      rest = rest &<< 8
      bits &-= 8
    }
  }
}
