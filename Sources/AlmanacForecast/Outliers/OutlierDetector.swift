/// Finds samples that stray from what the past lets expect.
///
/// Everything is walk-forward: what is said of a sample uses that sample and earlier ones, is the
/// same wherever judging begins, and never changes when later samples come.
///
/// The way back from an outlier is none: a sample near to what is expected of its time does not reach
/// the threshold by a step or a drift away from an outlier among the ten samples before it.
///
/// The seasonal expectation is described at `SeasonalExpectation`, the tail that turns a surprise
/// into a probability at `ParetoTail`; both are refitted each quarter day, mixtures at midnight.
public struct OutlierDetector: Sendable {
  /// What is looked for.
  public let options: OutlierOptions

  /// A detector; options are checked when it judges.
  public init(options: OutlierOptions) {
    self.options = options
  }

  /// Judges `values[from...]`; everything before `from` is history.
  ///
  /// The values lie on a regular grid, NaN where a sample is missing. There is one answer for each
  /// sample judged that is not missing, in order; filtering by score is the caller's. Samples with
  /// less than a day (50 samples) of past score 0 with the code `too_little_history`.
  ///
  /// A curve replaces the walk-forward expectation where it has values. A residual to it counts in
  /// units of the curve's band where that is wider than the rules' own.
  public func judge(
    _ values: [Double], from: Int, against curve: ReferenceCurve? = nil
  ) throws(OutlierError) -> [JudgedSample] {
    try options.validate()
    if let curve, !curve.has(count: values.count) {
      throw OutlierError(
        code: .curveLength,
        message: "cannot judge samples: the curve has not \(values.count) values a column")
    }
    let from = max(from, 0)
    guard from < values.count else { return [] }
    var judge = OutlierJudge(
      options: options, table: table(values, against: curve), curve: curve)
    return walk(values, from: from, &judge, against: curve).samples
  }

  /// The surprises of all samples.
  ///
  /// - Parameter known: what the first blocks were found to be before.
  func table(
    _ values: [Double], against curve: ReferenceCurve? = nil, known: [SurpriseTable.Refit] = [],
    oldest: Int = 0
  ) -> SurpriseTable {
    SurpriseTable(
      values: values.map { $0.isFinite ? $0 : .nan }, grid: grid, history: history(values.count),
      curve: curve, known: known, oldest: oldest)
  }

  var grid: RefitGrid {
    RefitGrid(samplesPerDay: options.samplesPerDay, offset: options.gridOffset)
  }

  /// The samples that scales are fitted on, of `count`.
  func history(_ count: Int) -> Int {
    let longest = Double(grid.day) * min(options.historyDays, Double(count))
    return Int(min(longest, Double(max(count, grid.day))))
  }

  /// What is said of samples one after the other.
  struct Walk {
    var samples: [JudgedSample] = []
    /// The first block that was judged.
    var begin = 0
    /// The runs before the last block, where that is judged, and before the last sample.
    var runs = (block: OutlierWriter.Run(), sample: OutlierWriter.Run())
  }

  func walk(
    _ values: [Double], from: Int, _ judge: inout OutlierJudge, against curve: ReferenceCurve?
  ) -> Walk {
    let table = judge.table
    var blocks = [OutlierJudge.Block?](repeating: nil, count: table.starts.count)
    let first = table.block(of: from)
    // A run may have begun earlier: go back to a sample below the threshold.
    var begin = first
    for block in first..<table.starts.count { blocks[block] = judge.judge(block) }
    let last = judge.last
    while !Self.endsRun(judge, table.starts[begin]..<from), begin > 0 {
      begin -= 1
      blocks[begin] = judge.judge(begin)
    }
    // And before that as far as an outlier echoes.
    let echoes = table.starts[begin] - OutlierWriter.echo
    while begin > 0, table.starts[begin] > echoes {
      begin -= 1
      blocks[begin] = judge.judge(begin)
    }
    judge.last = last
    var writer = OutlierWriter(options: options, values: values, judge: judge, curve: curve)
    var walk = Walk(begin: begin)
    walk.samples.reserveCapacity(values.count - from)
    for block in begin..<table.starts.count {
      if block == table.starts.count - 1 { walk.runs.block = writer.run }
      for index in table.starts[block]..<table.end(of: block) where !values[index].isNaN {
        walk.runs.sample = writer.run
        let verdict = writer.verdict(index, blocks[block])
        if index >= from { walk.samples.append(writer.sample(index, verdict, blocks[block])) }
      }
    }
    return walk
  }

  /// Whether some sample in `range` is certain to be below the threshold.
  private static func endsRun(_ judge: OutlierJudge, _ range: Range<Int>) -> Bool {
    range.contains { !judge.table.values[$0].isNaN && !(judge.scores[$0] >= 1) }
  }
}
