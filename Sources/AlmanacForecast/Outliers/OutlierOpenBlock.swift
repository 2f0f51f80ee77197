/// The refit block that new samples fall into: all that it takes to judge them.
struct OutlierOpenBlock: Sendable, Equatable {
  /// What is remembered of the samples right before one.
  struct Cursor: Sendable, Equatable {
    /// Scores of the last samples, as far as an outlier echoes.
    var scores: [Double]
    /// Residuals of the last samples, as far as surprises reach back.
    var residuals: [Double]
    var run: OutlierWriter.Run
  }

  /// The first index.
  let start: Int
  /// One past the last index.
  let end: Int
  /// The samples right before the block.
  let lead: [Double]
  /// What is expected, from `lead` on to some samples after the block.
  let expected: [Double]
  /// How many days before each sample of the block lies the nearest comparable one, 0 for none.
  let comparables: [UInt8]
  /// What scores samples; nil where there is too little past.
  let fit: OutlierJudge.Fit?
  /// Before the block.
  let first: Cursor
  /// Before the sample that comes next.
  private(set) var next: Cursor
  /// The samples that are judged for good.
  private(set) var values: [Double]

  var byteCount: Int {
    8 * (3 * lead.count + expected.count + values.capacity + 2 * OutlierWriter.echo)
      + comparables.count
  }

  /// The last block of a series that was judged as a whole, with all samples but the newest.
  init(
    _ values: [Double], _ judge: OutlierJudge, _ walk: OutlierDetector.Walk, _ grid: RefitGrid
  ) {
    let table = judge.table
    let start = table.starts[table.starts.count - 1]
    let reach = SurpriseTable.reach(grid)
    let end = grid.end(of: start)
    let days = (start..<end).map {
      UInt8(OutlierWriter.comparable(to: $0, values, day: grid.day) ?? 0)
    }
    self.init(
      start: start, end: end, lead: Array(values[start - reach..<start]),
      expected: Array(table.expected[start - reach..<start])
        + table.ahead.prefix(end - start + table.slack),
      comparables: days, fit: judge.last?.fit,
      first: Cursor(judge, before: start, walk.runs.block))
    next = Cursor(judge, before: values.count - 1, walk.runs.sample)
    self.values = Array(values[start..<values.count - 1])
  }

  /// A block without samples yet.
  init(
    start: Int, end: Int, lead: [Double], expected: [Double], comparables: [UInt8],
    fit: OutlierJudge.Fit?, first: Cursor
  ) {
    self.start = start
    self.end = end
    self.lead = lead
    self.expected = expected
    self.comparables = comparables
    self.fit = fit
    self.first = first
    next = first
    values = []
  }

  /// Forgets the samples of the block.
  mutating func rewind() {
    next = first
    values.removeAll(keepingCapacity: true)
  }

  /// Judges the samples that come next; all but the newest are judged for good.
  mutating func judge(
    _ new: [Double], _ options: OutlierOptions, _ grid: RefitGrid, _ refit: SurpriseTable.Refit
  ) -> [JudgedSample] {
    let reach = lead.count
    // Indices count from here.
    let base = start + values.count - reach
    let range = reach..<reach + new.count
    let local = lead.suffix(max(0, reach - values.count)) + values.suffix(reach) + new
    let values = Array(local)
    let table = SurpriseTable(
      values: values.map { $0.isFinite ? $0 : .nan }, range: range, grid: grid, refit: refit,
      start: start - base, expected: expected, residuals: next.residuals)
    let judge = OutlierJudge(
      options: options, table: table, range: range, fit: fit, before: next.scores)
    var writer = OutlierWriter(
      options: options, values: values, judge: judge, curve: nil, base: base,
      comparables: (start, comparables), run: next.run)
    var samples: [JudgedSample] = []
    samples.reserveCapacity(new.count)
    var run = next.run
    for index in range where !values[index].isNaN {
      run = writer.run
      let verdict = writer.verdict(index, fit?.block)
      samples.append(writer.sample(index, verdict, fit?.block))
    }
    next = Cursor(judge, before: range.upperBound - 1, run)
    self.values.append(contentsOf: new.dropLast())
    return samples
  }
}

extension OutlierOpenBlock.Cursor {
  init(_ judge: OutlierJudge, before index: Int, _ run: OutlierWriter.Run) {
    let echoes = max(index - OutlierWriter.echo, 0)..<index
    scores = Array(judge.scores[echoes])
    let reach = max(index - SurpriseTable.reach(judge.table.grid), 0)..<index
    residuals = Array(judge.table.signed[SurpriseTable.Part.residual.rawValue][reach])
    self.run = run
  }
}
