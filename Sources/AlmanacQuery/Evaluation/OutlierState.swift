internal import AlmanacCore
internal import AlmanacForecast

/// What is remembered of one series whose outliers were asked for.
struct OutlierState: Sendable {
  /// A judged sample that was asked for, with when it was taken.
  struct Found: Sendable {
    var sample: JudgedSample
    var time: Timestamp
  }

  var stream: OutlierStream
  /// Where its history begins.
  var origin: Timestamp
  /// The refit that its step was taken at.
  var refit: Timestamp
  /// The data that it is of, as far as it is known in this process.
  var version: UInt64?
  /// The end of the times that it has seen.
  var until: Timestamp
  /// What was asked for among the samples from `foundFrom` on that are judged for good.
  var found: [Found] = []
  var foundFrom: Int

  /// About how many bytes of memory it takes.
  var byteCount: Int { stream.byteCount + 256 + 384 * found.count }

  /// The index of the bin of `time`, rounded down.
  func index(of time: Timestamp) -> Int {
    let (distance, overflow) = time.nanoseconds.subtractingReportingOverflow(
      stream.start.nanoseconds)
    if overflow { return time < stream.start ? Int.min / 4 : Int.max / 4 }
    let step = stream.step.nanoseconds
    return Int(distance / step) - (distance % step < 0 ? 1 : 0)
  }

  // MARK: - New samples

  /// Takes in `samples`, all that there are from `start` on.
  ///
  /// - Parameters:
  ///   - changed: the first moment whose samples may have changed.
  ///   - judged: what is asked for.
  ///   - isWanted: which of the judged samples are asked for.
  /// - Returns: what was asked for, nil where the whole history is needed.
  mutating func advance(
    _ samples: Samples, from start: Timestamp, changed: Timestamp?, judged: TimeRange,
    isWanted: (JudgedSample) -> Bool
  ) -> [Found]? {
    let begin = max(start, origin)
    let samples = samples.inside(TimeRange(start: begin, end: judged.end))
    let grid = RegularSeries(samples: samples, step: stream.step)
    guard grid.count > 0 else { return nil }
    // A bin of which only a part was read tells nothing.
    var first = index(of: begin)
    if time(at: first) < begin { first += 1 }
    let offset = index(of: grid.start)
    // Something came before what was the first sample.
    guard offset >= 0 else { return nil }
    first = max(first, 0)
    guard first <= offset + grid.count - 1 else { return nil }
    var values = [Double](repeating: .nan, count: max(0, offset - first))
    values += grid.values.dropFirst(max(0, first - offset))
    guard first <= index(of: judged.start), foundFrom <= index(of: judged.start),
      let advanced = stream.advance(
        values, at: first, changed: changed.map { max(index(of: $0), 0) } ?? .max)
    else { return nil }
    return take(advanced, samples, grid, judged, isWanted)
  }

  /// Takes in the whole history; nil where that calls for a refit.
  mutating func advance(
    _ samples: Samples, _ grid: RegularSeries, judged: TimeRange,
    isWanted: (JudgedSample) -> Bool
  ) -> [Found]? {
    guard stream.agrees(with: grid),
      foundFrom <= index(of: judged.start) || stream.block.lowerBound <= index(of: judged.start),
      let advanced = stream.advance(grid)
    else { return nil }
    if foundFrom > index(of: judged.start) {
      foundFrom = stream.block.lowerBound
      found = []
    }
    return take(advanced, samples, grid, judged, isWanted)
  }

  func time(at index: Int) -> Timestamp {
    stream.start + Interval(nanoseconds: Int64(index) * stream.step.nanoseconds)
  }

  private mutating func take(
    _ advanced: (from: Int, samples: [JudgedSample]), _ samples: Samples, _ grid: RegularSeries,
    _ judged: TimeRange, _ isWanted: (JudgedSample) -> Bool
  ) -> [Found] {
    found.removeAll { $0.sample.index >= advanced.from }
    let wanted = advanced.samples.filter(isWanted)
    guard !(wanted.isEmpty && found.isEmpty) else { return [] }
    let offset = index(of: grid.start)
    let times = samples.times(in: grid)
    // The newest sample of a bin may be a newer one.
    for position in found.indices {
      if let time = times[found[position].sample.index - offset] { found[position].time = time }
    }
    let new = wanted.map { sample in
      Found(sample: sample, time: times[sample.index - offset] ?? time(at: sample.index))
    }
    found += new.filter { $0.sample.index < stream.count }
    let answer = found + new.filter { $0.sample.index >= stream.count }
    forget(before: index(of: judged.start - Self.slack))
    return answer.filter { judged.contains($0.time) }
  }

  /// For questions about a moment that is a little earlier than this one.
  private static let slack = Interval.minutes(5)

  private mutating func forget(before index: Int) {
    guard index > foundFrom else { return }
    found.removeAll { $0.sample.index < index }
    foundFrom = index
  }

  // MARK: - The whole history

  /// Judges a whole history; `state` is nil where there is too little of it to go on from.
  static func begin(
    _ samples: Samples, _ grid: RegularSeries, _ history: OutlierHistory, judged: TimeRange,
    options: OutlierOptions, known: OutlierStream?, isWanted: (JudgedSample) -> Bool
  ) throws(OutlierError) -> (found: [Found], state: OutlierState?, isContinued: Bool) {
    let early = judged.start - slack
    let (distance, overflow) = early.nanoseconds.subtractingReportingOverflow(
      grid.start.nanoseconds)
    let from = overflow ? 0 : Int(max(0, distance / grid.step.nanoseconds))
    let start = try OutlierStream.begin(grid, from: from, options: options, known: known)
    let times = samples.times(in: grid)
    let found = start.samples.filter(isWanted).map { sample in
      Found(sample: sample, time: times[sample.index] ?? grid.time(at: sample.index))
    }
    let state = start.stream.map { stream in
      OutlierState(
        stream: stream, origin: history.origin, refit: history.refit(before: judged.end),
        version: nil, until: judged.end, found: found.filter { $0.sample.index < stream.count },
        foundFrom: from)
    }
    return (found.filter { judged.contains($0.time) }, state, start.isContinued)
  }

  // MARK: - Bytes

  /// The state as bytes.
  ///
  /// - Parameter process: tells this process from others, in which versions mean something else.
  func encoded(process: UInt64) -> [UInt8] {
    var stream = stream
    stream.notes = [
      origin.nanoseconds, refit.nanoseconds, until.nanoseconds,
      Int64(bitPattern: version ?? .max), Int64(bitPattern: process),
    ]
    return stream.encoded()
  }

  /// Reads what `encoded` wrote.
  init?(encoded bytes: [UInt8], process: UInt64) {
    guard let stream = try? OutlierStream(encoded: bytes), stream.notes.count == 5 else {
      return nil
    }
    self.stream = stream
    origin = Timestamp(nanoseconds: stream.notes[0])
    refit = Timestamp(nanoseconds: stream.notes[1])
    until = Timestamp(nanoseconds: stream.notes[2])
    let isOwn = UInt64(bitPattern: stream.notes[4]) == process && stream.notes[3] != -1
    version = isOwn ? UInt64(bitPattern: stream.notes[3]) : nil
    foundFrom = stream.block.lowerBound
  }

  init(
    stream: OutlierStream, origin: Timestamp, refit: Timestamp, version: UInt64?,
    until: Timestamp, found: [Found], foundFrom: Int
  ) {
    self.stream = stream
    self.origin = origin
    self.refit = refit
    self.version = version
    self.until = until
    self.found = found
    self.foundFrom = foundFrom
  }
}
