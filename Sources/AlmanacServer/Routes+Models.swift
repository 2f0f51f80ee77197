internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacForecast
internal import HTTPTypes
internal import Hummingbird

/// The model cache and the trainings under way.
extension Routes {
  func addModels(to router: Router<Context>) {
    router.get("/api/v1/models") { _, _ in
      list(try await database.models()) { $1.storedModel($0) }
    }
    router.get("/api/v1/models/:id") { _, request in
      guard let id = request.parameters.get("id"),
        let model = try await database.model(id)
      else { return ErrorResponse.notFound("there is no such model") }
      return one { $0.storedModel(model) }
    }
    router.delete("/api/v1/models/:id") { _, request in
      guard let id = request.parameters.get("id"), try await database.removeModel(id) else {
        return ErrorResponse.notFound("there is no such model")
      }
      return Response(status: .noContent)
    }
    router.get("/api/v1/jobs") { _, _ in list(database.jobs()) { $1.job($0) } }
    router.get("/api/v1/jobs/:id") { _, request in
      guard let job = job(request) else { return ErrorResponse.notFound("there is no such job") }
      return one { $0.job(job) }
    }
    router.delete("/api/v1/jobs/:id") { _, request in
      guard let id = request.parameters.get("id").flatMap({ Int($0) }),
        try await database.cancelJob(id)
      else { return ErrorResponse.notFound("there is no such job") }
      return Response(status: .noContent)
    }
  }

  private func job(_ request: Context) -> Job? {
    guard let id = request.parameters.get("id").flatMap({ Int($0) }) else { return nil }
    return database.jobs().first { $0.id == id }
  }

  private func list<T>(_ items: [T], _ write: (T, inout JSONText) -> Void) -> Response {
    var json = JSONText()
    json.raw("{\"status\":\"success\",\"data\":[")
    for (index, item) in items.enumerated() {
      if index > 0 { json.raw(",") }
      write(item, &json)
    }
    json.raw("]}\n")
    return Response(json: json)
  }

  private func one(_ write: (inout JSONText) -> Void) -> Response {
    var json = JSONText()
    json.raw("{\"status\":\"success\",\"data\":")
    write(&json)
    json.raw("}\n")
    return Response(json: json)
  }
}

extension JSONText {
  private mutating func field(_ name: StaticString, _ value: String) {
    raw(",\"")
    raw(name)
    raw("\":")
    string(value)
  }

  private mutating func field(_ name: StaticString, _ value: Double?) {
    raw(",\"")
    raw(name)
    raw("\":")
    value.map { number($0) } ?? raw("null")
  }

  fileprivate mutating func storedModel(_ model: StoredModel) {
    raw("{\"id\":")
    string(model.id)
    field("key", model.id)
    field("series", model.record.key.description)
    raw(",\"metric\":")
    string(model.record.key.metric)
    raw(",\"labels\":")
    labels(model.record.key.labels)
    field("kind", model.record.model.kind.rawValue)
    field("parameters", model.record.plan)
    field("trained_from", model.record.model.trainedFrom.description)
    field("trained_until", model.record.model.trainedUntil.description)
    field("created", model.record.created.description)
    raw(",\"last_used\":")
    model.lastUsed.map { string($0.description) } ?? raw("null")
    field("training_seconds", model.record.trainingSeconds)
    field("bytes", Double(model.bytes))
    if let holdout = model.record.model.holdout {
      raw(",\"holdout\":{\"count\":")
      integer(holdout.count)
      field("mae", holdout.mae)
      field("mase", holdout.mase)
      field("coverage", holdout.coverage)
      field("network_share", holdout.networkShare.later)
      raw("}")
    }
    if let reason = model.record.model.fallbackReason { field("reason", reason) }
    raw("}")
  }

  fileprivate mutating func job(_ job: Job) {
    let status = job.status
    raw("{\"id\":")
    integer(job.id)
    field("series", job.key.description)
    field("parameters", job.plan)
    field("state", status.state.rawValue)
    field("progress", status.progress)
    field("epoch", Double(status.step))
    field("loss", status.loss)
    field("eta_s", status.secondsLeft)
    raw("}")
  }
}
