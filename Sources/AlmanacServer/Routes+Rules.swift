internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import AlmanacRules
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Prometheus' view of rules and alerts: `/api/v1/rules`, `/api/v1/alerts`, `/api/v1/alertmanagers`,
/// and `/-/reload`.
extension Routes {
  func addRules(to router: Router<Context>) {
    for method in [HTTPRequest.Method.get, .post] {
      router.on("/api/v1/rules", method: method) { request, _ in
        try await ruleGroups(try await allParameters(of: request))
      }
      router.on("/api/v1/alerts", method: method) { _, _ in try await alerts() }
      router.on("/api/v1/alertmanagers", method: method) { _, _ in alertmanagers() }
    }
    for method in [HTTPRequest.Method.post, .put] {
      router.on("/-/reload", method: method) { _, _ in await reload() }
    }
    addRuleConfiguration(to: router)
  }

  private func ruleGroups(_ parameters: RequestParameters) async throws -> Response {
    let type = parameters["type"] ?? ""
    guard ["", "alert", "record"].contains(type) else {
      return ErrorResponse.badParameter(
        "type", "not supported value \"\(type)\"", hint: "use alert or record")
    }
    let exclusion = parameters["exclude_alerts"] ?? ""
    guard ["", "true", "false", "1", "0", "t", "f"].contains(exclusion.lowercased()) else {
      return ErrorResponse.badParameter(
        "exclude_alerts", "not supported value \"\(exclusion)\"", hint: "use true or false")
    }
    let names = Set(parameters.all("rule_name[]"))
    let groupNames = Set(parameters.all("rule_group[]"))
    let files = Set(parameters.all("file[]"))
    let showsAlerts = !["true", "1", "t"].contains(exclusion.lowercased())
    let groups = (rules?.groups ?? []).filter { group in
      (groupNames.isEmpty || groupNames.contains(group.id.name))
        && (files.isEmpty || files.contains(group.id.file))
    }
    let json = try await database.computePool.compute {
      var json = JSONText()
      json.raw("{\"status\":\"success\",\"data\":{\"groups\":[")
      var isFirst = true
      for group in groups {
        let shown = group.rules.filter { status in
          (type.isEmpty || status.rule.kind.rawValue == type)
            && (names.isEmpty || names.contains(status.rule.name))
        }
        // A group that a filter leaves nothing of is left out, as in Prometheus.
        if shown.isEmpty, !(type.isEmpty && names.isEmpty) { continue }
        if !isFirst { json.raw(",") }
        isFirst = false
        json.ruleGroup(group, shown, showsAlerts: showsAlerts)
      }
      json.raw("]}}")
      return json
    }
    return Response(json: json)
  }

  private func alerts() async throws -> Response {
    let groups = rules?.groups ?? []
    let json = try await database.computePool.compute {
      var json = JSONText()
      json.raw("{\"status\":\"success\",\"data\":{\"alerts\":")
      json.alerts(groups.flatMap { $0.rules.flatMap(\.alerts) })
      json.raw("}}")
      return json
    }
    return Response(json: json)
  }

  private func alertmanagers() -> Response {
    var json = JSONText()
    json.raw("{\"status\":\"success\",\"data\":{\"activeAlertmanagers\":[")
    let urls = (rules?.targets ?? []).filter(\.isAlertmanager).map(\.name)
    for (index, url) in urls.enumerated() {
      json.raw(index == 0 ? "{\"url\":" : ",{\"url\":")
      json.string(url)
      json.raw("}")
    }
    json.raw("],\"droppedAlertmanagers\":[]}}")
    return Response(json: json)
  }

  private func reload() async -> Response {
    do {
      try await rules?.reload()
      return Response(status: .ok)
    } catch {
      context.logger.error("cannot read the rules, those from before stay:\n\(error)")
      return ErrorResponse.http(.internalServerError, "failed to reload rules: \(error)")
    }
  }
}
