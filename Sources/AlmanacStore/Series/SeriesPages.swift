/// Where the key of each series is, by its number: pages that exist while they hold a series.
struct SeriesPages: ~Copyable {
  private typealias Page = UnsafeMutablePointer<UnsafeRawPointer?>
  private static let size: UInt32 = 4096

  private var pages: [Page?] = []
  /// How many series each page holds.
  private var counts: [UInt16] = []
  private(set) var count = 0
  private(set) var memoryBytes = 0

  init() {}

  deinit {
    for page in pages { page?.deallocate() }
  }

  /// The entry of a series, nil where there is none.
  @inline(__always)
  subscript(id: UInt32) -> UnsafeRawPointer? {
    let index = Int(id / Self.size)
    guard index < pages.count, let page = pages[index] else { return nil }
    return page[Int(id % Self.size)]
  }

  /// Adds series `id`, or says where the key of a known one is now.
  mutating func set(_ id: UInt32, to entry: UnsafeRawPointer) {
    let index = Int(id / Self.size)
    while index >= pages.count {
      pages.append(nil)
      counts.append(0)
    }
    let page = pages[index] ?? makePage(index)
    if page[Int(id % Self.size)] == nil {
      count += 1
      counts[index] += 1
    }
    page[Int(id % Self.size)] = entry
  }

  /// Takes away series `id` and says where its key is.
  mutating func remove(_ id: UInt32) -> UnsafeRawPointer? {
    guard let entry = self[id] else { return nil }
    let index = Int(id / Self.size)
    pages[index]?[Int(id % Self.size)] = nil
    count -= 1
    counts[index] -= 1
    if counts[index] == 0 {
      pages[index]?.deallocate()
      pages[index] = nil
      memoryBytes -= Int(Self.size) * MemoryLayout<UnsafeRawPointer?>.stride
    }
    return entry
  }

  /// The numbers of all series, ascending.
  var ids: [UInt32] {
    var ids: [UInt32] = []
    ids.reserveCapacity(count)
    for (index, page) in pages.enumerated() {
      guard let page else { continue }
      let first = UInt32(index) * Self.size
      for offset in 0..<Self.size where page[Int(offset)] != nil { ids.append(first + offset) }
    }
    return ids
  }

  private mutating func makePage(_ index: Int) -> Page {
    let page = Page.allocate(capacity: Int(Self.size))
    page.initialize(repeating: nil, count: Int(Self.size))
    pages[index] = page
    memoryBytes += Int(Self.size) * MemoryLayout<UnsafeRawPointer?>.stride
    return page
  }
}
