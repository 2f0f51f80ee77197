public import AlmanacCore

/// A detector's memory of one series: goes on judging at the cost of the new samples alone, with the
/// bits that `OutlierDetector` says of the whole series.
///
/// It keeps what each refit found (ten numbers), what the samples of the newest refit block are held
/// against, and that block's samples. Of the samples before it keeps hashes, block by block, which
/// tell whether the past is still what it was.
public struct OutlierStream: Sendable {
  /// What is looked for.
  public let options: OutlierOptions
  /// The beginning of the bin of index 0.
  public let start: Timestamp
  /// The width of a bin.
  public let step: Interval
  /// What each block was found to be, the open one included.
  private(set) var refits: [SurpriseTable.Refit]
  /// Hashes of the values of the blocks before the open one.
  private(set) var hashes: [UInt64]
  private(set) var open: OutlierOpenBlock
  /// What its keeper wants to find with it, at most 16 numbers.
  public var notes: [Int64] = []

  /// The number of samples that are judged for good: all but the newest, whose bin may still get more.
  public var count: Int { open.start + open.values.count }

  /// The refit block that new samples fall into.
  public var block: Range<Int> { open.start..<open.end }

  /// About how many bytes of memory it takes.
  public var byteCount: Int {
    refits.count * MemoryLayout<SurpriseTable.Refit>.stride + 8 * hashes.count + open.byteCount
      + 512
  }

  // MARK: - From the whole series

  /// What became of the samples of a whole series.
  public struct Start: Sendable {
    /// What is said of the samples from the first one asked for on.
    public var samples: [JudgedSample]
    /// What goes on from here; nil where there is too little past for that.
    public var stream: OutlierStream?
    /// Blocks that were fitted, those known before not counted.
    public var refits: Int
    /// Whether all that was known before still held.
    public var isContinued: Bool
  }

  /// Whether the method can go on from a state.
  public static func supports(_ method: OutlierMethod) -> Bool { method != .gmm }

  /// Judges `series[from...]` as `OutlierDetector` does, and begins a stream there.
  ///
  /// - Parameter known: a stream of the same series, of which counts what the past still agrees with.
  public static func begin(
    _ series: RegularSeries, from: Int, options: OutlierOptions, known: OutlierStream? = nil
  ) throws(OutlierError) -> Start {
    try options.validate()
    precondition(supports(options.method), "BUG: no stream of \(options.method)")
    let values = series.values
    guard from < values.count else {
      return Start(samples: [], stream: nil, refits: 0, isContinued: false)
    }
    let detector = OutlierDetector(options: options)
    let grid = detector.grid
    var refits: [SurpriseTable.Refit] = []
    if let known, known.options == options, known.start == series.start, known.step == series.step {
      refits = Array(known.refits.prefix(known.agreeing(with: values) + 1))
    }
    let starts = grid.starts(count: values.count)
    let last = starts.count - 1
    let first = max(min(from, starts[last]), 0)
    // Of blocks that are known only the surprises are missing that later fits read.
    let firstBlock = max((starts.firstIndex { $0 > first } ?? starts.count) - 3, 0)
    let fitted = starts[min(firstBlock, refits.count, last)]
    let history = detector.history(values.count)
    let read = max(4 * history, 7 * grid.day) + grid.samples(minutes: 30)
    let reach = SurpriseTable.reach(grid)
    var oldest = max(fitted - read - 4 * reach, 0)
    var judge: OutlierJudge
    var walk: OutlierDetector.Walk
    while true {
      let table = detector.table(values, known: refits, oldest: oldest)
      judge = OutlierJudge(options: options, table: table, curve: nil)
      walk = detector.walk(values, from: first, &judge, against: nil)
      // A run that began long ago asks for more.
      if oldest == 0 || starts[walk.begin] >= fitted { break }
      oldest = 0
    }
    var stream: OutlierStream?
    if starts[last] >= reach {
      stream = OutlierStream(
        options: options, start: series.start, step: series.step,
        refits: starts.indices.map(judge.table.refit),
        hashes: (0..<last).map { Self.hash(values[starts[$0]..<starts[$0 + 1]]) },
        open: OutlierOpenBlock(values, judge, walk, grid))
    }
    return Start(
      samples: walk.samples.filter { $0.index >= from }, stream: stream,
      refits: starts.count - min(refits.count, starts.count),
      isContinued: known.map { $0.refits.count == refits.count } ?? false)
  }

  /// The number of blocks before the open one whose values are still the same.
  private func agreeing(with values: [Double]) -> Int {
    let starts = grid.starts(count: open.start + 1)
    for block in hashes.indices {
      guard starts[block + 1] <= values.count,
        Self.hash(values[starts[block]..<starts[block + 1]]) == hashes[block]
      else { return block }
    }
    return hashes.count
  }

  /// Whether all that is known of the past is that of `series`.
  public func agrees(with series: RegularSeries) -> Bool {
    start == series.start && step == series.step && agreeing(with: series.values) == hashes.count
  }

  private var grid: RefitGrid { OutlierDetector(options: options).grid }

  /// Tells one block's values from others; a missing one is a missing one.
  private static func hash(_ values: ArraySlice<Double>) -> UInt64 {
    var hash = UInt64(values.count)
    for value in values {
      let bits = value.isNaN ? 0x7FF8_0000_0000_0001 : value.bitPattern
      hash = (hash ^ bits) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }
    return hash
  }

  // MARK: - From the newest samples

  /// Judges the samples that are new: `values` are those from `index` on up to the newest one.
  ///
  /// They may begin earlier than what is new; where one of them differs from before, all from the
  /// beginning of the open block on are judged anew.
  ///
  /// - Parameter changed: the first index whose value may have changed; what lies before is as it was.
  /// - Returns: what is said of the samples from the first one that is new, the newest included; nil
  ///   where the whole series is needed: a refit is due, or the past has changed or cannot be told.
  public mutating func advance(
    _ values: [Double], at index: Int, changed: Int
  ) -> (from: Int, samples: [JudgedSample])? {
    let end = index + values.count
    guard end > open.start, end <= open.end, index <= min(count, changed),
      isPast(values, at: index, changed: changed)
    else { return nil }
    // All of the open block as it is now.
    let kept = max(0, min(index - open.start, open.values.count))
    let new = values.dropFirst(max(0, open.start - index))
    let seen = open.values.count - kept
    if end - 1 >= count, zip(open.values[kept...], new).allSatisfy(Self.isSame) {
      let from = count
      return (from, open.judge(Array(new.dropFirst(seen)), options, grid, refits[refits.count - 1]))
    }
    let all = Array(open.values[..<kept]) + new
    open.rewind()
    return (open.start, open.judge(all, options, grid, refits[refits.count - 1]))
  }

  /// Judges the open block anew; `series` must agree with the past, and end in that block.
  public mutating func advance(
    _ series: RegularSeries
  ) -> (from: Int, samples: [JudgedSample])? {
    guard series.count > open.start, series.count <= open.end else { return nil }
    open.rewind()
    return (
      open.start,
      open.judge(
        Array(series.values[open.start...]), options, grid, refits[refits.count - 1])
    )
  }

  /// Whether what came before the open block is still the same.
  private func isPast(_ values: [Double], at index: Int, changed: Int) -> Bool {
    if changed >= open.start { return true }
    let lead = open.lead
    if changed >= open.start - lead.count {
      return zip(lead.suffix(open.start - changed), values.dropFirst(changed - index))
        .allSatisfy(Self.isSame)
    }
    let starts = grid.starts(count: open.start + 1)
    let first = max((starts.firstIndex { $0 > changed } ?? starts.count) - 1, 0)
    guard starts[first] >= index else { return false }
    return (first..<hashes.count).allSatisfy {
      Self.hash(values[starts[$0] - index..<starts[$0 + 1] - index]) == hashes[$0]
    }
  }

  private static func isSame(_ a: Double, _ b: Double) -> Bool {
    a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
  }
}
