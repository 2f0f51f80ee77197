/// A hash of bytes with a secret of its own: nobody outside can choose keys that collide.
///
/// Sixteen bytes a step, multiplied and folded as in wyhash.
struct KeyHash {
  private let first = UInt64.random(in: .min ... .max)
  private let second = UInt64.random(in: .min ... .max) | 1

  /// The hash of `bytes` for the use `salt`.
  @inline(__always)
  func callAsFunction(_ bytes: UnsafeRawBufferPointer, salt: UInt32 = 0) -> UInt32 {
    var state = first ^ (UInt64(salt) &<< 32 | UInt64(truncatingIfNeeded: bytes.count))
    guard var p = bytes.baseAddress else { return finish(state) }
    var rest = bytes.count
    while rest > 16 {
      state = fold(load(p) ^ second, load(p + 8) ^ state)
      p += 16
      rest &-= 16
    }
    let (a, b) = tail(p, rest)
    return finish(fold(a ^ second, b ^ state))
  }

  @inline(__always)
  private func finish(_ state: UInt64) -> UInt32 {
    let last = fold(state ^ first, second)
    return UInt32(truncatingIfNeeded: last ^ (last &>> 32))
  }

  /// The last 0 to 16 bytes as two words that tell them apart, given how many there are.
  @inline(__always)
  private func tail(_ p: UnsafeRawPointer, _ count: Int) -> (UInt64, UInt64) {
    if count >= 8 { return (load(p), load(p + count - 8)) }
    if count >= 4 {
      return (
        UInt64(p.loadUnaligned(as: UInt32.self)),
        UInt64(p.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
      )
    }
    if count == 0 { return (0, 0) }
    let ends = UInt64(p.loadUnaligned(as: UInt8.self)) &<< 8
    let middle = UInt64(p.loadUnaligned(fromByteOffset: count / 2, as: UInt8.self))
    return (ends | middle, UInt64(p.loadUnaligned(fromByteOffset: count - 1, as: UInt8.self)))
  }

  @inline(__always)
  private func load(_ p: UnsafeRawPointer) -> UInt64 { p.loadUnaligned(as: UInt64.self) }

  @inline(__always)
  private func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
