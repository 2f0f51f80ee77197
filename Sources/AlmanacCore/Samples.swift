/// Samples of one series as two columns of equal length: times in ascending order, each once,
/// and values.
public struct Samples: Sendable {
  /// Nanoseconds since the Unix epoch, strictly ascending.
  public private(set) var timestamps: [Int64]
  /// The value at each timestamp.
  public private(set) var values: [Double]

  /// No samples, with room for `capacity`.
  public init(capacity: Int = 0) {
    timestamps = []
    values = []
    timestamps.reserveCapacity(capacity)
    values.reserveCapacity(capacity)
  }

  /// Columns whose timestamps are strictly ascending.
  ///
  /// - Precondition: both columns have the same length. The order is the caller's promise and is
  ///   asserted in debug builds.
  public init(timestamps: [Int64], values: [Double]) {
    precondition(timestamps.count == values.count, "BUG: columns of different length")
    assert(zip(timestamps, timestamps.dropFirst()).allSatisfy { $0 < $1 }, "BUG: not ascending")
    self.timestamps = timestamps
    self.values = values
  }

  /// Samples in the order of their writes, at any times; the last write of a time wins.
  ///
  /// - Precondition: both columns have the same length.
  public init(inOrderOfWrites timestamps: [Int64], _ values: [Double]) {
    precondition(timestamps.count == values.count, "BUG: columns of different length")
    if zip(timestamps, timestamps.dropFirst()).allSatisfy({ $0 < $1 }) {
      self.init(timestamps: timestamps, values: values)
      return
    }
    let order = timestamps.indices.sorted { a, b in
      timestamps[a] != timestamps[b] ? timestamps[a] < timestamps[b] : a < b
    }
    self.init(capacity: timestamps.count)
    for index in order { insert(time: timestamps[index], value: values[index]) }
  }

  /// How many samples there are.
  public var count: Int { timestamps.count }

  /// Whether there are none.
  public var isEmpty: Bool { timestamps.isEmpty }

  /// The time of the first sample.
  public var firstTime: Timestamp? { timestamps.first.map(Timestamp.init(nanoseconds:)) }

  /// The time of the last sample.
  public var lastTime: Timestamp? { timestamps.last.map(Timestamp.init(nanoseconds:)) }

  /// The last sample.
  public var last: (time: Int64, value: Double)? {
    guard let time = timestamps.last, let value = values.last else { return nil }
    return (time, value)
  }

  /// Adds one sample; of two at the same time the later call wins.
  ///
  /// At the end it costs constant time, elsewhere as much as there are samples behind it.
  public mutating func insert(time: Int64, value: Double) {
    guard let last = timestamps.last, time <= last else {
      timestamps.append(time)
      values.append(value)
      return
    }
    let index = lowerBound(of: time)
    if timestamps[index] == time {
      values[index] = value
    } else {
      timestamps.insert(time, at: index)
      values.insert(value, at: index)
    }
  }

  /// Adds a sample that comes after the last one; false, without a change, where it does not.
  public mutating func append(time: Int64, value: Double) -> Bool {
    if let last = timestamps.last, time <= last { return false }
    timestamps.append(time)
    values.append(value)
    return true
  }

  /// Adds samples in the order of their writes, at any times; the last write of a time wins.
  public mutating func merge(late points: [(time: Int64, value: Double)]) {
    // A few move what is behind them; many are sorted first and merged in one go.
    guard points.count > 16 else {
      for point in points { insert(time: point.time, value: point.value) }
      return
    }
    let order = points.indices.sorted { a, b in
      points[a].time != points[b].time ? points[a].time < points[b].time : a < b
    }
    var newer = Samples(capacity: points.count)
    for index in order { newer.insert(time: points[index].time, value: points[index].value) }
    self = merging(newer)
  }

  /// Adds samples that all come after the last one here.
  public mutating func append(_ later: Samples) {
    guard let first = later.timestamps.first else { return }
    precondition(timestamps.last.map { $0 < first } ?? true, "BUG: samples not in order")
    timestamps.append(contentsOf: later.timestamps)
    values.append(contentsOf: later.values)
  }

  /// These samples and `newer` in order; where both have one at a time, that of `newer` counts.
  public func merging(_ newer: Samples) -> Samples {
    guard let first = newer.timestamps.first, let last = timestamps.last else {
      return newer.isEmpty ? self : newer
    }
    if last < first {
      var all = self
      all.append(newer)
      return all
    }
    var merged = Samples(capacity: count + newer.count)
    var i = 0
    var j = 0
    while i < count || j < newer.count {
      if j == newer.count || (i < count && timestamps[i] < newer.timestamps[j]) {
        merged.timestamps.append(timestamps[i])
        merged.values.append(values[i])
        i += 1
      } else {
        if i < count, timestamps[i] == newer.timestamps[j] { i += 1 }
        merged.timestamps.append(newer.timestamps[j])
        merged.values.append(newer.values[j])
        j += 1
      }
    }
    return merged
  }

  /// The samples inside `range`.
  public func inside(_ range: TimeRange) -> Samples {
    guard let first = timestamps.first, let last = timestamps.last, !range.isEmpty else {
      return Samples()
    }
    if range.start.nanoseconds <= first, last <= range.end.nanoseconds { return self }
    let from = lowerBound(of: range.start.nanoseconds)
    var to = lowerBound(of: range.end.nanoseconds)
    if to < count, timestamps[to] == range.end.nanoseconds { to += 1 }
    return Samples(slice: self, from..<max(from, to))
  }

  /// The samples outside `range`.
  public func outside(_ range: TimeRange) -> Samples {
    guard !range.isEmpty else { return self }
    let from = lowerBound(of: range.start.nanoseconds)
    var to = lowerBound(of: range.end.nanoseconds)
    if to < count, timestamps[to] == range.end.nanoseconds { to += 1 }
    guard from < to else { return self }
    var left = self
    left.timestamps.removeSubrange(from..<to)
    left.values.removeSubrange(from..<to)
    return left
  }

  /// The samples at the positions `bounds`.
  public func slice(_ bounds: Range<Int>) -> Samples { Samples(slice: self, bounds) }

  private init(slice samples: Samples, _ bounds: Range<Int>) {
    timestamps = Array(samples.timestamps[bounds])
    values = Array(samples.values[bounds])
  }

  /// The position of the first sample at or after `time`; `count` where there is none.
  public func lowerBound(of time: Int64) -> Int {
    timestamps.indices.partitionPoint { timestamps[$0] >= time }
  }
}

extension Samples: Equatable {
  /// Same times and the same bits in every value: NaN equals itself, 0 differs from -0.
  public static func == (a: Samples, b: Samples) -> Bool {
    a.timestamps == b.timestamps
      && a.values.elementsEqual(b.values) { $0.bitPattern == $1.bitPattern }
  }
}
