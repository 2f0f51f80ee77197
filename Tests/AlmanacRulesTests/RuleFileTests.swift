import AlmanacCore
import Foundation
import Testing

@testable import AlmanacRules

@Suite struct RuleFileTests {
  private static let whole = """
    groups:
      - name: g
        interval: 1m30s
        query_offset: 30s
        limit: 10
        labels: {team: a, severity: none}
        rules:
          - record: job:up:sum
            expr: sum by (job) (up)
            labels:
              severity: 1
          - alert: Down
            expr: |
              up == 0
            for: 1d2h
            keep_firing_for: 5m
            labels:
              severity: page
            annotations:
              summary: "{{ $labels.job }}"
      - name: h
        rules: []
    """

  @Test("a whole file is read")
  func reading() throws {
    let groups = try RuleFile.groups(of: Self.whole, file: "r.yml")
    #expect(groups.map(\.name) == ["g", "h"])
    let group = groups[0]
    #expect(group.interval == .seconds(90))
    #expect(group.queryOffset == .seconds(30))
    #expect(group.limit == 10)
    #expect(group.rules.map(\.kind) == [.record, .alert])
    #expect(group.labels(of: group.rules[0]) == ["team": "a", "severity": "1"])
    #expect(group.labels(of: group.rules[1]) == ["team": "a", "severity": "page"])
    #expect(group.rules[1].expression == "up == 0\n")
    #expect(group.rules[1].hold == .hours(26))
    #expect(group.rules[1].keepFiringFor == .minutes(5))
    #expect(group.rules[1].annotations == ["summary": "{{ $labels.job }}"])
    #expect(try RuleFile.groups(of: "", file: "r.yml").isEmpty)
    #expect(try RuleFile.groups(of: "groups:", file: "r.yml").isEmpty)
  }

  @Test("a group that is written is read back the same")
  func roundTrip() throws {
    let groups = try RuleFile.groups(of: Self.whole, file: "r.yml")
    for group in groups {
      #expect(try RuleFile.group(of: RuleFile.text(group), file: "r.yml") == group)
    }
    #expect(try RuleFile.storedGroups(of: RuleFile.text(groups)) == groups)
    var odd = groups[0]
    odd.rules[1].annotations = [
      "a": "null", "b": "- x: y", "c": " two\n lines ", "d": "é#\"'\\", "e": "",
    ]
    odd.rules[1].labels = ["n": "1", "t": "true", "s": "~"]
    let read = try RuleFile.group(of: RuleFile.text(odd), file: "r.yml")
    #expect(read == odd, "\(RuleFile.text(odd))")
  }

  /// A group with one rule, given by its lines.
  private static func file(_ rule: String) -> String {
    "groups:\n- name: g\n  rules:\n" + rule
  }

  @Test(
    "what is wrong is told with its place",
    arguments: [
      ("groups: 3", "r.yml:1: groups must be a list"),
      ("group:\n", "r.yml:1: a rule file has no key \"group\": did you mean groups?"),
      ("- a\n", "r.yml:1: a rule file must be a mapping of keys to values"),
      ("groups:\n- rules: []", "r.yml:2: the group has no name"),
      ("groups:\n- name: a\n- name: a", "r.yml:3: group \"a\": groupname: \"a\" is repeated"),
      (
        "groups:\n- name: a\n  interval: 1x",
        "r.yml:3: group \"a\": interval is no duration: \"1x\""
      ),
      ("groups:\n- name: a\n  intervall: 1m", "r.yml:3: group \"a\": a group has no key"),
      ("groups:\n- name: a\n  limit: -1", "r.yml:3: group \"a\": limit is no whole number"),
      ("groups:\n- name: a\n  interval: 10ms", "interval must be a second or more"),
      ("groups:\n- name: [a", "r.yml:"), ("groups:\n- name: a\n  name: b", "already defined"),
      (
        file("  - expr: up"), "r.yml:4: group \"g\", rule 1: one of 'record' or 'alert' must be set"
      ),
      (file("  - {alert: A, record: b, expr: up}"), "only one of 'record' and 'alert' must be set"),
      (
        file("  - alert: A"), "r.yml:4: group \"g\", rule 1 \"A\": field 'expr' must be set in rule"
      ),
      (
        file("  - alert: A\n    expr: up\n    fro: 5m"),
        "r.yml:6: group \"g\", rule 1 \"A\": a rule has no"
      ),
      (
        file("  - record: a b\n    expr: up"),
        "r.yml:4: group \"g\", rule 1 \"a b\": invalid recording"
      ),
      (
        file("  - record: a\n    expr: up\n    for: 5m"),
        "r.yml:6: group \"g\", rule 1 \"a\": invalid field 'for'"
      ),
      (file("  - record: a\n    expr: up\n    annotations: {a: b}"), "invalid field 'annotations'"),
      (
        file("  - alert: A\n    expr: sum(up"),
        "r.yml:5: group \"g\", rule 1 \"A\": could not parse expression"
      ),
      (
        file("  - alert: A\n    expr: |\n      up\n      > > 1"),
        "r.yml:7: group \"g\", rule 1 \"A\": could"
      ),
      (
        file("  - alert: A\n    expr: up[5m]"),
        "a rule wants one value of each series, got a window"
      ),
      (
        file("  - alert: A\n    expr: crosses(forecast(up, 1d), above=1)"),
        "take one of its columns"
      ),
      (file("  - alert: A\n    expr: '\"x\"'"), "a rule wants series, got a string"),
      (file("  - alert: A\n    expr: show lets"), "takes no such statement"),
      (
        file("  - alert: A\n    expr: up\n    labels:\n      a-b: c"),
        "r.yml:7: group \"g\", rule 1 \"A\": invalid label name: a-b"
      ),
      (
        file("  - alert: A\n    expr: up\n    labels:\n      __name__: c"),
        "invalid label name: __name__"
      ),
      (file("  - alert: A\n    expr: up\n    labels: [a]"), "labels must be a mapping"),
      (
        file("  - alert: A\n    expr: up\n    annotations:\n      a: b\n      s: '{{ $x }}'"),
        "r.yml:8: group \"g\", rule 1 \"A\": annotation \"s\": template: __alert_A:1: undefined variable \"$x\""
      ),
      (
        file("  - alert: A\n    expr: up\n    for: soon"),
        "r.yml:6: group \"g\", rule 1 \"A\": for is no duration"
      ),
      (file("  - 5"), "r.yml:4: group \"g\", rule 1: a rule must be a mapping"),
    ])
  func problems(yaml: String, message: String) throws {
    let error = try #require(throws: RuleFileError.self) {
      try RuleFile.groups(of: yaml, file: "r.yml")
    }
    #expect("\(error)".contains(message), "\(error)")
  }

  @Test("all problems of a file are told at once, in order")
  func several() throws {
    let yaml = Self.file("  - alert: A\n    expr: up[\n    fro: 1\n  - record: b c\n    expr: up")
    let error = try #require(throws: RuleFileError.self) {
      try RuleFile.groups(of: yaml, file: "r.yml")
    }
    #expect(error.problems.map(\.line) == [5, 6, 7])
    #expect(error.problems.map(\.ruleNumber) == [1, 1, 2])
  }

  /// The folder with the rule files of the documentation.
  private static let documentation = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("docs/rules")

  @Test(
    "the files of the documentation are good",
    arguments: [("prometheus.yml", 4), ("forecasts.yml", 5)])
  func documented(name: String, count: Int) throws {
    let text = try String(
      contentsOf: Self.documentation.appendingPathComponent(name), encoding: .utf8)
    let groups = try RuleFile.groups(of: text, file: name)
    #expect(groups.reduce(0) { $0 + $1.rules.count } == count)
  }

  private static let promtool = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":").map { "\($0)/promtool" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  @Test(
    "Prometheus takes the file of PromQL rules as well",
    .enabled(if: promtool != nil, "promtool is not in PATH"))
  func check() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.promtool))
    process.arguments = [
      "check", "rules", Self.documentation.appendingPathComponent("prometheus.yml").path,
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let printed = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(String(decoding: printed, as: UTF8.self))")
  }
}

@Suite struct RuleDurationTests {
  @Test(
    "durations are Prometheus' own",
    arguments: [
      ("0", 0), ("0s", 0), ("15s", 15_000), ("1m30s", 90_000), ("1h", 3_600_000),
      ("1d12h", 129_600_000), ("1w", 604_800_000), ("1y", 31_536_000_000), ("250ms", 250),
    ])
  func reading(text: String, milliseconds: Int64) throws {
    let interval = try #require(RuleDuration.read(text))
    #expect(interval.nanoseconds == milliseconds * 1_000_000)
    #expect(RuleDuration.read(RuleDuration.text(interval)) == interval)
  }

  @Test(
    "others are none",
    arguments: ["", "5", "-5m", "1.5h", "5 m", "1s1m", "1m1m", "m", "5x", "999999999y"])
  func wrong(text: String) {
    #expect(RuleDuration.read(text) == nil)
  }
}

@Suite struct EvaluationSlotsTests {
  @Test("slots are an interval apart, and groups have offsets of their own")
  func slots() {
    let now = Timestamp(nanoseconds: 1_788_221_400_123_456_789)
    var offsets: Set<Interval> = []
    for number in 0..<50 {
      let id = RuleGroupID(.file, file: "r.yml", name: "g\(number)")
      let slots = EvaluationSlots(of: id, interval: .minutes(1))
      #expect(slots == EvaluationSlots(of: id, interval: .minutes(1)))
      offsets.insert(slots.offset)
      let slot = slots.slot(notAfter: now)
      #expect(slot <= now && now < slot + .minutes(1))
      #expect(slots.slot(notAfter: slot) == slot)
      #expect(slots.next(after: slot, now: now) == (slot + .minutes(1), 0))
      let late = slots.next(after: slot, now: slot + .seconds(60 * 7 + 5))
      #expect(late == (slot + .minutes(7), 6))
      #expect(slots.next(after: slot, now: slot + .seconds(119)) == (slot + .minutes(1), 0))
    }
    #expect(offsets.count > 45)
  }
}
