internal import Glibc

/// The series that have one label with one value: their numbers, ascending.
///
/// Up to two numbers are held in place, more on the heap.
struct Postings {
  /// The two numbers, or the address of all; the first member, so that numbers in place can be
  /// pointed to.
  private var storage: UInt64 = 0
  private(set) var count: UInt32 = 0

  private static let inPlace: UInt32 = 2

  /// Room that `count` numbers are given: at most half more than needed.
  @inline(__always)
  private static func capacity(_ count: UInt32) -> UInt32 {
    if count <= inPlace { return inPlace }
    if count <= 4 { return 4 }
    let half = UInt32(1) &<< (30 &- UInt32((count &- 1).leadingZeroBitCount))
    let step = max(4, half)
    return (count &+ step &- 1) & ~(step &- 1)
  }

  private var heap: UnsafeMutablePointer<UInt32>? {
    UnsafeMutablePointer(bitPattern: UInt(storage))
  }

  var memoryBytes: Int {
    count <= Self.inPlace ? 0 : Int(Self.capacity(count)) * MemoryLayout<UInt32>.stride
  }

  /// The numbers of the postings at `pointer`, valid until they change.
  @inline(__always)
  static func ids(_ pointer: UnsafePointer<Postings>) -> UnsafeBufferPointer<UInt32> {
    let count = Int(pointer.pointee.count)
    guard count > Int(inPlace) else {
      return UnsafeBufferPointer(
        start: UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt32.self), count: count)
    }
    return UnsafeBufferPointer(start: pointer.pointee.heap, count: count)
  }

  /// Adds a number above all others.
  @inline(__always)
  mutating func append(_ id: UInt32) {
    if count < Self.inPlace {
      storage |= UInt64(id) &<< UInt64(32 &* count)
    } else {
      if Self.capacity(count) == count { resize(to: Self.capacity(count &+ 1)) }
      heap?[Int(count)] = id
    }
    count &+= 1
  }

  /// Takes away the numbers from `first` on that `isKept` does not hold for.
  mutating func filter(from first: UInt32, _ isKept: (UInt32) -> Bool) {
    let old = count
    let kept = withUnsafeMutablePointer(to: &self) { pointer in
      let ids = UnsafeMutableBufferPointer(mutating: Self.ids(pointer))
      var kept = UnsafeBufferPointer(ids).firstIndex(notBelow: first, from: 0)
      for index in kept..<ids.count where isKept(ids[index]) {
        ids[kept] = ids[index]
        kept += 1
      }
      return UInt32(kept)
    }
    guard kept < old else { return }
    if old <= Self.inPlace {
      storage = kept == 0 ? 0 : storage & 0xFFFF_FFFF
    } else if kept <= Self.inPlace {
      let ids = heap
      storage = 0
      for index in 0..<kept {
        storage |= UInt64(ids?[Int(index)] ?? 0) &<< UInt64(32 * index)
      }
      free(ids)
    } else if Self.capacity(kept) != Self.capacity(old) {
      count = kept
      resize(to: Self.capacity(kept))
    }
    count = kept
  }

  /// Gives the memory back.
  mutating func removeAll() {
    if count > Self.inPlace { free(heap) }
    self = Postings()
  }

  @inline(never)
  private mutating func resize(to capacity: UInt32) {
    let size = Int(capacity) * MemoryLayout<UInt32>.stride
    guard let new = realloc(count > Self.inPlace ? heap : nil, size) else {
      fatalError("no memory for \(size) bytes of postings")
    }
    let ids = new.assumingMemoryBound(to: UInt32.self)
    if count <= Self.inPlace {
      ids[0] = UInt32(truncatingIfNeeded: storage)
      ids[1] = UInt32(truncatingIfNeeded: storage &>> 32)
    }
    storage = UInt64(UInt(bitPattern: new))
  }
}
