internal import AlmanacCore
internal import AlmanacPattern
internal import Synchronization

/// What an evaluation knows about its stages beyond their plans.
struct StageScope: Sendable {
  /// Where results are kept; nil works everything out.
  var cache: StageCache?
  /// Where forecasts are kept; nil works everything out.
  var curves: CurveCache?
  /// What is remembered of series whose outliers were asked for; nil judges all anew.
  var outliers: OutlierStates?
  /// What the stage around this notes of its reads.
  var reads: StageReads?
  /// Who watches the stages; nil where nobody does.
  var watch: StageWatch?
  /// The watched stage around this.
  var span: StageWatch.Span?
}

/// Stages whose results are kept.
extension Evaluator {
  /// The value of a stage, kept or worked out.
  func stage(_ node: StagePlan, _ context: Context) async throws -> Value {
    try await kept(node, context, isPrepared: false) { evaluator in
      try await evaluator.evaluate(node.plan, context)
    }
  }

  /// The series of a grid after its stages, kept or worked out.
  func prepared(_ node: StagePlan, _ context: Context) async throws -> [LabelledSamples] {
    let value = try await kept(node, context, isPrepared: true) { evaluator in
      .series(try await evaluator.seriesValue(node.plan, context))
    }
    guard case .series(let series) = value else {
      preconditionFailure("BUG: a grid after its stages is series")
    }
    return series
  }

  private func kept(
    _ node: StagePlan, _ context: Context, isPrepared: Bool,
    _ body: @Sendable (Evaluator) async throws -> Value
  ) async throws -> Value {
    // Rollups come and go without a change of samples.
    guard let cache = stages.cache, context.resolution == .zero else {
      return try await watched(.text(node.text), body)
    }
    var key = StageCache.Key(text: node.text, context: context, isPrepared: isPrepared)
    if !node.looksAtWholeRange { key.context.whole = nil }
    if !node.judges { key.context.judgements = 0 }
    if let watch = stages.watch, watch.isDry {
      watch.note(.text(node.text), isHit: cache.entry(key, isLook: true) != nil)
      return try await body(self)
    }
    if let entry = cache.entry(key) {
      try budget.count(entry.samples)
      warnings.add(entry.texts)
      if let range = entry.range { stages.reads?.note(range) }
      stages.watch?.note(.text(node.text), isHit: true)
      stages.watch?.note(.text(node.text), entry.value)
      return entry.value
    }
    let version = cache.version
    let samplesBefore = budget.cost.samples
    let reads = StageReads(outer: stages.reads)
    var inner = self
    inner.stages.reads = reads
    inner.warnings = Warnings()
    inner.series = NotedSeries(base: (series as? NotedSeries)?.base ?? series, reads: reads)
    inner.models = NotedModels(base: (models as? NotedModels)?.base ?? models, reads: reads)
    let value = try await inner.watched(.text(node.text), body)
    stages.watch?.note(.text(node.text), isHit: false)
    let texts = inner.warnings.all
    warnings.add(texts)
    if !reads.hasUsedModels, let bytes = value.keptBytes {
      cache.keep(
        StageCache.Entry(
          value: value, texts: texts, range: reads.range, version: version,
          samples: budget.cost.samples - samplesBefore),
        bytes: bytes + node.text.utf8.count, under: key)
    }
    return value
  }

  /// The value of `body`, noted with its time where stages are watched.
  func watched(
    _ range: SourceRange, _ body: @Sendable (Evaluator) async throws -> Value
  ) async throws -> Value {
    try await watched(.place(range), body)
  }

  private func watched(
    _ name: StageWatch.Name, _ body: @Sendable (Evaluator) async throws -> Value
  ) async throws -> Value {
    guard let watch = stages.watch else { return try await body(self) }
    var inner = self
    let span = StageWatch.Span()
    inner.stages.span = span
    let began = ContinuousClock.now
    let value = try await body(inner)
    let time = (ContinuousClock.now - began) / .milliseconds(1)
    stages.span?.add(time)
    watch.note(name, milliseconds: max(0, time - span.inner))
    watch.note(name, value)
    return value
  }
}

/// What a stage was worked out from.
final class StageReads: Sendable {
  private struct State {
    var range: TimeRange?
    var hasUsedModels = false
  }

  private let outer: StageReads?
  private let state = Mutex(State())

  init(outer: StageReads?) {
    self.outer = outer
  }

  /// All times that were read.
  var range: TimeRange? { state.withLock { $0.range } }
  /// Whether a model was asked for.
  var hasUsedModels: Bool { state.withLock { $0.hasUsedModels } }

  /// Notes that samples in `range` were read.
  func note(_ range: TimeRange) {
    state.withLock { state in
      guard let known = state.range else {
        state.range = range
        return
      }
      state.range = TimeRange(
        start: min(known.start, range.start), end: max(known.end, range.end))
    }
    outer?.note(range)
  }

  /// Notes that a model was asked for.
  func noteModels() {
    state.withLock { $0.hasUsedModels = true }
    outer?.noteModels()
  }
}

/// A source whose reads are noted.
private struct NotedSeries: SeriesSource {
  let base: any SeriesSource
  let reads: StageReads

  func retention(of key: SeriesKey) -> Interval? { base.retention(of: key) }

  func samples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    reads.note(range)
    return try await base.samples(passing: matchers, in: range)
  }

  func lastSamples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    reads.note(range)
    return try await base.lastSamples(passing: matchers, in: range)
  }

  func map(
    passing matchers: [LabelMatcher], in range: TimeRange,
    _ transform: @escaping @Sendable (LabelledSamples) throws -> LabelledSamples?
  ) async throws -> [LabelledSamples] {
    reads.note(range)
    return try await base.map(passing: matchers, in: range, transform)
  }

  func summaries(
    passing matchers: [LabelMatcher], in range: TimeRange, of resolution: Resolution,
    rollups: Resolution?
  ) async throws -> [LabelledSummaries] {
    reads.note(range)
    return try await base.summaries(
      passing: matchers, in: range, of: resolution, rollups: rollups)
  }
}

/// A source of models that notes when it is asked.
private struct NotedModels: ModelSource {
  let base: any ModelSource
  let reads: StageReads

  func model(_ request: ModelRequest) async throws -> ModelAnswer {
    reads.noteModels()
    return try await base.model(request)
  }

  func begin(_ text: String) -> any ModelRun {
    reads.noteModels()
    return base.begin(text)
  }
}
