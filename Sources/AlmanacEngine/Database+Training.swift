internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacQuery
internal import Logging
internal import Synchronization

/// Trainings that were asked for by `train`, once or again and again.
extension Database {
  /// Begins a training and returns its job at once.
  func train(_ training: Query.Training) async throws -> Job {
    guard let length = training.refresh else {
      let job = models.makeJob(plan: "train \(training.text)")
      run(job, training.text)
      return job
    }
    let interval = Interval(nanoseconds: length)
    let known = refreshes.all.first { $0.text == training.text }
    let job = models.makeJob(id: known?.job, plan: "train \(training.text)")
    do {
      try await refreshes.put(
        Refresh(job: job.id, text: training.text, interval: interval, next: clock() + interval))
    } catch {
      job.end(failed: true)
      throw error
    }
    run(job, training.text)
    return job
  }

  /// Trains what is due again, now and then until the task is cancelled.
  public func keepRefreshing() async {
    while !Task.isCancelled {
      await refreshDue()
      try? await Task.sleep(for: .seconds(5))
    }
  }

  /// Begins the trainings that are due.
  public func refreshDue() async {
    let now = clock()
    for refresh in refreshes.all where refresh.next <= now {
      var next = refresh
      next.next = now + refresh.interval
      do {
        try await refreshes.put(next)
      } catch {
        logger.error("cannot keep the refresh of job \(refresh.job): \(error)")
        continue
      }
      // One that takes longer than its interval is not begun twice.
      if jobs().contains(where: { $0.id == refresh.job && !$0.hasEnded }) { continue }
      run(models.makeJob(id: refresh.job, plan: "train \(refresh.text)"), refresh.text)
    }
  }

  /// Ends a training and its refresh; false where there is no such job.
  public func cancelJob(_ id: Int) async throws -> Bool {
    let isRefreshed = try await refreshes.remove(job: id)
    guard let job = jobs().first(where: { $0.id == id }) else { return isRefreshed }
    job.cancel()
    return true
  }

  /// Evaluates `text` for the sake of the models that it needs.
  private func run(_ job: Job, _ text: String) {
    let task = Task.detached(priority: .utility) { [self] in
      do {
        try job.start()
        let query = try Query(text)
        // Nobody waits for it.
        var limits = limits
        limits.timeout = nil
        let budget = QueryBudget(limits)
        _ = try await query.evaluate(
          at: QueryTime(time: clock()),
          series: StoreSeriesSource(store: store, pool: readers, budget: budget),
          models: TrainingSource(cache: models, job: job), pool: readers, budget: budget,
          sink: sink)
        job.end(failed: false)
      } catch {
        if !job.wasCancelled {
          logger.warning("job \(job.id) failed: \(error)", metadata: ["query": "\(text)"])
        }
        job.end(failed: true)
      }
      _ = runs.withLock { $0.removeValue(forKey: ObjectIdentifier(job)) }
    }
    runs.withLock { if !job.hasEnded { $0[ObjectIdentifier(job)] = task } }
  }

  /// Returns when no training that `train` began runs any more.
  func finishRuns() async {
    for task in runs.withLock({ Array($0.values) }) { await task.value }
  }
}
