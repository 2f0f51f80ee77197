internal import AlmanacForecast
internal import AlmanacQuery

/// The models of a backtest or a search, as one job.
struct JobRun: ModelRun {
  let cache: ModelCache
  let job: Job

  func model(_ request: ModelRequest) async throws -> ModelAnswer {
    if job.wasCancelled { throw ForecastError.trainingCancelled }
    return try await cache.model(request, for: job)
  }

  func report(done: Int, of count: Int) { job.report(done: done, of: count) }

  func end(failed: Bool) {
    if failed { job.endParts() }
    job.end(failed: failed)
  }
}
