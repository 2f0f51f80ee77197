internal import AlmanacCore
internal import Glibc

/// Samples of one series on their way out of the store, in memory that is kept for the next one.
struct SampleBuffer: ~Copyable {
  private var times: UnsafeMutablePointer<Int64>
  private var values: UnsafeMutablePointer<Double>
  private var capacity: Int
  /// How many samples there are; their times ascend.
  private(set) var count = 0
  /// The times that were taken last: most series of a query have the same.
  private var taken: [Int64] = []

  /// An empty buffer.
  init() {
    capacity = 0
    times = .allocate(capacity: 0)
    values = .allocate(capacity: 0)
  }

  deinit {
    times.deallocate()
    values.deallocate()
  }

  /// The time of the last sample; the least there is where there is none.
  var lastTime: Int64 { count > 0 ? times[count - 1] : .min }

  /// Empties the buffer.
  mutating func removeAll() { count = 0 }

  /// Makes room for `more` samples and has `body` write them behind the others; it gives the
  /// positions among them of those that stay.
  ///
  /// - Precondition: these ascend and are behind the others.
  @inline(__always)
  mutating func append<E: Error>(
    upTo more: Int,
    _ body: (
      UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Double>
    ) throws(E) -> Range<Int>
  ) throws(E) {
    if more > capacity - count { grow(by: more) }
    let (newTimes, newValues) = (times + count, values + count)
    let kept = try body(newTimes, newValues)
    precondition(kept.lowerBound >= 0 && kept.upperBound <= more, "BUG: more samples than room")
    if kept.isEmpty { return }
    if kept.lowerBound > 0 {
      newTimes.update(from: newTimes + kept.lowerBound, count: kept.count)
      newValues.update(from: newValues + kept.lowerBound, count: kept.count)
    }
    count += kept.count
  }

  /// Adds samples at any times; where there is one at a time already, the new one counts.
  mutating func merge(_ newer: Samples) {
    guard let first = newer.timestamps.first else { return }
    if count > 0, first <= lastTime {
      let all = take().merging(newer)
      append(all)
    } else {
      append(newer)
    }
  }

  /// All samples; the buffer is empty then.
  mutating func take() -> Samples {
    defer { count = 0 }
    if count == 0 { return Samples() }
    if !wasTaken { taken = Array(UnsafeBufferPointer(start: times, count: count)) }
    return Samples(
      timestamps: taken, values: Array(UnsafeBufferPointer(start: values, count: count)))
  }

  /// Whether the times are those that were taken last.
  private var wasTaken: Bool {
    taken.withUnsafeBufferPointer { taken in
      guard let base = taken.baseAddress, taken.count == count else { return false }
      return memcmp(base, times, count * MemoryLayout<Int64>.stride) == 0
    }
  }

  private mutating func append(_ samples: Samples) {
    append(upTo: samples.count) { times, values in
      samples.timestamps.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { times.update(from: base, count: source.count) }
      }
      samples.values.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { values.update(from: base, count: source.count) }
      }
      return 0..<samples.count
    }
  }

  private mutating func grow(by more: Int) {
    let capacity = max(count + more, 2 * self.capacity)
    let (times, values) = (self.times, self.values)
    self.times = .allocate(capacity: capacity)
    self.values = .allocate(capacity: capacity)
    self.times.update(from: times, count: count)
    self.values.update(from: values, count: count)
    times.deallocate()
    values.deallocate()
    self.capacity = capacity
  }
}
