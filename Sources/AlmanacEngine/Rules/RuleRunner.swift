public import AlmanacCore
internal import AlmanacQuery
public import AlmanacRules
internal import AlmanacStore
public import Logging
internal import Synchronization

/// The rules of a server: reads them, has them evaluated, and knows how they are.
public final class RuleRunner: Sendable {
  private struct State {
    var runs: [RuleGroupID: RuleGroupRun] = [:]
    var isRunning = false
    var lastReload: (time: Timestamp, isGood: Bool)?
    var lastGoodReload: Timestamp?
    /// Alerts of the server before this one, until their groups are there.
    var records: [RuleGroupID: AlertRecord] = [:]
  }

  private let database: Database
  /// How rules are evaluated and whom they tell.
  public let options: RuleOptions
  private let logger: Logger
  private let delivery: AlertDelivery
  private let stored: RuleGroupStore
  private let state: Mutex<State>
  /// One change of the groups after the other.
  private let changes = WorkInTurn()

  /// The rules of `database`; `reload` reads them, `run` has them evaluated.
  public init(
    _ database: Database, options: RuleOptions, transport: any AlertTransport, logger: Logger
  ) throws {
    self.database = database
    self.options = options
    self.logger = logger
    delivery = try AlertDelivery(
      options, store: database.store, transport: transport, now: database.clock(),
      logger: logger)
    stored = try RuleGroupStore(store: database.store, logger: logger)
    var state = State()
    let records = try database.store.readRecords(.alerts, "stored alerts", logger: logger) {
      AlertRecord(text: $1)
    }
    for record in records { state.records[record.id] = record }
    self.state = Mutex(state)
  }

  // MARK: - Running

  /// Has all groups evaluated and alerts sent, until the task is cancelled.
  public func run() async {
    let runs = state.withLock { state in
      state.isRunning = true
      return Array(state.runs.values)
    }
    for run in runs { run.start() }
    await delivery.run()
    let last = state.withLock { state in
      state.isRunning = false
      return Array(state.runs.values)
    }
    await withDiscardingTaskGroup { group in
      for run in last { group.addTask { await run.stop() } }
    }
  }

  /// Evaluates every group once, as of `time`: for tests, beside `run`.
  func evaluateAll(at time: Timestamp) async {
    for run in state.withLock({ $0.runs.values.sorted { $0.id < $1.id } }) {
      await run.evaluate(at: time)
    }
  }

  /// Sends what waits until the task is cancelled: for tests, in place of `run`.
  func deliver() async { await delivery.run() }

  // MARK: - Changing

  /// Reads the files and the stored groups again. Groups that did not change go on undisturbed.
  ///
  /// - Throws: `RuleFileError`, or why a file cannot be read; then nothing changes.
  public func reload() async throws {
    try await changes.run { [self] in
      let now = database.clock()
      do {
        try await apply(try await wanted())
        state.withLock { state in
          state.lastReload = (now, true)
          state.lastGoodReload = now
        }
      } catch {
        state.withLock { $0.lastReload = (now, false) }
        throw error
      }
    }
  }

  /// Stores the group that `yaml` writes, in place of the one of its name.
  ///
  /// - Parameter name: what it must be called; nil where that is up to it.
  /// - Throws: `RuleFileError`.
  public func put(_ yaml: String, namespace: String, name: String? = nil) async throws {
    let lets = database.lets.all
    let group = try await database.readers.run {
      try RuleFile.group(of: yaml, file: namespace, lets: lets)
    }
    if let name, name != group.name {
      throw RuleFileError(problems: [
        RuleProblem(
          file: namespace, group: group.name, reason: "the path calls the group \"\(name)\"")
      ])
    }
    try await change(namespace) { $0.filter { $0.name != group.name } + [group] }
  }

  /// Stores the groups of a whole file in place of all of `namespace`.
  ///
  /// - Throws: `RuleFileError`.
  public func putAll(_ yaml: String, namespace: String) async throws {
    let lets = database.lets.all
    let groups = try await database.readers.run {
      try RuleFile.groups(of: yaml, file: namespace, lets: lets)
    }
    try await change(namespace) { _ in groups }
  }

  /// Forgets a stored group, or all of `namespace`; false where there is none.
  public func remove(namespace: String, name: String? = nil) async throws -> Bool {
    let known = stored.groups(of: namespace)
    guard known.contains(where: { name == nil || $0.name == name }) else { return false }
    try await change(namespace) { $0.filter { name != nil && $0.name != name } }
    return true
  }

  private func change(
    _ namespace: String, _ change: @escaping @Sendable ([RuleGroup]) -> [RuleGroup]
  ) async throws {
    try await changes.run { [self] in
      try await stored.replace(namespace, with: change(stored.groups(of: namespace)))
      // Files stay as they are until they are read again.
      var groups = state.withLock { $0.runs.filter { $0.key.origin == .file }.mapValues(\.group) }
      groups.merge(storedGroups()) { $1 }
      try await apply(groups)
    }
  }

  /// The stored groups by namespace.
  public var storedFiles: [(file: String, groups: [RuleGroup])] { stored.all }

  private func storedGroups() -> [RuleGroupID: RuleGroup] {
    var groups: [RuleGroupID: RuleGroup] = [:]
    for (file, all) in stored.all {
      for group in all { groups[RuleGroupID(.api, file: file, name: group.name)] = group }
    }
    return groups
  }

  /// All groups that there should be.
  private func wanted() async throws -> [RuleGroupID: RuleGroup] {
    let lets = database.lets.all
    let files = options.files
    var groups = try await database.readers.run {
      var groups: [RuleGroupID: RuleGroup] = [:]
      var problems: [RuleProblem] = []
      for (path, text) in try files() {
        do {
          for group in try RuleFile.groups(of: text, file: path, lets: lets) {
            groups[RuleGroupID(.file, file: path, name: group.name)] = group
          }
        } catch let error as RuleFileError {
          problems += error.problems
        }
      }
      guard problems.isEmpty else { throw RuleFileError(problems: problems) }
      return groups
    }
    groups.merge(storedGroups()) { $1 }
    return groups
  }

  /// Makes `groups` those that are evaluated.
  private func apply(_ groups: [RuleGroupID: RuleGroup]) async throws {
    let surroundings = RuleGroupRun.Surroundings(
      database: database, delivery: delivery, options: options, logger: logger)
    let (before, records, isRunning) = state.withLock { ($0.runs, $0.records, $0.isRunning) }
    var fresh: [RuleGroupID: RuleGroupRun] = [:]
    for (id, group) in groups where before[id]?.group != group {
      fresh[id] = try RuleGroupRun(
        id, group, surroundings, record: before[id] == nil ? records[id] : nil)
    }
    for (id, run) in fresh {
      guard let old = before[id] else { continue }
      await old.stop()
      run.takeOver(old)
    }
    let gone = before.filter { groups[$0.key] == nil }
    for run in gone.values { await run.stop() }
    state.withLock { state in
      for (id, run) in fresh {
        state.runs[id] = run
        state.records[id] = nil
      }
      for id in gone.keys { state.runs[id] = nil }
    }
    for run in fresh.values { run.endUnclaimed() }
    for run in gone.values { await run.remove() }
    // Groups that went while no server ran.
    for (id, record) in records where groups[id] == nil {
      let run = try RuleGroupRun(
        id, RuleGroup(name: id.name, rules: []), surroundings, record: record)
      run.endUnclaimed()
      await run.remove()
      state.withLock { $0.records[id] = nil }
    }
    if isRunning { for run in fresh.values { run.start() } }
  }

  // MARK: - Status

  /// All groups in order of file and name.
  public var groups: [RuleGroupStatus] {
    state.withLock { $0.runs.values.sorted { $0.id < $1.id } }.map(\.status)
  }

  /// Everybody who is told of alerts.
  public var targets: [AlertTargetStatus] {
    delivery.alertmanagers.map { queue in
      queue.target.status(
        isAlertmanager: true, waiting: queue.count, capacity: AlertmanagerQueue.capacity)
    }
      + delivery.webhooks.map { outbox in
        outbox.target.status(
          isAlertmanager: false, waiting: outbox.count, capacity: WebhookOutbox.capacity)
      }
  }

  /// Whether the last time that rules were read went well, and when it last did.
  public var lastReload: (isGood: Bool, goodAt: Timestamp?) {
    state.withLock { ($0.lastReload?.isGood ?? true, $0.lastGoodReload) }
  }
}

extension AlertTarget {
  fileprivate func status(
    isAlertmanager: Bool, waiting: Int, capacity: Int
  ) -> AlertTargetStatus {
    let counts = counts
    return AlertTargetStatus(
      isAlertmanager: isAlertmanager, name: name, sent: counts.sent, errors: counts.errors,
      dropped: counts.dropped, waiting: waiting, capacity: capacity, requests: counts.requests,
      seconds: counts.seconds)
  }
}

/// Runs pieces of work one after the other, in the order they came.
private final class WorkInTurn: Sendable {
  private let last = Mutex<Task<Void, Never>?>(nil)

  func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let task = last.withLock { last in
      let before = last
      let task = Task {
        await before?.value
        try await body()
      }
      last = Task { _ = await task.result }
      return task
    }
    try await task.value
  }
}
