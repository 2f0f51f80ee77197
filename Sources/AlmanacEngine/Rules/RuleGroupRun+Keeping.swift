internal import AlmanacCore
internal import AlmanacRules
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// Keeping a group's alerts in the store.
extension RuleGroupRun {
  /// Keeps the alerts in the store where they differ from what is there, or time matters to them;
  /// then sends `news`, which is kept with them.
  func keepAlerts(force: Bool, news: [WebhookNews] = [], at time: Timestamp? = nil) async {
    let current = state.withLock { $0 }
    var kept: [AlertRecord.OneRule] = []
    for (one, state) in zip(rules, current.rules) where !state.table.all.isEmpty {
      kept.append(
        AlertRecord.OneRule(name: one.rule.name, labels: one.labels, alerts: state.table.all))
    }
    let outline = kept.map(\.outline)
    let isTimed = current.rules.contains { $0.table.all.contains { $0.state == .pending } }
    guard force || outline != current.kept || isTimed || current.looksBack,
      let last = time ?? current.lastEvaluation
    else { return }
    var changes = news.map { Store.RecordChange.put(.notifications, $0.name, $0.record) }
    if kept.isEmpty, !current.looksBack {
      if !current.kept.isEmpty { changes.append(.remove(.alerts, id.hash)) }
    } else {
      let record = AlertRecord(id: id, lastEvaluation: last, rules: kept)
      // Of many alerts it takes a while.
      let text = try? await surroundings.database.readers.run { record.text }
      changes.append(.put(.alerts, id.hash, text ?? record.text))
    }
    do {
      try await surroundings.database.store.changeRecords(changes)
      state.withLock { $0.kept = outline }
    } catch {
      logger.error("\(name): cannot keep its alerts: \(error)")
    }
    surroundings.delivery.send(news)
  }
}
