import AlmanacCore
import AlmanacIngest
import AlmanacQuery
import AlmanacRules
import AlmanacStore
import Logging
import Synchronization
import Testing

@testable import AlmanacEngine

/// Rules over a database, evaluated at moments that the test gives.
@Suite struct RuleRunnerTests {
  let fixture: DatabaseFixture
  static let start = DatabaseFixture.start

  init() throws {
    fixture = try DatabaseFixture()
  }

  /// Receivers of alerts that note what they get.
  final class Transport: AlertTransport {
    struct Post: Sendable {
      let url: String
      let body: String
    }

    private let state = Mutex((posts: [Post](), status: 200))

    var posts: [Post] { state.withLock { $0.posts } }

    func answer(_ status: Int) { state.withLock { $0.status = status } }

    func post(_ body: [UInt8], to url: String, headers: [(String, String)]) async throws -> Int {
      state.withLock { state in
        state.posts.append(Post(url: url, body: String(decoding: body, as: UTF8.self)))
        return state.status
      }
    }

    /// Waits for `count` posts.
    func wait(for count: Int) async throws {
      for _ in 0..<400 {
        if posts.count >= count { return }
        try await Task.sleep(for: .milliseconds(10))
      }
      try #require(posts.count >= count, "\(posts.count) of \(count) posts came")
    }
  }

  static func runner(
    _ yaml: String, _ database: Database, _ transport: Transport = Transport(),
    _ configure: (inout RuleOptions) -> Void = { _ in }
  ) async throws -> RuleRunner {
    var options = RuleOptions()
    options.files = { [("r.yml", yaml)] }
    configure(&options)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let runner = try RuleRunner(database, options: options, transport: transport, logger: logger)
    try await runner.reload()
    return runner
  }

  static func write(_ lines: String, _ database: Database) async throws {
    _ = try await database.write(Array(lines.utf8), precision: .seconds, database: nil)
  }

  static func seconds(_ time: Timestamp) -> Int64 { time.nanoseconds / 1_000_000_000 }

  /// Labels and value of each series of a query: `host=x 5`.
  static func values(_ query: String, _ database: Database, at time: Timestamp) async throws
    -> [String]
  {
    let result = try await database.evaluate(try database.read(query), at: QueryTime(time: time))
    return try RuleValue.all(of: result, at: time).map { "\($0.key) \($0.value.shortestText)" }
  }

  // MARK: - Recording

  @Test("a recording rule writes its result at the moment of the evaluation, and ends what is gone")
  func recording() async throws {
    let database = try fixture.open()
    let runner = try await Self.runner(
      """
      groups:
        - name: g
          interval: 1m
          query_offset: 30s
          rules:
            - {record: "m:double", expr: m * 2, labels: {by: rule}}
            - {record: "m:quadruple", expr: "m:double * 2"}
      """, database)
    let time = Self.start + .seconds(90)
    try await Self.write(
      "m,host=x value=1 \(Self.seconds(Self.start))\nm,host=y value=2 \(Self.seconds(Self.start))\n",
      database)
    await runner.evaluateAll(at: time)
    #expect(
      try await Self.values("m:double", database, at: Self.start + .seconds(60))
        == ["m:double<by=rule,host=x> 2", "m:double<by=rule,host=y> 4"])
    #expect(
      try await Self.values("m:double", database, at: Self.start + .seconds(59)) == [])
    #expect(
      try await Self.values("m:quadruple", database, at: time)
        == ["m:quadruple<by=rule,host=x> 4", "m:quadruple<by=rule,host=y> 8"])
    // The series of y has gone six minutes later, and what was recorded of it ends at once.
    let later = Self.start + .minutes(6)
    try await Self.write("m,host=x value=3 \(Self.seconds(later) - 60)\n", database)
    await runner.evaluateAll(at: later)
    #expect(
      try await Self.values("m:double", database, at: later) == ["m:double<by=rule,host=x> 6"])
    let group = try #require(runner.groups.first)
    #expect(group.rules.map(\.health) == [.ok, .ok])
    #expect(group.iterations == 2)
    #expect(group.lastEvaluation == later)
    #expect(group.lastSamples == 2)
    await database.close()
  }

  @Test("results with equal labels, more series than the limit and failing queries are errors")
  func failures() async throws {
    let database = try fixture.open()
    let runner = try await Self.runner(
      """
      groups:
        - name: g
          limit: 1
          rules:
            - {record: "same", expr: "m", labels: {host: z}}
            - {record: "many", expr: "m"}
            - {alert: Same, expr: "m", labels: {host: z}}
            - {alert: Many, expr: "m"}
            - {alert: Wrong, expr: "m * on (nope) m"}
            - {alert: Good, expr: "m > 1"}
      """, database)
    let now = Self.seconds(Self.start)
    try await Self.write("m,host=x value=1 \(now)\nm,host=y value=2 \(now)\n", database)
    await runner.evaluateAll(at: Self.start)
    let rules = try #require(runner.groups.first).rules
    #expect(rules.map(\.health) == [.err, .err, .err, .err, .err, .ok])
    #expect(rules.map(\.failures) == [1, 1, 1, 1, 1, 0])
    #expect(
      rules[0].lastError
        == "vector contains metrics with the same labelset after applying rule labels")
    #expect(rules[1].lastError == "exceeded limit of 1 with 2 series")
    #expect(
      rules[2].lastError
        == "vector contains metrics with the same labelset after applying alert labels")
    #expect(rules[3].lastError == "exceeded limit of 1 with 2 alerts")
    #expect(rules[5].alerts.count == 1)
    await database.close()
  }

  // MARK: - Alerting

  static let alert = """
    groups:
      - name: g
        interval: 1m
        rules:
          - alert: High
            expr: m > 0
            for: 2m
            labels: {severity: "{{ if gt $value 5.0 }}page{{ else }}ticket{{ end }}"}
            annotations:
              summary: "{{ $labels.host }} is {{ $value }}, limit {{ query `limit` | first | value }}"
              broken: "{{ query `nothing` | first | value }}"
    """

  @Test("alerts become series, and their texts come from templates with queries")
  func alerting() async throws {
    let database = try fixture.open()
    let runner = try await Self.runner(Self.alert, database)
    for minute in Int64(0)...4 {
      let time = Self.start + .minutes(minute)
      let now = Self.seconds(time)
      try await Self.write(
        "m,host=x value=\(minute < 4 ? 3 : 0) \(now)\nlimit value=1.5 \(now)\n", database)
      await runner.evaluateAll(at: time)
      let active = try #require(runner.groups.first).rules[0].alerts
      #expect(
        active.map(\.state) == [[.pending], [.pending], [.firing], [.firing], []][Int(minute)])
      let series = try await Self.values("{__name__=~\"ALERTS.*\"}", database, at: time)
      let labels = "alertname=High"
      let since = Double(Self.seconds(Self.start)).shortestText
      if minute < 4 {
        let state = minute < 2 ? "pending" : "firing"
        #expect(
          series == [
            "ALERTS<\(labels),alertstate=\(state),host=x,severity=ticket> 1",
            "ALERTS_FOR_STATE<\(labels),host=x,severity=ticket> \(since)",
          ])
        #expect(active[0].annotations["summary"] == "x is 3, limit 1.5")
        #expect(
          active[0].annotations["broken"]?.hasPrefix(
            "<error expanding template: error executing template __alert_High: ") == true)
      } else {
        #expect(series == [])
      }
    }
    await database.close()
  }

  @Test("for goes on over a restart: what was pending fires when it would have")
  func restart() async throws {
    var alerts: [Alert] = []
    for minute in Int64(0)...2 {
      // Every evaluation in a process of its own.
      let database = try await fixture.reopen()
      let runner = try await Self.runner(Self.alert, database)
      let time = Self.start + .minutes(minute)
      let now = Self.seconds(time)
      try await Self.write("m,host=x value=3 \(now)\nlimit value=1 \(now)\n", database)
      await runner.evaluateAll(at: time)
      alerts += try #require(runner.groups.first).rules[0].alerts
      await database.close()
    }
    #expect(alerts.map(\.state) == [.pending, .pending, .firing])
    #expect(alerts.map(\.activeAt) == [Self.start, Self.start, Self.start])
    // Ten minutes down: the alert still fires, and ends when its series has gone.
    let database = try await fixture.reopen()
    let transport = Transport()
    let runner = try await Self.runner(Self.alert, database, transport) {
      $0.alertmanagers = ["http://am/"]
    }
    let delivery = Task { await runner.deliver() }
    await runner.evaluateAll(at: Self.start + .minutes(12))
    try await transport.wait(for: 1)
    #expect(transport.posts[0].url == "http://am/api/v2/alerts")
    #expect(transport.posts[0].body.contains("\"endsAt\":\"2026-08-30T00:12:00Z\""))
    #expect(transport.posts[0].body.contains("\"startsAt\":\"2026-08-30T00:02:00Z\""))
    delivery.cancel()
    await delivery.value
    await database.close()
  }

  @Test("a webhook hears of each change once; what it did not take waits over a restart")
  func webhook() async throws {
    let transport = Transport()
    transport.answer(503)
    let options = { @Sendable (options: inout RuleOptions) in
      options.webhooks = ["http://hook/secret"]
    }
    let yaml = Self.alert.replacing("for: 2m", with: "for: 0s")
    for minute in Int64(0)...1 {
      let database = try await fixture.reopen()
      let runner = try await Self.runner(yaml, database, transport, options)
      let delivery = Task { await runner.deliver() }
      let time = Self.start + .minutes(minute)
      try await Self.write("m,host=x value=3 \(Self.seconds(time))\n", database)
      await runner.evaluateAll(at: time)
      try await transport.wait(for: Int(minute) + 1)
      #expect(runner.targets.map(\.waiting) == [1])
      #expect(runner.targets.map(\.name) == ["http://hook"])
      delivery.cancel()
      await delivery.value
      await database.close()
    }
    transport.answer(200)
    let refused = transport.posts.count
    for minute in Int64(2)...4 {
      let database = try await fixture.reopen()
      let runner = try await Self.runner(yaml, database, transport, options)
      let delivery = Task { await runner.deliver() }
      let time = Self.start + .minutes(minute)
      try await Self.write(
        "m,host=x value=\(minute < 4 ? 3 : 0) \(Self.seconds(time))\n", database)
      await runner.evaluateAll(at: time)
      try await transport.wait(for: refused + (minute < 4 ? 1 : 2))
      for _ in 0..<100 where runner.targets[0].waiting > 0 {
        try await Task.sleep(for: .milliseconds(10))
      }
      // The record goes after the answer.
      try await Task.sleep(for: .milliseconds(100))
      delivery.cancel()
      await delivery.value
      await database.close()
    }
    let taken = transport.posts.dropFirst(refused).map(\.body)
    #expect(taken.count == 2)
    #expect(Set(transport.posts.prefix(refused).map(\.body)) == [taken.first ?? ""])
    #expect(taken.first?.contains("\"status\":\"firing\"") == true)
    #expect(taken.last?.contains("\"status\":\"resolved\"") == true)
  }

  @Test("Alertmanagers that fail are tried again with the newest news; refused ones are not")
  func alertmanager() async throws {
    let database = try fixture.open()
    let transport = Transport()
    transport.answer(500)
    let runner = try await Self.runner(
      Self.alert.replacing("for: 2m", with: "for: 0s"), database, transport
    ) { $0.alertmanagers = ["http://user:pw@am", "http://am2/api/v2/alerts"] }
    #expect(
      runner.targets.map(\.name) == ["http://am/api/v2/alerts", "http://am2/api/v2/alerts"])
    let delivery = Task { await runner.deliver() }
    try await Self.write("m,host=x value=3 \(Self.seconds(Self.start))\n", database)
    await runner.evaluateAll(at: Self.start)
    try await transport.wait(for: 2)
    #expect(runner.targets.map(\.waiting) == [1, 1])
    transport.answer(400)
    try await transport.wait(for: 4)
    try await Task.sleep(for: .milliseconds(50))
    #expect(runner.targets.map(\.waiting) == [0, 0])
    #expect(runner.targets.map(\.dropped) == [1, 1])
    #expect(runner.targets.map(\.sent) == [0, 0])
    delivery.cancel()
    await delivery.value
    await database.close()
  }

  // MARK: - Changes of rules

  @Test("a changed group keeps the alerts of rules that stay, and ends those of rules that go")
  func reload() async throws {
    let database = try fixture.open { $0.clock = { Self.start + .seconds(90) } }
    let transport = Transport()
    let yaml = Mutex(
      """
      groups:
        - name: g
          rules:
            - {alert: Stays, expr: m > 0}
            - {alert: Goes, expr: m > 1}
            - {record: "goes:too", expr: m}
        - name: h
          rules:
            - {record: "h:m", expr: m}
      """)
    let boxed = Box(yaml)
    let runner = try await Self.runner("", database, transport) {
      $0.files = { [("r.yml", boxed.text)] }
      $0.webhooks = ["http://hook"]
    }
    let delivery = Task { await runner.deliver() }
    try await Self.write("m,host=x value=3 \(Self.seconds(Self.start))\n", database)
    await runner.evaluateAll(at: Self.start)
    try await transport.wait(for: 2)
    let before = try #require(runner.groups.first).rules[0].alerts
    boxed.set(
      "groups:\n- name: g\n  rules:\n  - {alert: New, expr: vector(0) > 1}\n  - {alert: Stays, expr: m > 0}"
    )
    try await runner.reload()
    try await transport.wait(for: 3)
    #expect(transport.posts[2].body.contains("\"status\":\"resolved\""))
    #expect(transport.posts[2].body.contains("\"alertname\":\"Goes\""))
    #expect(runner.groups.map(\.id.name) == ["g"])
    #expect(runner.groups[0].rules[1].alerts == before)
    await runner.evaluateAll(at: Self.start + .minutes(2))
    #expect(
      try await Self.values("{__name__!=\"m\"}", database, at: Self.start + .minutes(2))
        .map { $0.prefix { $0 != " " } } == [
          "ALERTS<alertname=Stays,alertstate=firing,host=x>",
          "ALERTS_FOR_STATE<alertname=Stays,host=x>",
        ])
    boxed.set("groups:\n- name: g\n  rules:\n  - {alert: Stays, expr: m >}")
    await #expect(throws: RuleFileError.self) { try await runner.reload() }
    #expect(runner.lastReload.isGood == false)
    #expect(runner.groups[0].rules.count == 2)
    delivery.cancel()
    await delivery.value
    await database.close()
  }

  @Test("rules and groups that went while no server ran end their alerts")
  func forgotten() async throws {
    let transport = Transport()
    let two = """
      groups:
        - name: g
          rules:
            - {alert: A, expr: m > 0}
            - {alert: B, expr: m > 0}
        - name: h
          rules:
            - {alert: C, expr: m > 0}
      """
    let one = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: m > 0}"
    for (minute, yaml) in [two, one].enumerated() {
      let time = Self.start + .minutes(Int64(minute))
      let database = try await fixture.reopen { $0.clock = { time } }
      let runner = try await Self.runner(yaml, database, transport) {
        $0.webhooks = ["http://hook"]
      }
      let delivery = Task { await runner.deliver() }
      try await Self.write("m,host=x value=3 \(Self.seconds(time))\n", database)
      await runner.evaluateAll(at: time)
      try await transport.wait(for: minute == 0 ? 3 : 5)
      try await Task.sleep(for: .milliseconds(100))
      if minute == 1 {
        #expect(
          try await Self.values("ALERTS", database, at: time) == [
            "ALERTS<alertname=A,alertstate=firing,host=x> 1"
          ])
      }
      delivery.cancel()
      await delivery.value
      await database.close()
    }
    let ended = transport.posts.dropFirst(3).map(\.body).sorted()
    #expect(ended.count == 2)
    #expect(ended.allSatisfy { $0.contains("\"status\":\"resolved\"") })
    #expect(ended.map { $0.contains("\"alertname\":\"B\"") } == [true, false])
    #expect(ended.map { $0.contains("\"alertname\":\"C\"") } == [false, true])
  }

  @Test("more alerts than the limit end those that fired")
  func limit() async throws {
    let database = try fixture.open()
    let transport = Transport()
    let runner = try await Self.runner(
      "groups:\n- name: g\n  limit: 1\n  rules:\n  - {alert: A, expr: m > 0}", database, transport
    ) { $0.webhooks = ["http://hook"] }
    let delivery = Task { await runner.deliver() }
    try await Self.write("m,host=x value=3 \(Self.seconds(Self.start))\n", database)
    await runner.evaluateAll(at: Self.start)
    try await transport.wait(for: 1)
    try await Self.write("m,host=y value=3 \(Self.seconds(Self.start) + 60)\n", database)
    await runner.evaluateAll(at: Self.start + .minutes(1))
    try await transport.wait(for: 2)
    #expect(transport.posts[1].body.contains("\"status\":\"resolved\""))
    #expect(runner.groups[0].rules[0].lastError == "exceeded limit of 1 with 2 alerts")
    #expect(runner.groups[0].rules[0].alerts.isEmpty)
    delivery.cancel()
    await delivery.value
    await database.close()
  }

  /// A text that changes.
  final class Box: Sendable {
    private let mutex: Mutex<String>
    init(_ text: consuming Mutex<String>) { mutex = text }
    var text: String { mutex.withLock { $0 } }
    func set(_ text: String) { mutex.withLock { $0 = text } }
  }

  @Test("groups of the API are kept, replaced and dropped")
  func stored() async throws {
    let group = "name: g\nrules:\n- {alert: A, expr: m > 0, labels: {n: '1'}}\n"
    try await store(group)
    let again = try await fixture.reopen()
    let second = try await Self.runner("", again)
    #expect(second.groups.last?.rules.map(\.rule.name) == ["B"])
    #expect(try await second.remove(namespace: "other", name: "x"))
    #expect(try await second.remove(namespace: "other", name: "x") == false)
    #expect(try await second.remove(namespace: "team a"))
    #expect(second.storedFiles.map(\.file) == ["other"])
    #expect(second.groups.map(\.id.name) == ["y"])
    await again.close()
  }

  private func store(_ group: String) async throws {
    let database = try fixture.open()
    let runner = try await Self.runner("", database)
    try await runner.put(group, namespace: "team a")
    try await runner.put(group.replacing("alert: A", with: "alert: B"), namespace: "team a")
    try await runner.putAll("groups:\n- name: x\n- name: y", namespace: "other")
    await #expect(throws: RuleFileError.self) {
      try await runner.put(group, namespace: "team a", name: "h")
    }
    #expect(
      runner.groups.map { "\($0.id.file)/\($0.id.name)" } == ["other/x", "other/y", "team a/g"])
    await database.close()
  }

  // MARK: - Our own expressions

  @Test("an alert looks into the future, and its value is how long there is left")
  func future() async throws {
    let database = try fixture.open()
    try await DatabaseFixture.write(
      (0..<72).map { 1000 - 5 * Double($0) }, to: "free,host=a", every: .hours(1), in: database)
    try await DatabaseFixture.write(
      (0..<72).map { _ in 900 }, to: "free,host=b", every: .hours(1), in: database)
    let runner = try await Self.runner(
      """
      groups:
        - name: g
          rules:
            - alert: Full
              expr: crosses(forecast(free[3d], 7d, model=linear, wait=1m, min=0), below=100).in < 5d
              annotations: {summary: "{{ $labels.host }} in {{ $value | humanizeDuration }}"}
            - alert: Below
              expr: forecast(free[3d], 7d, model=linear, wait=1m) < 100
      """, database)
    await runner.evaluateAll(at: DatabaseFixture.start + .hours(71))
    let rules = try #require(runner.groups.first).rules
    #expect(rules.map(\.lastError) == [nil, nil])
    #expect(rules[0].alerts.map { $0.annotations["summary"] } == ["a in 4d 13h 0m 0s"])
    #expect(rules[1].alerts.map { $0.labels["host"] } == ["a"])
    // The first value below the threshold, not the last one of the horizon.
    #expect(rules[1].alerts.allSatisfy { 94...100 ~= $0.value }, "\(rules[1].alerts)")
    await database.close()
  }

  @Test("a series with an outlier since the last evaluation alerts, with the reason at hand")
  func outliers() async throws {
    let database = try fixture.open()
    let quiet = (0..<288).map { 10 + Double($0 % 3) }
    try await DatabaseFixture.write(
      quiet + [60, 10, 11], to: "queue,host=x", every: .minutes(10), in: database)
    try await DatabaseFixture.write(
      quiet + [10, 11, 12], to: "queue,host=y", every: .minutes(10), in: database)
    let yaml = """
      groups:
        - name: g
          interval: 30m
          rules:
            - alert: Strange
              expr: outliers(queue, method=mad, threshold=20)
              annotations: {why: "{{ $details.reason }} ({{ $details.value }})"}
      """
    let last = DatabaseFixture.start + .minutes(2870)
    let before = try await Self.runner(yaml, database)
    await before.evaluateAll(at: last)
    #expect(before.groups[0].rules[0].alerts.isEmpty)
    // The outlier came ten minutes after that evaluation, and quiet samples since; another process
    // knows when the last one was.
    let runner = try await Self.runner(yaml, database)
    await runner.evaluateAll(at: last + .minutes(30))
    let alerts = runner.groups[0].rules[0].alerts
    #expect(runner.groups[0].rules[0].lastError == nil)
    #expect(alerts.map { $0.labels["host"] } == ["x"])
    #expect(alerts.first.map { $0.value >= 1 } == true)
    #expect(alerts.first?.annotations["why"]?.hasSuffix("(60)") == true, "\(alerts)")
    await runner.evaluateAll(at: last + .minutes(60))
    #expect(runner.groups[0].rules[0].alerts.isEmpty)
    await database.close()
  }

  @Test("groups run at their slots, and what is missed is counted")
  func loop() async throws {
    let database = try fixture.open()
    let runner = try await Self.runner(
      "groups:\n- name: g\n  interval: 1s\n  rules:\n  - {record: now, expr: vector(time())}",
      database)
    let task = Task { await runner.run() }
    let began = ContinuousClock.now
    // Other tests keep the machine busy.
    while runner.groups[0].iterations < 3, ContinuousClock.now - began < .seconds(60) {
      try await Task.sleep(for: .milliseconds(50))
    }
    task.cancel()
    await task.value
    let group = try #require(runner.groups.first)
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    #expect(3...(seconds + 2) ~= Double(group.iterations))
    #expect(group.missed < group.iterations)
    let slots = EvaluationSlots(of: group.id, interval: .seconds(1))
    let last = try #require(group.lastEvaluation)
    #expect(slots.slot(notAfter: last) == last)
    await database.close()
  }
}
