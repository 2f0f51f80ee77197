internal import AlmanacCore
internal import Glibc
internal import Synchronization

/// The newest samples of all series, in the order of their writes.
///
/// Points are appended to columns; those of one series are chained backwards, so that a write
/// touches one number of its series and reading walks the chain. Room is taken once.
///
/// One thread appends. Any thread reads, without a lock, what `published` told it: what lies
/// before that never changes.
///
/// `@unchecked Sendable`: readers find only what was released to them through the atomics.
final class HeadSegment: @unchecked Sendable {
  /// Its place in the order of all writes, and the number of its journal.
  let generation: UInt64
  /// Points that there is room for.
  let capacity: Int
  /// The first series that was new in this segment; those before it are in the catalog.
  let firstNewSeries: UInt64

  /// How many points are readable.
  private let count = Atomic<Int>(0)
  let series: UnsafeMutablePointer<UInt32>
  let timestamps: UnsafeMutablePointer<Int64>
  private let values: UnsafeMutablePointer<Double>
  /// For each point 1 + the position of the point before it in its series, or 0.
  private let previous: UnsafeMutablePointer<UInt32>
  /// For each series, in pages by its number, 1 + the position of its newest point, or 0.
  private let newest: UnsafeMutablePointer<Atomic<UnsafeMutablePointer<Atomic<UInt32>>?>>

  /// Pages from this one on are nil; only the thread that appends changes it.
  private var pagesInUse = 0

  private static let pageBits = 12
  private static let pageSize = 1 << pageBits
  private static let pageCount = 1 << (32 - pageBits)

  init(generation: UInt64, capacity: Int, firstNewSeries: UInt64) {
    precondition(capacity > 0 && capacity < UInt32.max, "BUG: head segment of \(capacity)")
    self.generation = generation
    self.capacity = capacity
    self.firstNewSeries = firstNewSeries
    series = .allocate(capacity: capacity)
    timestamps = .allocate(capacity: capacity)
    values = .allocate(capacity: capacity)
    previous = .allocate(capacity: capacity)
    // Zero bytes are nil: untouched pages of this table take no memory.
    let bytes = Self.pageCount * MemoryLayout<Int>.stride
    guard let table = calloc(1, bytes) else { fatalError("out of memory") }
    newest = table.bindMemory(
      to: Atomic<UnsafeMutablePointer<Atomic<UInt32>>?>.self, capacity: Self.pageCount)
  }

  deinit {
    series.deallocate()
    timestamps.deallocate()
    values.deallocate()
    previous.deallocate()
    for page in 0..<pagesInUse { free(newest[page].load(ordering: .relaxed)) }
    free(newest)
  }

  /// How many points there are to read now; a reader keeps the number and sees no more than that.
  var published: Int { count.load(ordering: .acquiring) }

  // MARK: - Writing

  /// Adds the points of a write, whose listed series have the numbers `ids`; readable at once.
  ///
  /// - Precondition: there is room, and one thread does this.
  func append(_ points: Points, ids: [UInt32]) {
    let start = reserve(points.timestamps, points.values)
    ids.withUnsafeBufferPointer { ids in
      points.series.withUnsafeBufferPointer { indices in
        var position = start
        for index in indices {
          chain(position, ids[Int(index)])
          position &+= 1
        }
      }
    }
    count.store(start + points.count, ordering: .releasing)
  }

  /// Adds points in columns, as the journal has them.
  func append(_ ids: [UInt32], _ timestamps: [Int64], _ values: [Double]) {
    let start = reserve(timestamps, values)
    for (offset, id) in ids.enumerated() { chain(start + offset, id) }
    count.store(start + ids.count, ordering: .releasing)
  }

  /// Copies two columns behind what there is; returns where they begin.
  private func reserve(_ timestamps: [Int64], _ values: [Double]) -> Int {
    let start = count.load(ordering: .relaxed)
    precondition(timestamps.count <= capacity - start, "BUG: head segment is full")
    timestamps.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      (self.timestamps + start).update(from: base, count: source.count)
    }
    values.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      (self.values + start).update(from: base, count: source.count)
    }
    return start
  }

  /// Makes the point at `position` the newest of the series `id`.
  @inline(__always)
  private func chain(_ position: Int, _ id: UInt32) {
    series[position] = id
    let slot = slot(of: id)
    previous[position] = slot.pointee.load(ordering: .relaxed)
    slot.pointee.store(UInt32(truncatingIfNeeded: position &+ 1), ordering: .releasing)
  }

  @inline(__always)
  private func slot(of id: UInt32) -> UnsafeMutablePointer<Atomic<UInt32>> {
    let page = Int(id >> UInt32(Self.pageBits))
    let known = newest[page].load(ordering: .relaxed)
    return (known ?? addPage(page)) + Int(id & UInt32(Self.pageSize - 1))
  }

  @inline(never)
  private func addPage(_ page: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    guard let memory = calloc(Self.pageSize, MemoryLayout<UInt32>.stride) else {
      fatalError("out of memory")
    }
    let slots = memory.bindMemory(to: Atomic<UInt32>.self, capacity: Self.pageSize)
    newest[page].store(slots, ordering: .releasing)
    pagesInUse = max(pagesInUse, page + 1)
    return slots
  }

  // MARK: - Reading

  /// 1 + the position of the newest point of the series `id`, or 0.
  @inline(__always)
  private func newest(of id: SeriesID) -> UInt32 {
    let page = newest[Int(id.rawValue) >> Self.pageBits].load(ordering: .acquiring)
    guard let page else { return 0 }
    return page[Int(id.rawValue) & (Self.pageSize - 1)].load(ordering: .acquiring)
  }

  /// The samples of one series inside `range` among the first `limit` points.
  func samples(of id: SeriesID, in range: TimeRange, first limit: Int) -> Samples {
    var times: [Int64] = []
    var found: [Double] = []
    var next = newest(of: id)
    while next != 0 {
      let position = Int(next) - 1
      next = previous[position]
      guard position < limit else { continue }
      let time = timestamps[position]
      guard range.start.nanoseconds <= time, time <= range.end.nanoseconds else { continue }
      times.append(time)
      found.append(values[position])
    }
    times.reverse()
    found.reverse()
    return Samples(inOrderOfWrites: times, found)
  }

  /// Appends the samples of one series inside `range` among the first `limit` points to `buffer`;
  /// false, without a change, where they are not in order or not behind what it has.
  func append(
    _ id: SeriesID, in range: TimeRange, first limit: Int, to buffer: inout SampleBuffer
  ) -> Bool {
    let (start, end) = (range.start.nanoseconds, range.end.nanoseconds)
    let newest = newest(of: id)
    var next = newest
    var count = 0
    var later = Int64.max
    while next != 0 {
      let position = Int(next) - 1
      next = previous[position]
      guard position < limit else { continue }
      let time = timestamps[position]
      guard start <= time, time <= end else { continue }
      // The newest first; `later` may be the greatest time only once.
      guard time < later || count == 0 else { return false }
      later = time
      count += 1
    }
    guard count > 0 else { return true }
    guard buffer.count == 0 || later > buffer.lastTime else { return false }
    buffer.append(upTo: count) { times, values in
      var next = newest
      var left = count
      while left > 0 {
        let position = Int(next) - 1
        next = previous[position]
        guard position < limit else { continue }
        let time = timestamps[position]
        guard start <= time, time <= end else { continue }
        left -= 1
        times[left] = time
        values[left] = self.values[position]
      }
      return 0..<count
    }
    return true
  }

  /// How many points of the series `id` there are, counted up to `limit`.
  func count(of id: SeriesID, upTo limit: Int) -> Int {
    var next = newest(of: id)
    var count = 0
    while next != 0, count < limit {
      next = previous[Int(next) - 1]
      count += 1
    }
    return count
  }

  /// Adds the numbers of all series that have points to `numbers`.
  func insertSeries(into numbers: inout Set<UInt32>) {
    for position in 0..<published { numbers.insert(series[position]) }
  }

  /// Calls `body` with every series that has points, in order of number, with its times and values
  /// in the order of their writes, which `body` may change.
  ///
  /// - Precondition: nobody appends any more.
  func eachSeries(
    _ body: (
      SeriesID, UnsafeMutableBufferPointer<Int64>, UnsafeMutableBufferPointer<Double>
    ) throws(StoreError) -> Void
  ) throws(StoreError) {
    // A counting sort: how many points each series has, where its first goes, then all points.
    let total = published
    guard total > 0 else { return }
    var last: UInt32 = 0
    for position in 0..<total { last = max(last, series[position]) }
    let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: Int(last) + 1)
    defer { ends.deallocate() }
    ends.initialize(repeating: 0)
    for position in 0..<total { ends[Int(series[position])] &+= 1 }
    var sum: UInt32 = 0
    for id in ends.indices {
      let size = ends[id]
      ends[id] = sum
      sum += size
    }
    let sorted = UnsafeMutablePointer<(Int64, Double)>.allocate(capacity: total)
    defer { sorted.deallocate() }
    for position in 0..<total {
      let id = Int(series[position])
      sorted[Int(ends[id])] = (timestamps[position], values[position])
      ends[id] &+= 1
    }
    var times = UnsafeMutableBufferPointer<Int64>.allocate(capacity: 1024)
    var found = UnsafeMutableBufferPointer<Double>.allocate(capacity: 1024)
    defer {
      times.deallocate()
      found.deallocate()
    }
    var start = 0
    for id in ends.indices {
      let size = Int(ends[id]) - start
      guard size > 0 else { continue }
      if size > times.count {
        times.deallocate()
        found.deallocate()
        times = .allocate(capacity: size * 2)
        found = .allocate(capacity: size * 2)
      }
      for offset in 0..<size { (times[offset], found[offset]) = sorted[start + offset] }
      try body(
        SeriesID(rawValue: UInt64(id)), UnsafeMutableBufferPointer(rebasing: times[..<size]),
        UnsafeMutableBufferPointer(rebasing: found[..<size]))
      start += size
    }
  }
}
