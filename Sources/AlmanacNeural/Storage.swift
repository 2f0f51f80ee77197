/// One flat, fixed allocation of floats, zeroed at birth and freed with its last owner.
///
/// Parameters, gradients and all working memory live in these, so that training allocates nothing
/// in its loop and the optimiser sees one array. Access goes through `Matrix` views, which keep the
/// storage alive and are checked when made.
///
/// `@unchecked Sendable`: there is no lock. The owner divides the work so that one thread at a time
/// writes a storage (each `Shard` has its own; shared parameters are only read while shards run),
/// and the trainer's group orders the writes before and after.
final class Storage: @unchecked Sendable {
  let count: Int

  /// Only the kernel files (`Storage`, `BLAS`, `Kernels`) may use this.
  let base: UnsafeMutablePointer<Float>

  init(count: Int) {
    precondition(count >= 0, "BUG: negative storage size")
    self.count = count
    // 64 bytes is a cache line and the width of an AVX-512 register.
    base = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64
    ).bindMemory(to: Float.self, capacity: max(count, 1))
    base.initialize(repeating: 0, count: max(count, 1))
  }

  convenience init(_ values: [Float]) {
    self.init(count: values.count)
    values.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      base.update(from: start, count: source.count)
    }
  }

  deinit {
    base.deallocate()
  }

  subscript(index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "BUG: storage index \(index) of \(count)")
      return base[index]
    }
    set {
      precondition(index >= 0 && index < count, "BUG: storage index \(index) of \(count)")
      base[index] = newValue
    }
  }

  /// A copy of all values.
  var array: [Float] {
    Array(UnsafeBufferPointer(start: base, count: count))
  }

  /// Sets all values to zero.
  func clear() {
    base.update(repeating: 0, count: count)
  }
}
