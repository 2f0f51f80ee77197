public import AlmanacCore

/// The alerts of one rule, and how they go from one state to the next: Prometheus' own way.
public struct AlertTable: Sendable, Equatable {
  /// How long an alert that ended is kept and told of.
  public static let resolvedRetention = Interval.minutes(15)
  /// Pending alerts of a server that was down for longer begin anew.
  public static let outageTolerance = Interval.minutes(60)

  /// What makes alerts of active series.
  public struct Terms: Sendable, Equatable {
    /// How long a series must be active before its alert fires.
    public var hold: Interval
    /// How long an alert fires on when its series has gone.
    public var keepFiringFor: Interval
    /// The most active alerts; 0 is no limit.
    public var limit: Int

    /// Terms of a rule.
    public init(hold: Interval = .zero, keepFiringFor: Interval = .zero, limit: Int = 0) {
      self.hold = hold
      self.keepFiringFor = keepFiringFor
      self.limit = limit
    }
  }

  private var byLabels: [Labels: Alert]

  /// A table of `alerts`.
  public init(_ alerts: [Alert] = []) {
    byLabels = Dictionary(alerts.map { ($0.labels, $0) }, uniquingKeysWith: { $1 })
  }

  /// All alerts, those that ended lately too, in order of labels.
  public var all: [Alert] { byLabels.values.sorted { $0.labels < $1.labels } }

  /// Those that are pending or firing, in order of labels.
  public var active: [Alert] { all.filter { $0.state != .inactive } }

  /// How many alerts are in a state.
  public func count(_ state: Alert.State) -> Int {
    byLabels.values.count { $0.state == state }
  }

  /// The worst state of its alerts.
  public var state: Alert.State {
    let states = byLabels.values.map(\.state)
    return states.contains(.firing) ? .firing : states.contains(.pending) ? .pending : .inactive
  }

  // MARK: - Evaluating

  /// Takes in what is active at `time`.
  ///
  /// - Returns: the alerts that began to fire or ended, in order of labels.
  /// - Throws: `AlertLimitError`, after which no alert is left: to tell of those that fired, keep a
  ///   copy.
  public mutating func evaluate(
    _ series: [ActiveSeries], at time: Timestamp, _ terms: Terms
  ) throws(AlertLimitError) -> [Alert] {
    var found: Set<Labels> = []
    for one in series {
      found.insert(one.labels)
      if var known = byLabels[one.labels], known.state != .inactive {
        known.value = one.value
        known.annotations = one.annotations
        byLabels[one.labels] = known
      } else {
        byLabels[one.labels] = Alert(
          labels: one.labels, annotations: one.annotations, value: one.value, activeAt: time)
      }
    }
    var changes: [Alert] = []
    var activeCount = 0
    for labels in byLabels.keys.sorted() {
      guard let before = byLabels[labels] else { continue }
      let after = Self.next(before, isFound: found.contains(labels), at: time, terms)
      byLabels[labels] = after
      guard let after else { continue }
      if after.state != .inactive { activeCount += 1 }
      if after.state != before.state { changes.append(after) }
    }
    if terms.limit > 0, activeCount > terms.limit {
      byLabels = [:]
      throw AlertLimitError(limit: terms.limit, count: activeCount, what: "alerts")
    }
    return changes
  }

  /// The alert after an evaluation; nil where it is forgotten.
  private static func next(
    _ alert: Alert, isFound: Bool, at time: Timestamp, _ terms: Terms
  ) -> Alert? {
    var alert = alert
    if isFound {
      alert.keepFiringSince = nil
    } else {
      switch alert.state {
      case .pending: return nil
      case .inactive:
        guard let resolvedAt = alert.resolvedAt, time <= resolvedAt + resolvedRetention else {
          return nil
        }
        return alert
      case .firing:
        let since = alert.keepFiringSince ?? time
        guard terms.keepFiringFor > .zero, time < since + terms.keepFiringFor else {
          alert.state = .inactive
          alert.resolvedAt = time
          return alert
        }
        alert.keepFiringSince = since
      }
    }
    if alert.state == .pending, time >= alert.activeAt + terms.hold {
      alert.state = .firing
      alert.firedAt = time
    }
    return alert
  }

  /// Ends everything that fires, as when the rule has gone.
  ///
  /// - Returns: the alerts that ended.
  public mutating func endAll(at time: Timestamp) -> [Alert] {
    let ended = all.filter { $0.state == .firing }.map { alert in
      var alert = alert
      alert.state = .inactive
      alert.resolvedAt = time
      return alert
    }
    self = AlertTable(ended)
    return ended
  }

  // MARK: - Telling

  /// The alerts that Alertmanagers are due to hear of at `time`; they count as told.
  public mutating func takeDue(at time: Timestamp, resendDelay: Interval) -> [Alert] {
    var due: [Alert] = []
    for alert in all where alert.isDue(at: time, resendDelay: resendDelay) {
      byLabels[alert.labels]?.lastSentAt = time
      due.append(alert)
    }
    return due
  }

  // MARK: - Going on after a restart

  /// The table of a server that stopped evaluating at `stop` and goes on at `time`.
  ///
  /// Time that nobody looked does not count for `for`: pending alerts become so much younger, and
  /// after an hour they begin anew. What fires goes on firing.
  public func resumed(after stop: Timestamp, at time: Timestamp) -> AlertTable {
    let (gap, overflow) = time.nanoseconds.subtractingReportingOverflow(stop.nanoseconds)
    let isForgotten = overflow || gap > Self.outageTolerance.nanoseconds
    return AlertTable(
      all.compactMap { alert in
        guard alert.state == .pending else { return alert }
        guard !isForgotten else { return nil }
        var alert = alert
        alert.activeAt = alert.activeAt + Interval(nanoseconds: max(0, gap))
        return alert
      })
  }
}

/// A rule made more alerts or series than its group allows.
public struct AlertLimitError: Error, Sendable, Equatable, CustomStringConvertible {
  let limit: Int
  let count: Int
  let what: String

  /// Says that there are `count` of at most `limit`.
  public init(limit: Int, count: Int, what: String) {
    self.limit = limit
    self.count = count
    self.what = what
  }

  /// As Prometheus says it.
  public var description: String { "exceeded limit of \(limit) with \(count) \(what)" }
}
