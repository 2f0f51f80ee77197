import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacRules

@Suite struct AlertTableTests {
  private static func time(_ seconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: 1_788_221_400_000_000_000) + .seconds(seconds)
  }

  private static func series(_ host: String, _ value: Double = 1) -> ActiveSeries {
    ActiveSeries(
      labels: Labels([("alertname", "A"), ("host", host)]), annotations: ["v": "\(value)"],
      value: value)
  }

  // MARK: - A plain reference

  /// What one series' alert is after each evaluation, told from the whole past each time.
  private struct Reference {
    let times: [Int64]
    let found: [Bool]
    let hold: Int64
    let keep: Int64

    enum Outcome: Equatable {
      case none
      case pending(since: Int64)
      case firing(since: Int64, fired: Int64)
      case resolved(at: Int64)
    }

    /// The first evaluation from `start` on at which the alert that began there fires; nil where it
    /// is lost before.
    private func fires(_ start: Int) -> Int? {
      for index in start..<times.count {
        guard found[index] else { return nil }
        if times[index] - times[start] >= hold { return index }
      }
      return nil
    }

    /// The evaluation at which an alert that fired at `fired` ends; nil where it does not.
    private func ends(_ fired: Int) -> Int? {
      for index in fired..<times.count where !found[index] {
        let lastFound = (fired..<index).last { found[$0] } ?? fired
        let missing = times[lastFound + 1]
        if keep == 0 || times[index] - missing >= keep { return index }
      }
      return nil
    }

    func outcome(after last: Int) -> Outcome {
      let past = Reference(
        times: Array(times[...last]), found: Array(found[...last]), hold: hold, keep: keep)
      var index = 0
      var outcome = Outcome.none
      while index <= last {
        guard past.found[index] else {
          index += 1
          continue
        }
        let start = index
        guard let fired = past.fires(start) else {
          // Lost, or still waiting.
          let lost = (start...last).first { !past.found[$0] }
          guard let lost else { return .pending(since: times[start]) }
          // A pending alert replaced what was kept of the one before.
          outcome = .none
          index = lost
          continue
        }
        guard let end = past.ends(fired) else {
          return .firing(since: times[start], fired: times[fired])
        }
        outcome = .resolved(at: times[end])
        index = end + 1
      }
      if case .resolved(let at) = outcome, times[last] - at > 15 * 60 { return .none }
      return outcome
    }
  }

  private static func outcome(_ table: AlertTable) -> Reference.Outcome {
    guard let alert = table.all.first else { return .none }
    let seconds = { (time: Timestamp?) in
      time.map { ($0.nanoseconds - Self.time(0).nanoseconds) / 1_000_000_000 } ?? -1
    }
    switch alert.state {
    case .pending: return .pending(since: seconds(alert.activeAt))
    case .firing: return .firing(since: seconds(alert.activeAt), fired: seconds(alert.firedAt))
    case .inactive: return .resolved(at: seconds(alert.resolvedAt))
    }
  }

  @Test("alerts are what a plain reading of the past says", arguments: 0..<200)
  func reference(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let hold = [0, 0, 60, 90, 300].randomElement(using: &random) ?? 0
    let keep = [0, 0, 60, 150, 600].randomElement(using: &random) ?? 0
    var times: [Int64] = []
    var found: [Bool] = []
    var now: Int64 = 0
    var isOn = false
    for _ in 0..<120 {
      now += [30, 60, 60, 61, 400].randomElement(using: &random) ?? 60
      if Int.random(in: 0..<4, using: &random) == 0 { isOn.toggle() }
      times.append(now)
      found.append(isOn)
    }
    let reference = Reference(times: times, found: found, hold: Int64(hold), keep: Int64(keep))
    var table = AlertTable()
    let terms = AlertTable.Terms(hold: .seconds(Int64(hold)), keepFiringFor: .seconds(Int64(keep)))
    var isFiring = false
    for (index, time) in times.enumerated() {
      let changes = try table.evaluate(
        found[index] ? [Self.series("x")] : [], at: Self.time(time), terms)
      let expected = reference.outcome(after: index)
      #expect(Self.outcome(table) == expected, "seed \(seed), evaluation \(index)")
      // What changed is told once.
      let wasFiring = isFiring
      if case .firing = expected { isFiring = true } else { isFiring = false }
      #expect(
        changes.map(\.state) == (wasFiring == isFiring ? [] : [isFiring ? .firing : .inactive]))
      // A restart between two evaluations changes nothing.
      if Int.random(in: 0..<5, using: &random) == 0 {
        let record = AlertRecord(
          id: RuleGroupID(.file, file: "f", name: "g"), lastEvaluation: Self.time(time),
          rules: [.init(name: "A", labels: [:], alerts: table.all)])
        let read = try #require(AlertRecord(text: record.text))
        #expect(read == record)
        let next = index + 1 < times.count ? times[index + 1] : time
        table = AlertTable(read.rules[0].alerts).resumed(
          after: Self.time(next), at: Self.time(next))
      }
    }
  }

  @Test("values and texts are those of the newest evaluation at which it was active")
  func newest() throws {
    var table = AlertTable()
    let terms = AlertTable.Terms()
    _ = try table.evaluate([Self.series("x", 1)], at: Self.time(0), terms)
    _ = try table.evaluate([Self.series("x", 2)], at: Self.time(60), terms)
    let ended = try table.evaluate([], at: Self.time(120), terms)
    #expect(ended.map(\.value) == [2])
    #expect(ended.map(\.annotations) == [["v": "2.0"]])
    #expect(table.active.isEmpty)
    #expect(table.state == .inactive)
  }

  @Test("more alerts than the limit are an error, after which there are none")
  func limit() throws {
    var table = AlertTable()
    let terms = AlertTable.Terms(limit: 2)
    _ = try table.evaluate([Self.series("a"), Self.series("b")], at: Self.time(0), terms)
    #expect(throws: AlertLimitError(limit: 2, count: 3, what: "alerts")) {
      _ = try table.evaluate(
        [Self.series("a"), Self.series("b"), Self.series("c")], at: Self.time(60), terms)
    }
    #expect(table.all.isEmpty)
  }

  @Test("Alertmanagers hear at once of what fires and ends, then once a minute")
  func resend() throws {
    var table = AlertTable()
    let terms = AlertTable.Terms(hold: .seconds(60))
    var told: [Int64: [Alert.State]] = [:]
    for second in stride(from: Int64(0), to: 1500, by: 15) {
      _ = try table.evaluate(second < 300 ? [Self.series("x")] : [], at: Self.time(second), terms)
      let due = table.takeDue(at: Self.time(second), resendDelay: .minutes(1))
      if !due.isEmpty { told[second] = due.map(\.state) }
    }
    #expect(told[45] == nil)
    #expect(told[60] == [.firing])
    #expect(told[75] == nil)
    // The delay must have passed: at the next evaluation after a whole minute.
    #expect(told[135] == [.firing])
    #expect(told[300] == [.inactive])
    #expect(told.keys.max() == 1200, "for fifteen minutes")
    #expect(table.all.isEmpty)
  }

  @Test("time that nobody looked does not count for pending alerts, which an hour ends")
  func outage() throws {
    var table = AlertTable()
    let terms = AlertTable.Terms(hold: .minutes(10))
    _ = try table.evaluate([Self.series("x")], at: Self.time(0), terms)
    _ = try table.evaluate([Self.series("x")], at: Self.time(300), terms)
    let short = table.resumed(after: Self.time(300), at: Self.time(1500))
    #expect(short.all.map(\.activeAt) == [Self.time(1200)])
    #expect(table.resumed(after: Self.time(300), at: Self.time(3901)).all.isEmpty)
    _ = try table.evaluate([Self.series("x")], at: Self.time(600), terms)
    let firing = table.resumed(after: Self.time(600), at: Self.time(100_000))
    #expect(firing == table, "what fires goes on")
  }

  @Test("a rule that goes ends its alerts")
  func endAll() throws {
    var table = AlertTable()
    _ = try table.evaluate([Self.series("x")], at: Self.time(0), .init())
    _ = try table.evaluate(
      [Self.series("x"), Self.series("y")], at: Self.time(60), .init(hold: .minutes(1)))
    let ended = table.endAll(at: Self.time(70))
    #expect(ended.map { $0.labels["host"] } == ["x"])
    #expect(ended.map(\.resolvedAt) == [Self.time(70)])
    #expect(table.all == ended)
  }
}
