internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacPattern
internal import Synchronization

/// What a query will do, or did, stage by stage.
struct Explanation: Sendable {
  /// One stage.
  struct Row: Sendable {
    var text: String
    var plan: Plan
    var range: SourceRange
    var tap: String?
    /// The canonical text of what is selected, where this is a selector.
    var selector: String?
  }

  let rows: [Row]
  let plan: Plan
  let isAnalyze: Bool

  /// Series that are looked at closely for each selector.
  private static let closeLooks = 16
  /// Rows of a tapped stage, and values that are shown in a cell.
  private static let tappedRows = 10
  private static let shownValues = 3

  init(_ plan: Plan, _ stages: StageList, isAnalyze: Bool) {
    self.plan = plan
    self.isAnalyze = isAnalyze
    rows = stages.entries.map { entry in
      var selector: String?
      if case .selector = entry.expression { selector = entry.text }
      return Row(
        text: entry.text, plan: entry.plan, range: entry.expression.range, tap: entry.tap,
        selector: selector)
    }
  }

  /// The rows. Reads the index and summaries; only `analyze` runs the query.
  func report(_ evaluator: Evaluator, _ context: Evaluator.Context) async throws -> Report {
    let dry = try await dryRun(evaluator, context)
    var table = ReportTable(columns: Self.columns + (isAnalyze ? Self.analyzeColumns : []))
    var reads = dry.reads
    var costs = Costs()
    var cells: [[ReportTable.Cell]] = []
    for (index, row) in rows.enumerated() {
      var seen = Seen()
      if case .select(let selection) = row.plan {
        let name = Self.name(selection.matchers)
        for read in reads where read.name == name { try await seen.add(read, evaluator) }
        reads.removeAll { $0.name == name }
      }
      costs.add(row, seen)
      let (cached, models, cost) = try await cached(row, dry.watch, evaluator, context, costs)
      var notes = seen.notes(now: context.time)
      if let models { notes.append(models) }
      if let tap = row.tap { notes.append("tapped as \(tap)") }
      cells.append([
        .integer(index + 1), .text(row.text), .text(row.plan.type.name),
        .text(FNV1a(row.text.utf8).value.hexadecimal), .text(cached),
        .integer(row.selector == nil ? nil : seen.series),
        .integer(row.selector == nil ? nil : seen.samples),
        .number((cost * 100).rounded() / 100), .text(notes.joined(separator: "; ")),
      ])
    }
    guard isAnalyze else {
      for row in cells { table.add(row, at: context.time) }
      return table.report
    }
    try await analyze(evaluator, context, cells, &table)
    return table.report
  }

  private static let columns = [
    "stage", "text", "type", "key", "cached", "series", "samples", "cost_ms", "notes",
  ]
  private static let analyzeColumns = ["ms", "rows", "values"]

  // MARK: - Before

  private static func name(_ matchers: [LabelMatcher]) -> String {
    matchers.map { "\($0.name) \($0.condition)" }.joined(separator: ",")
  }

  /// What evaluating would read, found out by evaluating it over nothing.
  private func dryRun(
    _ evaluator: Evaluator, _ context: Evaluator.Context
  ) async throws -> (reads: [DryReads.Read], watch: StageWatch) {
    let source = DryReads(name: Self.name)
    let watch = StageWatch(isDry: true)
    var dry = evaluator
    dry.series = source
    dry.models = NoTrainings()
    dry.warnings = Warnings()
    dry.stages.watch = watch
    do {
      _ = try await dry.answer(plan, context)
    } catch let error as QueryError where error.code == .evaluation {
      // Over nothing some functions fail; what was to be read up to there is known.
    }
    return (source.all, watch)
  }

  private func cached(
    _ row: Row, _ watch: StageWatch, _ evaluator: Evaluator, _ context: Evaluator.Context,
    _ costs: Costs
  ) async throws -> (cached: String, notes: String?, cost: Double) {
    if case .forecast(let plan) = row.plan {
      let known = try await evaluator.models.known(plan: plan.inputText, options: plan.options)
      let fresh = known.filter {
        $0.trainedUntil <= context.time
          && $0.trainedUntil + plan.maximumAge + .days(1) > context.time
      }
      let found = min(Set(fresh.map(\.key)).count, costs.series)
      let seconds = known.map(\.trainingSeconds)
      let each = seconds.isEmpty ? Costs.training : seconds.reduce(0, +) / Double(seconds.count)
      return (
        found == 0 ? "miss" : found == costs.series ? "hit" : "\(found) of \(costs.series)",
        "\(costs.series - found) models to train, history \(plan.history)",
        Double(costs.series - found) * each * 1000
      )
    }
    guard let isHit = watch[.text(row.text)]?.isHit else { return ("", nil, costs.of(row)) }
    return (isHit ? "hit" : "miss", nil, isHit ? 0 : costs.of(row))
  }

  /// What was found of a selector.
  private struct Seen {
    var series = 0
    var samples = 0
    var some: [SeriesOutline.Series] = []

    mutating func add(_ read: DryReads.Read, _ evaluator: Evaluator) async throws {
      let outline = try await evaluator.series.outline(
        passing: read.matchers, in: read.range, limit: Explanation.closeLooks)
      series = max(series, outline.count)
      samples += read.isNewestOnly ? outline.count : outline.expectedSamples
      if some.reduce(0, { $0 + $1.count }) <= outline.some.reduce(0, { $0 + $1.count }) {
        some = outline.some
      }
      hasRead = true
    }

    private var hasRead = false

    func notes(now: Timestamp) -> [String] {
      hasRead ? DataQuality(some, now: now).notes : []
    }
  }

  /// Rough times, estimated and not measured: they tell a second from a minute, no more.
  private struct Costs {
    /// Seconds of a training where none is known.
    static let training = 3.0
    private(set) var series = 0
    private var samples = 0

    mutating func add(_ row: Row, _ seen: Seen) {
      guard row.selector != nil else { return }
      series = max(series, seen.series)
      samples = max(samples, seen.samples)
    }

    /// Milliseconds.
    func of(_ row: Row) -> Double {
      let (series, samples) = (Double(series), Double(samples))
      switch row.plan {
      case .select: return series * 0.005 + samples * 15e-6
      case .windowFunction, .aggregate, .rank: return series * 0.002 + samples * 10e-6
      case .prepare: return series * 0.02 + samples * 100e-6
      case .outliers: return series * 5 + samples * 2e-3
      default: return samples * 2e-6
      }
    }
  }

  // MARK: - After

  private func analyze(
    _ evaluator: Evaluator, _ context: Evaluator.Context, _ before: [[ReportTable.Cell]],
    _ table: inout ReportTable
  ) async throws {
    let watch = StageWatch(isDry: false)
    var watched = evaluator
    watched.stages.watch = watch
    let began = ContinuousClock.now
    let value = try await watched.answer(plan, context)
    let total = (ContinuousClock.now - began) / .milliseconds(1)
    for (index, row) in rows.enumerated() {
      let name: StageWatch.Name =
        if case .forecast(let plan) = row.plan { .place(plan.range) } else { .text(row.text) }
      let seen = watch[name]
      let isLast = index == rows.count - 1
      var shown = seen?.value ?? (isLast ? value : nil)
      if shown == nil, row.tap != nil {
        // Read inside of a later stage: read once more to be looked at.
        shown = try await evaluator.evaluate(row.plan, context)
      }
      var cells = before[index]
      if let isHit = seen?.isHit { cells[4] = .text(isHit ? "hit" : "miss") }
      if case .grid(let grids)? = shown {
        let prepared = try grids.map { try $0.preparedSeries() }
        if let note = Provenance.text(prepared.map(\.provenance)) {
          let before = if case .text(let text) = cells[8], !text.isEmpty { text + "; " } else { "" }
          cells[8] = .text(before + note)
        }
        shown = .series(
          zip(grids, prepared).map {
            LabelledSamples(key: $0.key, samples: $1.series.known)
          })
      }
      let time = seen?.milliseconds ?? (isLast && seen?.isHit == nil ? total : nil)
      let table1 = try shown.map { try Table($0, now: context.time, warnings: []) }
      cells += [
        .number(time.map { ($0 * 1000).rounded() / 1000 }), .integer(table1?.rowCount),
        .text(table1.map(Self.values) ?? ""),
      ]
      table.add(cells, at: context.time)
      if let tap = row.tap, let table1 { Self.add(table1, tap, stage: index + 1, to: &table) }
    }
    table.addRow(
      ["text": .text("total"), "ms": .number((total * 1000).rounded() / 1000)], at: context.time)
  }

  /// The first values of a table's first column.
  private static func values(_ table: Table) -> String {
    guard let series = table.series.first(where: { !$0.times.isEmpty }),
      case .numbers(let numbers)? = series.columns.first
    else { return "" }
    let shown = numbers.prefix(shownValues).map { $0.map(Printer.number) ?? "" }
    return shown.joined(separator: ", ") + (table.rowCount > shown.count ? ", ..." : "")
  }

  /// The first samples of a tapped stage as rows of their own.
  private static func add(
    _ tapped: Table, _ name: String, stage: Int, to table: inout ReportTable
  ) {
    var left = tappedRows
    for series in tapped.series {
      guard case .numbers(let numbers)? = series.columns.first else { continue }
      for (time, number) in zip(series.times, numbers).prefix(left) {
        left -= 1
        table.addRow(
          [
            "stage": .integer(stage), "text": .text(name), "type": .text("tap"),
            "values": .text(number.map(Printer.number) ?? ""),
          ], at: time, of: series.key)
      }
    }
  }
}

/// A source without samples that notes what it is asked for.
private final class DryReads: SeriesSource {
  struct Read: Sendable {
    var name: String
    var matchers: [LabelMatcher]
    var range: TimeRange
    var isNewestOnly: Bool
  }

  private let name: @Sendable ([LabelMatcher]) -> String
  private let reads = Mutex<[Read]>([])

  init(name: @escaping @Sendable ([LabelMatcher]) -> String) {
    self.name = name
  }

  var all: [Read] { reads.withLock { $0 } }

  private func note(_ matchers: [LabelMatcher], _ range: TimeRange, isNewestOnly: Bool) {
    let read = Read(
      name: name(matchers), matchers: matchers, range: range, isNewestOnly: isNewestOnly)
    reads.withLock { reads in
      // One read in several ways is one.
      let isKnown = reads.contains {
        $0.name == read.name && $0.range.start <= range.start && $0.range.end >= range.end
      }
      if !isKnown { reads.append(read) }
    }
  }

  func samples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    note(matchers, range, isNewestOnly: false)
    return []
  }

  func lastSamples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    note(matchers, range, isNewestOnly: true)
    return []
  }
}

/// Trains nothing.
private struct NoTrainings: ModelSource {
  func model(_ request: ModelRequest) async throws -> ModelAnswer { .pending(job: 0) }
}
