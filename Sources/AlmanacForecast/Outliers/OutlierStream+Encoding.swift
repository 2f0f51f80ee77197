internal import AlmanacCore

/// The bytes of a stream as of the beginning of its open block: docs/format/outliers.md.
extension OutlierStream {
  private static let frame = FileFrame(
    magic: Array("ALMO".utf8), version: 3, complaint: "it does not begin as a state of outliers")
  /// The most samples that a block may have: a quarter of a day at the shortest step, and what is
  /// around it.
  private static let longest = OutlierOptions.maximumSamplesPerDay

  /// The stream as bytes: versioned, with length and checksum. The samples of the open block are not
  /// in them: whoever reads them judges these anew.
  public func encoded() -> [UInt8] {
    var body = ModelWriter()
    body.put(options)
    body.put(start.nanoseconds)
    body.put(step.nanoseconds)
    body.put(UInt32(refits.count))
    for refit in refits { body.put(refit) }
    for hash in hashes { body.put(hash) }
    body.put(open)
    body.put(UInt32(notes.count))
    for note in notes { body.put(note) }
    return Self.frame.wrap(body.bytes)
  }

  /// Reads what `encoded` wrote.
  ///
  /// - Throws: `damagedModel` for any other bytes.
  public init(encoded bytes: [UInt8]) throws(ForecastError) {
    var body = try Self.frame.open(bytes)
    let options = try body.outlierOptions()
    let start = Timestamp(nanoseconds: try body.integer(Int64.self))
    let step = Interval(nanoseconds: try body.integer(Int64.self))
    guard step > .zero else { throw ModelReader.damaged("its step is not positive") }
    let count = Int(try body.integer(UInt32.self))
    guard count > 0, count <= bytes.count / 80 else { throw ModelReader.damaged("it is cut off") }
    var refits: [SurpriseTable.Refit] = []
    refits.reserveCapacity(count)
    let grid = OutlierDetector(options: options).grid
    for start in grid.starts(count: count * grid.block + 1).prefix(count) {
      refits.append(try body.refit(at: start, grid.day))
    }
    var hashes: [UInt64] = []
    hashes.reserveCapacity(count)
    for _ in 1..<count { hashes.append(try body.integer(UInt64.self)) }
    let open = try body.openBlock(atMost: Self.longest)
    var notes: [Int64] = []
    for _ in 0..<min(try body.integer(UInt32.self), 16) {
      notes.append(try body.integer(Int64.self))
    }
    guard body.isAtEnd, open.end == grid.end(of: open.start),
      open.comparables.count == open.end - open.start,
      open.lead.count == SurpriseTable.reach(grid), open.start >= open.lead.count,
      open.expected.count == open.lead.count + open.comparables.count + SurpriseTable.slack(grid),
      open.first.scores.count == OutlierWriter.echo,
      open.first.residuals.count == open.lead.count,
      grid.starts(count: open.start + 1).count == count
    else { throw ModelReader.damaged("its parts do not fit together") }
    self.init(
      options: options, start: start, step: step, refits: refits, hashes: hashes, open: open,
      notes: notes)
  }
}

extension ModelWriter {
  fileprivate mutating func put(_ options: OutlierOptions) {
    put(options.method.rawValue)
    put(options.samplesPerDay)
    put(options.historyDays)
    put(options.threshold)
    put(options.thresholdFactor)
    put(options.alarmsPerDay)
    put(options.direction.rawValue)
    put(options.minimumDeviation)
    put(options.minimumRun)
    put(options.seed)
    put(options.gridOffset)
  }

  fileprivate mutating func put(_ refit: SurpriseTable.Refit) {
    for part in SurpriseTable.Part.scaled {
      put(refit[part].centre)
      put(refit[part].deviation)
      put(refit[part].unit)
    }
    put(refit.noise)
    switch refit.adjustment {
    case nil: put(UInt8(0))
    case .level(let since, let by):
      put(UInt8(1))
      put(since)
      put(by)
    case .clock(let since, let by):
      put(UInt8(2))
      put(since)
      put(by)
    }
  }

  fileprivate mutating func put(_ open: OutlierOpenBlock) {
    put(open.start)
    put(open.end)
    put(open.lead)
    put(open.expected)
    put(UInt32(open.comparables.count))
    append(open.comparables)
    put(open.first.scores)
    put(open.first.residuals)
    put(open.first.run.start)
    put(open.first.run.length)
    put(UInt8(open.fit == nil ? 0 : 1))
    if let fit = open.fit { put(fit) }
  }

  private mutating func put(_ fit: OutlierJudge.Fit) {
    let block = fit.block
    for value in [
      block.centre, block.below, block.above, block.usual, block.back, block.usualStep,
      block.usualDrift, block.usualLasting,
    ] {
      put(value)
    }
    switch fit.scoring {
    case .tails(let tails, let limit):
      put(UInt8(tails.count))
      for one in tails {
        put(UInt8(one.part.rawValue))
        put(one.tail.bound)
        put(one.tail.boundSurprise)
        put(one.tail.shape)
      }
      put(limit)
    case .fences(let fences):
      put(UInt8(0))
      put(fences.centre)
      put(fences.below)
      put(fences.above)
    }
  }
}

extension ModelReader {
  fileprivate mutating func outlierOptions() throws(ForecastError) -> OutlierOptions {
    let method = try word(OutlierMethod.self)
    var options = OutlierOptions(
      samplesPerDay: try int(in: 1...OutlierOptions.maximumSamplesPerDay))
    options.method = method
    options.historyDays = try finite()
    options.threshold = try optional()
    options.thresholdFactor = try finite()
    options.alarmsPerDay = try finite()
    options.direction = try word(OutlierDirection.self)
    options.minimumDeviation = try finite()
    options.minimumRun = try int(in: 0...Int.max)
    options.seed = try integer(UInt64.self)
    options.gridOffset = try int(in: Int.min / 2...Int.max / 2)
    do {
      try options.validate()
    } catch {
      throw Self.damaged("its options have no meaning")
    }
    guard OutlierStream.supports(method) else { throw Self.damaged("its method has no state") }
    return options
  }

  /// What was found at the refit at `start`.
  fileprivate mutating func refit(
    at start: Int, _ day: Int
  ) throws(ForecastError) -> SurpriseTable.Refit {
    var refit = SurpriseTable.Refit()
    for part in SurpriseTable.Part.scaled {
      refit[part] = SurpriseTable.Scale(
        centre: try number(), deviation: try number(), unit: try number())
    }
    refit.noise = try number()
    switch try integer(UInt8.self) {
    case 0: break
    case 1: refit.adjustment = .level(since: try int(in: 0...start), by: try finite())
    case 2:
      refit.adjustment = .clock(
        since: try int(in: min(day, start)...start), by: try int(in: -day...day))
    default: throw Self.damaged("an unknown adjustment")
    }
    return refit
  }

  /// Numbers that may be missing.
  private mutating func numbers(atMost limit: Int) throws(ForecastError) -> [Double] {
    let count = Int(try integer(UInt32.self))
    guard count <= limit else { throw Self.damaged("a list is too long") }
    var result: [Double] = []
    for _ in 0..<count { result.append(try number()) }
    return result
  }

  fileprivate mutating func openBlock(
    atMost limit: Int
  ) throws(ForecastError) -> OutlierOpenBlock {
    let start = try int(in: 0...Int.max / 4)
    let end = try int(in: start...start + limit)
    let lead = try numbers(atMost: limit)
    let expected = try numbers(atMost: 2 * limit)
    let count = Int(try integer(UInt32.self))
    guard count == end - start else { throw Self.damaged("a list is too long") }
    var comparables: [UInt8] = []
    for _ in 0..<count {
      let days = try integer(UInt8.self)
      guard days <= 7 else { throw Self.damaged("a comparable time is too far") }
      comparables.append(days)
    }
    let scores = try numbers(atMost: OutlierWriter.echo)
    let residuals = try numbers(atMost: limit)
    let run = OutlierWriter.Run(
      start: try int(in: 0...start), length: try int(in: 0...start))
    let fit = try flag() ? try fit() : nil
    return OutlierOpenBlock(
      start: start, end: end, lead: lead, expected: expected, comparables: comparables, fit: fit,
      first: OutlierOpenBlock.Cursor(scores: scores, residuals: residuals, run: run))
  }

  private mutating func fit() throws(ForecastError) -> OutlierJudge.Fit {
    let block = OutlierJudge.Block(
      centre: try number(), below: try number(), above: try number(), usual: try number(),
      back: try number(), usualStep: try number(), usualDrift: try number(),
      usualLasting: try number())
    let count = try integer(UInt8.self)
    guard count > 0 else {
      let fences = Fences(centre: try number(), below: try number(), above: try number())
      return OutlierJudge.Fit(block: block, scoring: .fences(fences))
    }
    var tails: [OutlierJudge.Fit.Tail] = []
    for _ in 0..<min(count, 4) {
      guard let part = SurpriseTable.Part(rawValue: Int(try integer(UInt8.self))) else {
        throw Self.damaged("an unknown surprise")
      }
      let tail = ParetoTail(
        bound: try number(), boundSurprise: try number(), shape: try number())
      tails.append(OutlierJudge.Fit.Tail(part: part, tail: tail))
    }
    return OutlierJudge.Fit(block: block, scoring: .tails(tails, limit: try number()))
  }
}
