internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacRules

/// Rules and alerts in the shape of Prometheus' API.
extension JSONText {
  /// Go's zero time: what was never evaluated.
  private static let never = "0001-01-01T00:00:00Z"

  private mutating func field(_ name: StaticString, _ value: String) {
    raw(",\"")
    raw(name)
    raw("\":")
    string(value)
  }

  private mutating func field(_ name: StaticString, _ value: Double) {
    raw(",\"")
    raw(name)
    raw("\":")
    number(value)
  }

  private mutating func texts(_ name: StaticString, _ texts: [String: String]) {
    raw(",\"")
    raw(name)
    raw("\":{")
    for (index, pair) in texts.sorted(by: { $0.key < $1.key }).enumerated() {
      if index > 0 { raw(",") }
      string(pair.key)
      raw(":")
      string(pair.value)
    }
    raw("}")
  }

  /// Appends a group with the rules of it that are shown.
  mutating func ruleGroup(
    _ status: RuleGroupStatus, _ rules: [RuleStatus], showsAlerts: Bool
  ) {
    raw("{\"name\":")
    string(status.id.name)
    field("file", status.id.file)
    raw(",\"rules\":[")
    for (index, rule) in rules.enumerated() {
      if index > 0 { raw(",") }
      self.rule(rule, showsAlerts: showsAlerts)
    }
    raw("]")
    field("interval", status.interval.seconds)
    raw(",\"limit\":")
    integer(status.group.limit)
    field("evaluationTime", status.evaluationSeconds)
    field("lastEvaluation", status.lastEvaluation?.description ?? Self.never)
    raw("}")
  }

  private mutating func rule(_ status: RuleStatus, showsAlerts: Bool) {
    let rule = status.rule
    if rule.kind == .alert {
      raw("{\"state\":")
      string(status.state.rawValue)
      field("name", rule.name)
    } else {
      raw("{\"name\":")
      string(rule.name)
    }
    field("query", rule.expression)
    if rule.kind == .alert {
      field("duration", rule.hold.seconds)
      field("keepFiringFor", rule.keepFiringFor.seconds)
    }
    if rule.kind == .alert || !status.labels.isEmpty { texts("labels", status.labels) }
    if rule.kind == .alert {
      texts("annotations", rule.annotations)
      raw(",\"alerts\":")
      alerts(showsAlerts ? status.alerts : [])
    }
    field("health", status.health.rawValue)
    if let error = status.lastError { field("lastError", error) }
    field("evaluationTime", status.evaluationSeconds)
    field("lastEvaluation", status.lastEvaluation?.description ?? Self.never)
    field("type", rule.kind == .alert ? "alerting" : "recording")
    raw("}")
  }

  /// Appends alerts as a list.
  mutating func alerts(_ alerts: [Alert]) {
    raw("[")
    for (index, alert) in alerts.enumerated() {
      raw(index == 0 ? "{\"labels\":" : ",{\"labels\":")
      labels(alert.labels)
      texts("annotations", alert.annotations)
      field("state", alert.state.rawValue)
      field("activeAt", alert.activeAt.description)
      if let since = alert.keepFiringSince { field("keepFiringSince", since.description) }
      field("value", GoNumber.scientific(alert.value))
      raw("}")
    }
    raw("]")
  }
}
