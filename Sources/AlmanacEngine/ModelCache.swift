internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacQuery
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// Models by key: in memory, in the store, or trained now, once for all who ask.
final class ModelCache: ModelSource {
  private struct State {
    /// Decoded models, the most recently used last.
    var recent: [(key: ModelKey, record: ModelRecord)] = []
    var training: [ModelKey: Job] = [:]
    /// Networks of groups, the most recently asked for last.
    var groups: [(hash: String, flight: Flight<GroupNetwork?>)] = []
    var jobs: [Job] = []
    var nextJob = 1
    var ledger = ModelLedger()

    mutating func list(_ job: Job) {
      jobs.append(job)
      if jobs.count > ModelCache.jobLimit, let old = jobs.firstIndex(where: \.hasEnded) {
        jobs.remove(at: old)
      }
    }
  }

  /// Decoded models kept in memory; the store has them all.
  private static let memoryLimit = 256
  /// Networks of groups kept in memory; the models that share them have them too.
  private static let groupLimit = 32
  /// Ended jobs that are still listed.
  private static let jobLimit = 1000

  private let store: Store
  private let readers: ThreadPool
  private let trainers: ThreadPool
  private let limits: ModelLedger.Limits
  private let metrics: EngineMetrics
  private let logger: Logger
  private let clock: @Sendable () -> Timestamp
  private let state = Mutex(State())

  init(
    store: Store, readers: ThreadPool, trainers: ThreadPool, limits: ModelLedger.Limits,
    metrics: EngineMetrics, logger: Logger, clock: @escaping @Sendable () -> Timestamp
  ) {
    self.store = store
    self.readers = readers
    self.trainers = trainers
    self.limits = limits
    self.metrics = metrics
    self.logger = logger
    self.clock = clock
  }

  func model(_ request: ModelRequest) async throws -> ModelAnswer {
    try await model(request, for: nil)
  }

  /// - Parameter owner: the job that a training is begun for.
  func model(_ request: ModelRequest, for owner: Job?) async throws -> ModelAnswer {
    let key = try await readers.run { ModelKey(request) }
    if let record = try await stored(key) {
      metrics.add(.modelHits)
      return .model(record.model, info(key.text, record, .hit))
    }
    metrics.add(.modelMisses)
    let (job, starts) = join(key, request)
    if starts {
      owner?.adopt(job)
      train(request, key, job)
    }
    guard let result = await job.flight.wait(atMost: request.wait) else {
      // An older model knows more than none.
      guard let (id, old) = try await older(key, than: request) else {
        return .pending(job: job.id)
      }
      metrics.add(.modelsStale)
      var known = info(id, old, .stale)
      known.job = job.id
      return .model(old.model, known)
    }
    let record = try result.get()
    return .model(record.model, info(key.text, record, .trained))
  }

  /// The newest model of the same question that knows nothing after the request's bucket.
  private func older(
    _ key: ModelKey, than request: ModelRequest
  ) async throws -> (id: String, record: ModelRecord)? {
    let found = try await readers.run { [store] in
      try store.models(key.family).compactMap { id, bytes -> (id: String, record: ModelRecord)? in
        guard let record = try? ModelRecord(encoded: bytes), record.key == request.key,
          record.model.step == request.history.step,
          record.model.trainedUntil < request.bucket
        else { return nil }
        return (id, record)
      }.max { $0.record.model.trainedUntil < $1.record.model.trainedUntil }
    }
    if let found { used(found.id) }
    return found
  }

  func known(plan: String, options: ForecastOptions) async throws -> [KnownModel] {
    let parameters = Self.parameters(plan, options)
    return try await list().filter { $0.record.plan == parameters }.map { model in
      KnownModel(
        key: model.record.key, trainedUntil: model.record.model.trainedUntil,
        trainingSeconds: model.record.trainingSeconds)
    }
  }

  func begin(_ text: String) -> any ModelRun {
    let job = makeJob(plan: text)
    try? job.start()
    return JobRun(cache: self, job: job)
  }

  private static func parameters(_ plan: String, _ options: ForecastOptions) -> String {
    "\(plan) \(options.canonicalText)"
  }

  /// Lists a job about several series.
  ///
  /// - Parameter id: its number, where it was begun before; that one is not listed any more.
  func makeJob(id: Int? = nil, plan: String) -> Job {
    state.withLock { state in
      let job = Job(id: id ?? state.nextJob, key: Job.noSeries, plan: plan)
      state.nextJob = max(state.nextJob, job.id + 1)
      state.jobs.removeAll { $0.id == job.id }
      state.list(job)
      return job
    }
  }

  /// Gives numbers after `id` to jobs from now on.
  func reserveJobs(upTo id: Int) {
    state.withLock { $0.nextJob = max($0.nextJob, id + 1) }
  }

  /// The jobs that are under way or ended lately, the newest first.
  func jobs() -> [Job] {
    state.withLock { $0.jobs.reversed() }
  }

  /// Models in the order of their keys, with when they were last used by this process.
  func list() async throws -> [StoredModel] {
    let ledger = state.withLock { $0.ledger }
    return try await readers.run { [store] in
      let all = try store.models()
      return all.compactMap { key, bytes in
        guard let record = try? ModelRecord(encoded: bytes) else { return nil }
        return StoredModel(
          id: key, record: record, bytes: bytes.count, lastUsed: ledger.lastUse(of: key))
      }
    }
  }

  /// Forgets a model; false where there is none.
  func remove(_ id: String) async throws -> Bool {
    state.withLock { state in
      state.recent.removeAll { $0.key.text == id }
      state.ledger.remove(id)
    }
    return try await store.removeModel(id)
  }

  /// The model kept under `id`; nil where there is none.
  func kept(_ id: String) async throws -> StoredModel? {
    let lastUsed = state.withLock { $0.ledger.lastUse(of: id) }
    return try await readers.run { [store] in
      guard let bytes = try store.model(id), let record = try? ModelRecord(encoded: bytes) else {
        return nil
      }
      return StoredModel(id: id, record: record, bytes: bytes.count, lastUsed: lastUsed)
    }
  }

  /// Notes that a model was of use.
  private func used(_ id: String) {
    let now = clock()
    state.withLock { $0.ledger.use(id, at: now) }
  }

  private func stored(_ key: ModelKey) async throws -> ModelRecord? {
    let known: ModelRecord? = state.withLock { state in
      guard let index = state.recent.firstIndex(where: { $0.key == key }) else { return nil }
      let entry = state.recent.remove(at: index)
      state.recent.append(entry)
      return entry.record
    }
    if let known {
      used(key.text)
      return known
    }
    let bytes = try await readers.run { [store] in try store.model(key.text) }
    guard let bytes else { return nil }
    do {
      let record = try ModelRecord(encoded: bytes)
      remember(key, record)
      used(key.text)
      return record
    } catch {
      // A model can always be trained anew; better that than no answer.
      logger.warning("\(error)", metadata: ["model": "\(key.text)"])
      return nil
    }
  }

  private func remember(_ key: ModelKey, _ record: ModelRecord) {
    state.withLock { state in
      state.recent.removeAll { $0.key == key }
      state.recent.append((key, record))
      if state.recent.count > Self.memoryLimit { state.recent.removeFirst() }
    }
  }

  /// The training of `key`, joined where one is under way.
  private func join(_ key: ModelKey, _ request: ModelRequest) -> (job: Job, starts: Bool) {
    state.withLock { state in
      if let job = state.training[key], !job.wasCancelled { return (job, false) }
      let job = Job(
        id: state.nextJob, key: request.key,
        plan: Self.parameters(request.plan, request.options))
      state.nextJob += 1
      state.training[key] = job
      state.list(job)
      return (job, true)
    }
  }

  /// Trains, keeps the model, and only then tells those who wait: the next query finds it.
  private func train(_ request: ModelRequest, _ key: ModelKey, _ job: Job) {
    Task.detached { [self] in
      let result: Result<ModelRecord, any Error>
      var kept: Int?
      do {
        let shared = try await network(request, job)
        let record = try await trainers.run { [clock] in
          try job.start()
          let began = ContinuousClock.now
          let model = try ForecastModel.train(
            on: request.history, options: request.options, shared: shared
          ) { job.report($0) }
          return ModelRecord(
            key: request.key, plan: job.plan, created: clock(),
            trainingSeconds: (ContinuousClock.now - began) / .seconds(1), model: model)
        }
        metrics.add(.trainings)
        metrics.add(.trainingSeconds, record.trainingSeconds)
        kept = await keep(key, record)
        result = .success(record)
      } catch {
        metrics.add(.trainingFailures)
        result = .failure(error)
      }
      job.finish(result)
      state.withLock { if $0.training[key] === job { $0.training[key] = nil } }
      if let kept { await evict(keeping: key.text, bytes: kept) }
    }
  }

  /// The network of the request's group: trained once for all members that ask in a while.
  private func network(_ request: ModelRequest, _ job: Job) async throws -> GroupNetwork? {
    guard let group = request.group else { return nil }
    let hash = "\(group.hash) \(request.options.canonicalText)"
    let (flight, starts) = state.withLock { state in
      let known = state.groups.firstIndex { $0.hash == hash }
      let flight = known.map { state.groups.remove(at: $0).flight } ?? Flight<GroupNetwork?>()
      state.groups.append((hash, flight))
      if state.groups.count > Self.groupLimit { state.groups.removeFirst() }
      return (flight, known == nil)
    }
    if starts {
      do {
        let network = try await trainers.run {
          try job.start()
          return try GroupNetwork.train(on: group.members, options: request.options) {
            job.report($0)
          }
        }
        flight.finish(.success(network))
      } catch {
        // Who asks next tries again.
        state.withLock { $0.groups.removeAll { $0.flight === flight } }
        flight.finish(.failure(error))
      }
    }
    while !job.wasCancelled {
      guard let result = await flight.wait(atMost: .seconds(1)) else { continue }
      do {
        return try result.get()
      } catch let error as ForecastError where error.code == .cancelled && !job.wasCancelled {
        // Only the member was cancelled that had begun it.
        return try await network(request, job)
      }
    }
    throw ForecastError.trainingCancelled
  }

  /// Stops every training, as a server that ends must.
  func cancelAll() {
    for job in state.withLock({ $0.jobs }) where !job.hasEnded { job.cancel() }
  }

  /// Stops every training and returns when no thread computes any more: a process that ends
  /// under a training takes the BLAS library's memory away from it.
  func close() async {
    cancelAll()
    await trainers.finish()
  }

  /// Puts a model into the store. A fallback is not kept: it is quick to make and might be
  /// wrong tomorrow. A store that cannot be written is no reason to withhold the answer.
  ///
  /// - Returns: its bytes in the store; nil where it is not there.
  private func keep(_ key: ModelKey, _ record: ModelRecord) async -> Int? {
    guard record.model.fallbackReason == nil else { return nil }
    remember(key, record)
    guard !store.isReadOnly else { return nil }
    let bytes = record.encoded()
    do {
      try await store.putModel(key.text, bytes)
      return bytes.count
    } catch {
      logger.warning("cannot keep a model: \(error)", metadata: ["model": "\(key.text)"])
      return nil
    }
  }

  /// Notes a model that was kept now, and forgets others where there are too many.
  private func evict(keeping id: String, bytes: Int) async {
    let now = clock()
    do {
      if state.withLock({ !$0.ledger.isComplete }) {
        let models = try await list()
        state.withLock { $0.ledger.complete(with: models) }
      }
      let victims = state.withLock { state in
        state.ledger.put(id, bytes: bytes, at: now)
        return state.ledger.evict(limits, now: now)
      }
      for victim in victims where try await remove(victim) { metrics.add(.modelsEvicted) }
    } catch {
      logger.warning("cannot forget models: \(error)")
    }
  }

  private func info(
    _ id: String, _ record: ModelRecord, _ state: ModelInfo.State
  ) -> ModelInfo {
    let model = record.model
    let isFallback = model.fallbackReason != nil
    return ModelInfo(
      id: isFallback ? nil : id, kind: model.kind, state: isFallback ? .fallback : state,
      trainedUntil: model.trainedUntil,
      holdout: model.holdout, reason: model.fallbackReason, job: nil)
  }
}
