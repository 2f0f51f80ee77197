internal import AlmanacCore
internal import AlmanacQuery
internal import AlmanacRules
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// Evaluating a group.
extension RuleGroupRun {
  /// Bare selectors of outliers reach back to the last evaluation, but no further than this.
  private static let longestLookback = Interval.days(1)
  /// Results of queries that the templates of one rule may ask for.
  private static let maximumQueries = 1000

  /// Evaluates all rules in order at `time`.
  func evaluate(at time: Timestamp) async {
    let began = ContinuousClock.now
    resume(at: time)
    var samples = 0
    for index in rules.indices {
      guard !Task.isCancelled else { return }
      samples += await evaluate(index, at: time)
    }
    guard !Task.isCancelled else { return }
    let orphans = state.withLock { $0.orphans }
    if !orphans.isEmpty {
      do {
        let live = state.withLock { $0.rules.reduce(into: Set()) { $0.formUnion($1.series) } }
        try await write([], ended: orphans.subtracting(live), at: time - queryOffset)
        state.withLock { $0.orphans = [] }
      } catch {
        logger.error("\(name): cannot end the series of rules that have gone: \(error)")
      }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    state.withLock { state in
      state.lastEvaluation = time
      state.seconds = seconds
      state.lastSamples = samples
      state.iterations += 1
    }
    await keepAlerts(force: false)
  }

  private var queryOffset: Interval {
    group.queryOffset ?? surroundings.options.queryOffset
  }

  /// Lets alerts of the server before this one go on.
  private func resume(at time: Timestamp) {
    state.withLock { state in
      guard let stop = state.stoppedAt else { return }
      state.stoppedAt = nil
      for index in state.rules.indices {
        state.rules[index].table = state.rules[index].table.resumed(
          after: stop + slots.interval, at: time)
      }
    }
  }

  /// Evaluates one rule; returns how many samples it wrote.
  private func evaluate(_ index: Int, at time: Timestamp) async -> Int {
    let began = ContinuousClock.now
    var failure: (any Error)?
    var count = 0
    do {
      let values = try await values(of: rules[index].rule, at: time)
      let series: [RuleValue]
      if let templates = rules[index].templates {
        series = try await alert(values, templates, index, at: time)
      } else {
        series = try record(values, rules[index])
      }
      count = series.count
      let keys = Set(series.map(\.key))
      let before = state.withLock { $0.rules[index].series }
      try await write(series, ended: before.subtracting(keys), at: time - queryOffset)
      state.withLock { $0.rules[index].series = keys }
    } catch {
      if Task.isCancelled { return 0 }
      failure = error
      logger.warning("\(name), rule \(index + 1) \"\(rules[index].rule.name)\": \(error)")
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    let message = failure.map { "\($0)" }
    state.withLock { state in
      state.rules[index].health = message == nil ? .ok : .err
      state.rules[index].lastError = message
      state.rules[index].lastEvaluation = time
      state.rules[index].seconds = seconds
      state.rules[index].evaluations += 1
      state.rules[index].failures += message == nil ? 0 : 1
    }
    return count
  }

  // MARK: - Asking

  private func values(of rule: Rule, at time: Timestamp) async throws -> [RuleValue] {
    let database = surroundings.database
    let query = try database.read(rule.expression)
    var moment = QueryTime(time: time - queryOffset)
    let last = state.withLock { state in
      if query.shape == .curves { state.looksBack = true }
      return state.lastEvaluation
    }
    if query.shape == .curves, let last, last < time {
      // Nothing that came since may be overlooked.
      let since = Interval(nanoseconds: time.nanoseconds - last.nanoseconds)
      moment.lookback = max(QueryTime.usualLookback, min(since, Self.longestLookback))
    }
    let result = try await database.evaluate(query, at: moment)
    let at = moment.time
    return try await database.readers.run { try RuleValue.all(of: result, at: at) }
  }

  /// The result of a query inside a template.
  private func samples(_ text: String, at time: Timestamp) async throws -> [TemplateSample] {
    let database = surroundings.database
    let query = try database.read(text)
    let result = try await database.evaluate(query, at: QueryTime(time: time))
    return try RuleValue.all(of: result, at: time).map {
      TemplateSample(key: $0.key, value: $0.value)
    }
  }

  // MARK: - Recording

  private func record(_ values: [RuleValue], _ one: OneRule) throws -> [RuleValue] {
    var known: Set<SeriesKey> = []
    let series = try values.map { value in
      let labels = value.key.labels.all.map { ($0.name, $0.value) }
      let own = one.labels.map { ($0.key, $0.value) }
      let key = SeriesKey(metric: one.rule.name, labels: Labels(labels + own))
      guard known.insert(key).inserted else {
        throw RuleError(
          message: "vector contains metrics with the same labelset after applying rule labels")
      }
      return RuleValue(key: key, value: value.value)
    }
    if group.limit > 0, series.count > group.limit {
      throw AlertLimitError(limit: group.limit, count: series.count, what: "series")
    }
    return series
  }

  /// Writes `series` at `time`, and markers where others end.
  func write(_ series: [RuleValue], ended: Set<SeriesKey>, at time: Timestamp) async throws {
    let samples = series.map { ($0.key, $0.value) } + ended.sorted().map { ($0, .staleMarker) }
    guard !samples.isEmpty else { return }
    guard let sink = surroundings.database.sink else {
      throw RuleError(message: "the store is open for reading only")
    }
    try await sink.write(
      samples.map { key, value in
        LabelledSamples(
          key: key, samples: Samples(timestamps: [time.nanoseconds], values: [value]))
      })
  }

  // MARK: - Alerting

  /// Moves the alerts of a rule on and tells of them; returns the series that say so.
  private func alert(
    _ values: [RuleValue], _ templates: AlertTemplates, _ index: Int, at time: Timestamp
  ) async throws -> [RuleValue] {
    let active = try await expand(values, templates, at: time)
    let rule = rules[index].rule
    let terms = AlertTable.Terms(
      hold: rule.hold, keepFiringFor: rule.keepFiringFor, limit: group.limit)
    let outcome = try await surroundings.database.readers.run { [self] in
      advance(index, active, at: time, terms)
    }
    let changes = outcome.changes
    if !changes.isEmpty {
      // What is told is on disk first.
      await keepAlerts(
        force: true,
        news: surroundings.delivery.news(
          changes.map { message($0, of: rule, at: time) }, of: id), at: time)
    }
    surroundings.delivery.send(outcome.due.map { message($0, of: rule, at: time) })
    if let error = outcome.error { throw error }
    return outcome.table.active.flatMap { alert in
      [
        RuleValue(key: alert.stateSeries, value: 1),
        RuleValue(
          key: alert.sinceSeries, value: alert.activeAt.seconds.rounded(.down)),
      ]
    }
  }

  /// What an evaluation did to the alerts of a rule.
  private struct Advance: Sendable {
    /// Those that began to fire or ended.
    var changes: [Alert]
    /// Those that Alertmanagers are to hear of.
    var due: [Alert]
    var table: AlertTable
    var error: AlertLimitError?
  }

  /// Moves the alerts of a rule on. Where there are too many, those that fire end.
  private func advance(
    _ index: Int, _ active: [ActiveSeries], at time: Timestamp, _ terms: AlertTable.Terms
  ) -> Advance {
    var table = state.withLock { $0.rules[index].table }
    var advance = Advance(changes: [], due: [], table: table)
    do throws(AlertLimitError) {
      advance.changes = try table.evaluate(active, at: time, terms)
    } catch {
      table = advance.table
      advance.changes = table.endAll(at: time)
      advance.error = error
    }
    advance.due = table.takeDue(at: time, resendDelay: surroundings.options.resendDelay)
    advance.table = table
    state.withLock { $0.rules[index].table = table }
    return advance
  }

  private func expand(
    _ values: [RuleValue], _ templates: AlertTemplates, at time: Timestamp
  ) async throws -> [ActiveSeries] {
    let options = surroundings.options
    var known = AlertTemplates.Surroundings(
      externalLabels: options.externalLabels, externalURL: options.externalURL, time: time)
    while true {
      let current = known
      let outcome = try await surroundings.database.readers.run {
        try templates.expand(values, current)
      }
      switch outcome {
      case .done(let active, let warnings):
        for warning in warnings { logger.warning("\(name): \(warning)") }
        return active
      case .needs(let texts):
        for text in texts.sorted() {
          if known.queries.count >= Self.maximumQueries {
            known.fail(text, "templates of the rule ask for over \(Self.maximumQueries) queries")
            continue
          }
          do {
            known.queries[text] = .success(try await samples(text, at: time))
          } catch {
            if Task.isCancelled { throw error }
            known.fail(text, "\(error)")
          }
        }
      }
    }
  }

  /// What others are told of an alert.
  func message(_ alert: Alert, of rule: Rule, at time: Timestamp) -> AlertMessage {
    let options = surroundings.options
    return AlertMessage(
      alert, expression: rule.expression, externalLabels: options.externalLabels,
      externalURL: options.externalURL,
      validUntil: AlertMessage.validUntil(
        sentAt: time, interval: slots.interval, resendDelay: options.resendDelay))
  }
}

/// Why a rule could not be evaluated.
struct RuleError: Error, CustomStringConvertible {
  let message: String
  var description: String { message }
}
