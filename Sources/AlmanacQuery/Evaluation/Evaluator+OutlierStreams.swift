internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacPattern
internal import Synchronization

/// Outliers of plain selectors, told by going on from earlier answers.
extension Evaluator {
  /// The longest stretch that is judged from states.
  private static let longest = Interval.days(1)
  /// What is read before the last change, so that the blocks around it can be told from before.
  private static let checked = Interval.hours(7)

  /// The answer from states; nil where the plan is none that has some.
  func streamedOutliers(
    _ plan: OutliersPlan, _ context: Context
  ) async throws -> [LabelledOutliers]? {
    guard let states = stages.outliers, states.limit > 0, context.range == nil,
      let selection = plan.streamed
    else { return nil }
    let (_, inner, judged) = judgement(of: plan.input, context, lead: .zero)
    guard !judged.isEmpty, judged.end < judged.start + Self.longest else { return nil }
    let text = plan.stateText(of: OutlierHistory.length(of: judged))
    let round = "\(text) \(selection.matchers)"
    let poll = OutlierPoll(
      plan: plan, judged: judged, states: states, question: text,
      version: states.changes.version, evaluator: self)
    let last = states.round(round)
    let start = poll.start(after: last, atMost: Self.checked)
    let history = TimeRange(
      start: judged.start - outlierLead(plan) - OutlierHistory.renewal, end: judged.end)
    stages.reads?.note(history)
    _ = try await series.map(
      passing: selection.matchers, in: TimeRange(start: start, end: inner.time)
    ) { one in
      try budget.count(one.samples.count)
      try poll.go(on: one.key, one.samples.withoutStaleMarkers, from: start)
      return nil
    }
    try await poll.readHistories(history, selection)
    states.count { $0.polls += poll.polls }
    states.end(
      OutlierStates.Round(version: poll.version, until: judged.end, step: poll.longestStep),
      of: round)
    return poll.results
  }

  /// The history that samples of `key` are judged by.
  func history(
    of key: SeriesKey, _ judged: TimeRange, _ plan: OutliersPlan
  ) -> OutlierHistory {
    OutlierHistory(
      of: key, judged: judged, lead: outlierLead(plan), kept: series.retention(of: key))
  }
}

/// One question about the outliers of some series.
final class OutlierPoll: Sendable {
  private struct State {
    var results: [LabelledOutliers] = []
    /// Series whose history is needed, with what is known of them.
    var needy: [SeriesKey: OutlierState?] = [:]
    var changed: [UInt64: [TimeRange]] = [:]
    var longestStep = Interval.minutes(1)
    var polls = 0
  }

  /// Of more series all histories are read at once.
  private static let few = 256
  /// What a state has samples of, before the block that is open.
  private static let near = Interval.minutes(3)

  let version: UInt64
  private let plan: OutliersPlan
  private let judged: TimeRange
  private let states: OutlierStates
  private let question: String
  private let evaluator: Evaluator
  private let state = Mutex(State())

  /// - Parameter version: of the data, asked for before anything is read.
  init(
    plan: OutliersPlan, judged: TimeRange, states: OutlierStates, question: String, version: UInt64,
    evaluator: Evaluator
  ) {
    self.plan = plan
    self.judged = judged
    self.states = states
    self.question = question
    self.version = version
    self.evaluator = evaluator
  }

  /// What was found, in order of key.
  var results: [LabelledOutliers] { state.withLock { $0.results }.inOrder(of: \.key) }

  /// Series that were judged from a state and their new samples.
  var polls: Int { state.withLock { $0.polls } }

  var longestStep: Interval { state.withLock { $0.longestStep } }

  /// The first moment to read: nothing before it may have changed since the last round, as far as
  /// states can tell that from it.
  func start(after last: OutlierStates.Round?, atMost checked: Interval) -> Timestamp {
    let step = last?.step ?? .minutes(1)
    var start = judged.start
    if let last {
      start = min(start, last.until)
      let oldest = judged.start - Interval.days(49)
      for range in changed(since: last.version)
      where range.start <= last.until && range.end >= oldest {
        let first = max(range.start, oldest)
        // Of what is near a state has the samples themselves.
        start = min(start, first > judged.end - Self.near ? first : first - checked)
      }
    }
    return (start - step - step).aligned(downTo: step)
  }

  private func changed(since version: UInt64) -> [TimeRange] {
    state.withLock { state in
      if let known = state.changed[version] { return known }
      let ranges = states.changes.ranges(since: version)
      state.changed[version] = ranges
      return ranges
    }
  }

  private func isWanted(_ sample: JudgedSample) -> Bool { plan.includesAll || sample.score >= 1 }

  private func key(_ series: SeriesKey) -> OutlierStates.Key {
    OutlierStates.Key(question: question, series: series)
  }

  private func history(of series: SeriesKey) -> OutlierHistory {
    evaluator.history(of: series, judged, plan)
  }

  // MARK: - New samples

  /// Judges the newest samples of a series, all that there are from `start` on, from its state.
  func go(on series: SeriesKey, _ samples: Samples, from start: Timestamp) throws {
    guard let last = samples.values.lastIndex(where: \.isFinite) else { return }
    var known = states.state(key(series))
    let history = history(of: series)
    // Feedback may have moved the threshold since.
    if let state = known, state.origin == history.origin,
      state.stream.options.thresholdFactor == evaluator.thresholdFactor(of: series, plan),
      state.refit == history.refit(before: judged.end), let version = state.version
    {
      let seen = TimeRange(start: state.origin, end: state.until)
      let changed = changed(since: version).lazy.filter { $0.overlaps(seen) }
        .map { max($0.start, seen.start) }.min()
      var next = state
      let found = next.advance(
        samples, from: start, changed: changed, judged: judged, isWanted: isWanted)
      if let found {
        if judged.end >= state.until {
          next.version = self.version
          next.until = judged.end
          states.keep(next, under: key(series), isRefitted: false)
        }
        let first = judged.start.aligned(downTo: next.stream.step).nanoseconds
        if samples.timestamps[last] >= first { add(series, next.stream, found) }
        return self.state.withLock { $0.polls += 1 }
      }
    }
    if known?.origin != history.origin { known = nil }
    let state = known
    self.state.withLock { $0.needy[series] = .some(state) }
  }

  /// Adds what was found of a series that has a sample in what is judged; indices count from `start`.
  private func add(
    _ series: SeriesKey, from start: Timestamp, step: Interval, _ found: [OutlierState.Found]
  ) {
    state.withLock { state in
      state.longestStep = max(state.longestStep, step)
      state.results.append(
        LabelledOutliers(
          key: series, grid: RegularSeries(start: start, step: step, values: []),
          samples: found.map(\.sample), times: found.map(\.time),
          judgements: evaluator.judgements.about(series, plan.signal.text)))
    }
  }

  private func add(_ series: SeriesKey, _ stream: OutlierStream, _ found: [OutlierState.Found]) {
    add(series, from: stream.start, step: stream.step, found)
  }

  // MARK: - Histories

  /// Judges the series that need their history, which lies in `range`.
  func readHistories(_ range: TimeRange, _ selection: Selection) async throws {
    let needy = state.withLock { $0.needy }
    guard !needy.isEmpty else { return }
    let series = evaluator.series
    let judge = { @Sendable (one: LabelledSamples) throws -> LabelledSamples? in
      guard let known = needy[one.key] else { return nil }
      try self.evaluator.budget.check()
      try self.judge(one, known)
      return nil
    }
    guard needy.count <= Self.few else {
      _ = try await series.map(passing: selection.matchers, in: range, judge)
      return
    }
    _ = try await Array(needy.keys).concurrentMap { key in
      try await series.map(passing: key.matchers, in: range, judge)
    }
  }

  private func judge(_ one: LabelledSamples, _ known: OutlierState?) throws {
    let history = history(of: one.key)
    let samples = history.cut(one.samples.withoutStaleMarkers)
    guard let last = samples.values.lastIndex(where: \.isFinite) else { return }
    let newest = samples.timestamps[last]
    let (step, isYoung) = history.step(of: samples, until: judged.end)
    guard let grid = try evaluator.regular(one.with(samples), step: step) else { return }
    guard newest >= judged.start.aligned(downTo: grid.step).nanoseconds else { return }
    let options = evaluator.options(plan, grid, one.key, history)
    let isNewest = known.map { judged.end >= $0.until } ?? true
    if var next = known, next.stream.options == options,
      let found = next.advance(samples, grid, judged: judged, isWanted: isWanted)
    {
      if isNewest {
        (next.version, next.until) = (version, judged.end)
        next.refit = history.refit(before: judged.end)
        states.keep(next, under: key(one.key), isRefitted: false)
      }
      states.count { $0.checks += 1 }
      return add(one.key, next.stream, found)
    }
    let start: (found: [OutlierState.Found], state: OutlierState?, isContinued: Bool)
    do {
      start = try OutlierState.begin(
        samples, grid, history, judged: judged, options: options, known: known?.stream,
        isWanted: isWanted)
    } catch {
      throw evaluator.failure(one.key, error, plan)
    }
    states.count { statistics in
      if start.isContinued { statistics.refits += 1 } else { statistics.rebuilds += 1 }
    }
    if var state = start.state, !isYoung, isNewest {
      state.version = version
      states.keep(state, under: key(one.key), isRefitted: true)
    }
    add(one.key, from: grid.start, step: grid.step, start.found)
  }
}

extension SeriesKey {
  /// What the key passes, with others that have more labels.
  fileprivate var matchers: [LabelMatcher] {
    [LabelMatcher(name: Self.metricLabel, .equal(metric))]
      + labels.all.map { LabelMatcher(name: $0.name, .equal($0.value)) }
  }
}
