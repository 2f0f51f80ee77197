internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacRules

/// The metrics of rules and alerts: Prometheus' own, under our prefix.
extension MetricsText {
  mutating func addRules(_ rules: RuleRunner) {
    let groups = rules.groups.map { status in
      (labels: [("rule_group", "\(status.id.file);\(status.id.name)")], status: status)
    }
    let each = { (value: (RuleGroupStatus) -> Double) in
      groups.map { ($0.labels, value($0.status)) }
    }
    add(
      "almanac_rule_group_iterations_total", "counter",
      "Evaluations of a group that were due, missed ones included.",
      each { Double($0.iterations) })
    add(
      "almanac_rule_group_iterations_missed_total", "counter",
      "Evaluations of a group that were left out, as one took too long or the server was down.",
      each { Double($0.missed) })
    add(
      "almanac_rule_evaluations_total", "counter", "Evaluations of the rules of a group.",
      each { $0.rules.reduce(0) { $0 + Double($1.evaluations) } })
    add(
      "almanac_rule_evaluation_failures_total", "counter",
      "Evaluations of the rules of a group that failed.",
      each { $0.rules.reduce(0) { $0 + Double($1.failures) } })
    add(
      "almanac_rule_group_interval_seconds", "gauge", "From one evaluation of a group to the next.",
      each { $0.interval.seconds })
    add(
      "almanac_rule_group_last_evaluation_timestamp_seconds", "gauge",
      "When a group was last evaluated, in unix seconds.",
      each { $0.lastEvaluation?.seconds ?? 0 })
    add(
      "almanac_rule_group_last_duration_seconds", "gauge",
      "How long the last evaluation of a group took.", each { $0.evaluationSeconds })
    add(
      "almanac_rule_group_last_evaluation_samples", "gauge",
      "Samples that the last evaluation of a group wrote.", each { Double($0.lastSamples) })
    add(
      "almanac_rule_group_rules", "gauge", "Rules of a group.", each { Double($0.rules.count) })
    add(
      "almanac_alerts", "gauge", "Alerts that are pending or firing.",
      [Alert.State.pending, .firing].map { state in
        let count = groups.reduce(0) { $0 + $1.status.rules.reduce(0) { $0 + $1.count(state) } }
        return ([("state", state.rawValue)], Double(count))
      })
    let reload = rules.lastReload
    add(
      "almanac_rules_last_reload_successful", "gauge",
      "Whether the last time that rules were read went well.", [([], reload.isGood ? 1 : 0)])
    add(
      "almanac_rules_last_reload_success_timestamp_seconds", "gauge",
      "When rules were last read well, in unix seconds.", [([], reload.goodAt?.seconds ?? 0)])
    addTargets(rules.targets)
  }

  private mutating func addTargets(_ targets: [AlertTargetStatus]) {
    let each = { (value: (AlertTargetStatus) -> Double) in
      targets.enumerated().map { index, target in
        // Two webhooks of one host are told apart by their place.
        let kind = target.isAlertmanager ? "alertmanager" : "webhook"
        return ([("kind", kind), ("target", target.name), ("number", "\(index)")], value(target))
      }
    }
    add(
      "almanac_notifications_sent_total", "counter", "Alerts that a receiver took.",
      each { Double($0.sent) })
    add(
      "almanac_notifications_errors_total", "counter",
      "Alerts in requests that a receiver did not take; those that are tried again count again.",
      each { Double($0.errors) })
    add(
      "almanac_notifications_dropped_total", "counter",
      "Alerts that a receiver will never hear of: it refused them, or too many waited.",
      each { Double($0.dropped) })
    add(
      "almanac_notifications_queue_length", "gauge", "What waits for a receiver.",
      each { Double($0.waiting) })
    add(
      "almanac_notifications_queue_capacity", "gauge", "What may wait for a receiver.",
      each { Double($0.capacity) })
    add(
      "almanac_notifications_requests_total", "counter", "Requests that a receiver answered.",
      each { Double($0.requests) })
    add(
      "almanac_notifications_latency_seconds_total", "counter",
      "Time that the answered requests took.", each(\.seconds))
  }
}
