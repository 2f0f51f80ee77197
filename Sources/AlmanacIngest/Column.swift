/// A growing row of plain values, without the checks of an Array: no copy, no shared storage.
struct Column<Element: BitwiseCopyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int) {
    precondition(capacity > 0, "BUG: a column without room")
    base = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { base.deallocate() }

  /// The value at `index`, which the caller knows to be below `count`.
  @inline(__always)
  subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count, "BUG: outside the column")
      return base[index]
    }
    nonmutating _modify {
      assert(index >= 0 && index < count, "BUG: outside the column")
      yield &base[index]
    }
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    if count == capacity { reserve(capacity * 2) }
    (base + count).initialize(to: element)
    count &+= 1
  }

  mutating func removeAll() { count = 0 }

  mutating func removeLast(_ number: Int) {
    precondition(number <= count, "BUG: fewer values than are removed")
    count -= number
  }

  /// The values.
  var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }

  /// Makes room for as many values in all.
  @inline(never)
  mutating func reserve(_ larger: Int) {
    if larger <= capacity { return }
    let storage = UnsafeMutablePointer<Element>.allocate(capacity: larger)
    storage.initialize(from: base, count: count)
    base.deallocate()
    base = storage
    capacity = larger
  }
}

extension Column {
  /// `count` times `element`.
  init(repeating element: Element, count: Int) {
    self.init(capacity: count)
    base.initialize(repeating: element, count: count)
    self.count = count
  }
}
