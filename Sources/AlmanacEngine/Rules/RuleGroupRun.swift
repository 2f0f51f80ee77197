internal import AlmanacCore
internal import AlmanacQuery
internal import AlmanacRules
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// One group at work: its rules, their alerts, and when it is evaluated.
final class RuleGroupRun: Sendable {
  /// What all groups share.
  struct Surroundings: Sendable {
    let database: Database
    let delivery: AlertDelivery
    let options: RuleOptions
    let logger: Logger
  }

  /// A rule with what is read of it once.
  struct OneRule: Sendable {
    let rule: Rule
    let labels: [String: String]
    /// nil for what records.
    let templates: AlertTemplates?
  }

  /// What is known of a rule.
  struct RuleState: Sendable {
    var table = AlertTable()
    /// The series that the last evaluation wrote.
    var series: Set<SeriesKey> = []
    var health = RuleStatus.Health.unknown
    var lastError: String?
    var lastEvaluation: Timestamp?
    var seconds = 0.0
    var evaluations = 0
    var failures = 0
  }

  /// What is known of the group. Only its own evaluation changes it.
  struct State: Sendable {
    var rules: [RuleState]
    var lastEvaluation: Timestamp?
    var seconds = 0.0
    var iterations = 0
    var missed = 0
    var lastSamples = 0
    /// Series of rules that are no more: the next evaluation ends them.
    var orphans: Set<SeriesKey> = []
    /// When the server before this one stopped; nil once that was dealt with.
    var stoppedAt: Timestamp?
    /// What is in the store of its alerts, without what changes all the time.
    var kept: [AlertRecord.OneRule] = []
    /// Alerts in the store of rules that are no more.
    var unclaimed: [AlertRecord.OneRule] = []
    /// Whether a rule looks at what came since the last evaluation, whose time is kept then.
    var looksBack = false
  }

  let id: RuleGroupID
  let group: RuleGroup
  let slots: EvaluationSlots
  let rules: [OneRule]
  let surroundings: Surroundings
  let state: Mutex<State>
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// - Parameter record: what the server before this one left of its alerts.
  init(
    _ id: RuleGroupID, _ group: RuleGroup, _ surroundings: Surroundings, record: AlertRecord?
  ) throws(TemplateError) {
    self.id = id
    self.group = group
    self.surroundings = surroundings
    slots = EvaluationSlots(of: id, interval: group.interval ?? surroundings.options.interval)
    var rules: [OneRule] = []
    for rule in group.rules {
      let labels = group.labels(of: rule)
      rules.append(
        OneRule(
          rule: rule, labels: labels,
          templates: rule.kind == .alert ? try AlertTemplates(rule, labels: labels) : nil))
    }
    self.rules = rules
    var state = State(rules: rules.map { _ in RuleState() })
    if let record {
      state.stoppedAt = record.lastEvaluation
      state.lastEvaluation = record.lastEvaluation
      state.kept = record.rules.map(\.outline)
      state.unclaimed = record.rules
      for (index, one) in rules.enumerated() where one.rule.kind == .alert {
        guard
          let kept = record.rules.first(where: {
            $0.name == one.rule.name && $0.labels == one.labels
          })
        else { continue }
        state.unclaimed.removeAll { $0.name == kept.name && $0.labels == kept.labels }
        state.rules[index].table = AlertTable(kept.alerts)
        state.rules[index].series = Set(
          state.rules[index].table.active.flatMap { [$0.stateSeries, $0.sinceSeries] })
      }
    }
    self.state = Mutex(state)
  }

  var logger: Logger { surroundings.logger }

  /// How it is called in logs.
  var name: String { "\(id.file): group \"\(id.name)\"" }

  // MARK: - Running

  func start() {
    task.withLock { task in
      if task == nil { task = Task { await self.run() } }
    }
  }

  /// Ends the evaluation under way; returns when that is over.
  func stop() async {
    let task = task.withLock { task in
      defer { task = nil }
      return task
    }
    task?.cancel()
    await task?.value
  }

  private func run() async {
    let clock = surroundings.database.clock
    let begin = clock()
    noteOutage(until: begin)
    var slot = slots.slot(notAfter: begin) + slots.interval
    while await sleep(until: &slot) {
      await evaluate(at: slot)
      let (next, missed) = slots.next(after: slot, now: clock())
      if missed > 0 {
        logger.warning("\(name): \(missed) evaluations were missed, as one took too long")
        count(missed: missed)
      }
      slot = next
    }
    await keepAlerts(force: true)
  }

  /// Counts what was due while no server ran.
  private func noteOutage(until now: Timestamp) {
    guard let stop = state.withLock({ $0.stoppedAt }), stop < now else { return }
    let (_, missed) = slots.next(after: stop, now: now)
    guard missed > 0 else { return }
    logger.info("\(name): \(missed) evaluations were missed while the server was down")
    count(missed: missed)
  }

  private func count(missed: Int) {
    state.withLock { state in
      state.missed += missed
      state.iterations += missed
    }
  }

  /// Waits for `slot`; false where the task is cancelled. A clock that was set back does not make it
  /// wait for longer than an interval.
  private func sleep(until slot: inout Timestamp) async -> Bool {
    let clock = surroundings.database.clock
    while !Task.isCancelled {
      let now = clock()
      if now >= slot { return true }
      if slot > now + slots.interval { slot = slots.slot(notAfter: now) + slots.interval }
      let left = slot.nanoseconds - now.nanoseconds
      try? await Task.sleep(for: .nanoseconds(min(left, 5_000_000_000)))
    }
    return false
  }

  // MARK: - Taking over

  /// Goes on where `other`, the same group before it was changed, has stopped.
  func takeOver(_ other: RuleGroupRun) {
    let before = other.state.withLock { $0 }
    var taken: Set<Int> = []
    state.withLock { state in
      state.lastEvaluation = before.lastEvaluation
      state.stoppedAt = before.stoppedAt
      state.iterations = before.iterations
      state.missed = before.missed
      state.kept = before.kept
      for (index, one) in rules.enumerated() {
        let match = other.rules.indices.first { position in
          let old = other.rules[position]
          return !taken.contains(position) && old.rule.kind == one.rule.kind
            && old.rule.name == one.rule.name && old.labels == one.labels
        }
        guard let match else { continue }
        taken.insert(match)
        state.rules[index] = before.rules[match]
      }
      for (position, old) in before.rules.enumerated() where !taken.contains(position) {
        state.orphans.formUnion(old.series)
      }
    }
    for (position, old) in before.rules.enumerated() where !taken.contains(position) {
      endAlerts(old.table, of: other.rules[position].rule, at: surroundings.database.clock())
    }
  }

  /// Ends the alerts of rules that went while no server ran.
  func endUnclaimed() {
    let unclaimed = state.withLock { state in
      for rule in state.unclaimed {
        state.orphans.formUnion(
          AlertTable(rule.alerts).active.flatMap { [$0.stateSeries, $0.sinceSeries] })
      }
      defer { state.unclaimed = [] }
      return state.unclaimed
    }
    for one in unclaimed {
      endAlerts(
        AlertTable(one.alerts), of: Rule(.alert, one.name, ""), at: surroundings.database.clock())
    }
  }

  /// Tells that the alerts of a rule that is no more have ended.
  private func endAlerts(_ table: AlertTable, of rule: Rule, at time: Timestamp) {
    var table = table
    let ended = table.endAll(at: time)
    guard !ended.isEmpty else { return }
    let messages = ended.map { message($0, of: rule, at: time) }
    surroundings.delivery.send(messages)
    let news = surroundings.delivery.news(messages, of: id)
    Task { [surroundings] in
      do {
        try await surroundings.database.store.changeRecords(
          news.map { .put(.notifications, $0.name, $0.record) })
      } catch {
        surroundings.logger.error("cannot keep news of alerts: \(error)")
      }
      surroundings.delivery.send(news)
    }
  }

  /// Ends everything: the group is no more. To be called once it was stopped.
  func remove() async {
    let time = surroundings.database.clock()
    let last = state.withLock { $0 }
    let series = last.rules.reduce(into: last.orphans) { $0.formUnion($1.series) }
    for (index, old) in last.rules.enumerated() {
      endAlerts(old.table, of: rules[index].rule, at: time)
    }
    do {
      try await write([], ended: series, at: time)
      try await surroundings.database.store.changeRecords([.remove(.alerts, id.hash)])
    } catch {
      logger.error("\(name): cannot end its series: \(error)")
    }
  }

  // MARK: - Status

  var status: RuleGroupStatus {
    let state = state.withLock { $0 }
    return RuleGroupStatus(
      id: id, group: group, interval: slots.interval, lastEvaluation: state.lastEvaluation,
      evaluationSeconds: state.seconds, iterations: state.iterations, missed: state.missed,
      lastSamples: state.lastSamples,
      rules: zip(rules, state.rules).map { one, state in
        RuleStatus(
          rule: one.rule, labels: one.labels, health: state.health, lastError: state.lastError,
          lastEvaluation: state.lastEvaluation, evaluationSeconds: state.seconds,
          evaluations: state.evaluations, failures: state.failures, table: state.table)
      })
  }
}

extension AlertRecord.OneRule {
  /// The rule's alerts without what changes at every evaluation.
  var outline: AlertRecord.OneRule {
    var outline = self
    for index in outline.alerts.indices {
      outline.alerts[index].value = 0
      outline.alerts[index].annotations = [:]
      outline.alerts[index].lastSentAt = nil
    }
    return outline
  }
}
