internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import Hummingbird

/// What is said of outliers.
extension Routes {
  func addFeedback(to router: Router<Context>) {
    router.get("/api/v1/feedback") { _, _ in
      var json = JSONText()
      json.raw("{\"status\":\"success\",\"data\":[")
      for (index, one) in database.judgements.enumerated() {
        if index > 0 { json.raw(",") }
        json.judgement(one)
      }
      json.raw("]}\n")
      return Response(json: json)
    }
    router.post("/api/v1/feedback") { request, _ in try await addJudgement(request) }
    router.delete("/api/v1/feedback/:id") { _, request in
      guard let id = request.parameters.get("id").flatMap({ Int($0) }),
        try await database.removeJudgement(id)
      else { return ErrorResponse.notFound("there is no such feedback") }
      return Response(status: .noContent)
    }
  }

  private func addJudgement(_ request: Request) async throws -> Response {
    let parameters = try await allParameters(of: request)
    let new: Judgement
    switch judgement(parameters) {
    case .failure(let refused): return refused.response
    case .success(let read): new = read
    }
    let kept = try await database.judge(new)
    var json = JSONText()
    json.raw("{\"status\":\"success\",\"data\":")
    json.judgement(kept)
    json.raw("}\n")
    return Response(json: json)
  }

  private struct Refused: Error {
    let response: Response

    init(_ name: String, _ reason: String, hint: String) {
      response = ErrorResponse.badParameter(name, reason, hint: hint)
    }

    init(_ error: QueryError) { response = ErrorResponse.query(error) }
  }

  private func judgement(_ parameters: RequestParameters) -> Result<Judgement, Refused> {
    let key: SeriesKey
    var (signal, method) = ("", "auto")
    do throws(QueryError) {
      guard let read = try SeriesKey(selector: parameters["series"] ?? "{}") else {
        return .failure(
          Refused("series", "it names no series", hint: "write series=memory{host=\"x\"}"))
      }
      key = read
      if let query = parameters["query"] {
        guard let judged = try database.read(query).judged else {
          return .failure(
            Refused("query", "it finds no outliers", hint: "send the query that found them"))
        }
        (signal, method) = judged
      }
      if let template = parameters["template"] { _ = try SeriesSelector(template) }
    } catch {
      return .failure(Refused(error))
    }
    guard !key.metric.isEmpty || !key.labels.all.isEmpty || !signal.isEmpty else {
      return .failure(
        Refused("series", "it is missing", hint: "write series=memory{host=\"x\"}"))
    }
    guard let verdict = parameters["verdict"].flatMap(Judgement.Verdict.init(rawValue:)) else {
      return .failure(Refused("verdict", "it is no verdict", hint: "true or false_alarm"))
    }
    guard let start = parameters["start"].flatMap(Timestamp.init(parameter:)),
      let end = Timestamp(parameter: parameters["end"] ?? parameters["start"] ?? ""), start <= end
    else {
      return .failure(
        Refused("start", "it is no time", hint: "RFC 3339 or unix seconds, end not before it"))
    }
    guard let score = Double(parameters["score"] ?? "1"), score >= 0, score.isFinite else {
      return .failure(Refused("score", "it is no score", hint: "the score as it is shown"))
    }
    let texts = ["note", "by"].map { parameters[$0] ?? "" }
    guard texts.allSatisfy({ $0.utf8.count <= Judgement.longestText }) else {
      return .failure(
        Refused("note", "it is too long", hint: "up to \(Judgement.longestText) bytes"))
    }
    return .success(
      Judgement(
        key: key, signal: signal, method: parameters["method"] ?? method, start: start, end: end,
        score: score, verdict: verdict, note: texts[0], author: texts[1],
        template: parameters["template"] ?? ""))
  }
}

extension JSONText {
  fileprivate mutating func judgement(_ one: Judgement) {
    raw("{\"id\":")
    integer(one.id)
    raw(",\"metric\":")
    string(one.key.metric)
    raw(",\"labels\":")
    labels(one.key.labels)
    raw(",\"start\":")
    string(one.start.description)
    raw(",\"end\":")
    string(one.end.description)
    raw(",\"verdict\":")
    string(one.verdict.rawValue)
    raw(",\"note\":")
    string(one.note)
    raw(",\"by\":")
    string(one.author)
    raw(",\"score\":")
    number(one.score)
    raw(",\"method\":")
    string(one.method)
    raw(",\"signal\":")
    string(one.signal)
    raw(",\"template\":")
    string(one.template)
    raw(",\"created\":")
    string(one.created?.description ?? "")
    raw("}")
  }
}
