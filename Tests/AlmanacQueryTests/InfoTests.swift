import AlmanacCore
import Testing

@testable import AlmanacQuery

@Suite("info()")
struct InfoTests {
  static let source: MemorySource = {
    let stale = Double(bitPattern: 0x7ff0_0000_0000_0002)
    var source = MemorySource()
    source.add("m", ["job": "j", "instance": "a"], [(0, 1), (60, 2), (120, 3)])
    source.add("m", ["job": "j", "instance": "b"], [(0, 4), (60, 5), (120, 6)])
    source.add("plain", ["host": "x"], [(0, 7)])
    source.add(
      "target_info", ["job": "j", "instance": "a", "version": "1", "os": "linux"],
      [(0, 1), (60, 1), (120, stale)])
    source.add("target_info", ["job": "j", "instance": "a", "version": "2"], [(120, 1)])
    source.add("build_info", ["job": "j", "instance": "b", "commit": "c0ffee"], [(0, 1)])
    return source
  }()

  func labels(_ query: String, at time: Double = 0) async throws -> [String] {
    try await Self.source.ask(query, at: time).map {
      $0.key.labels.all.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }
  }

  @Test("series get the labels of target_info with their job and instance")
  func all() async throws {
    #expect(
      try await labels("info(m)") == [
        "instance=a job=j os=linux version=1", "instance=b job=j",
      ])
    #expect(try await labels("info(plain)") == ["host=x"])
    #expect(try await Self.source.ask("m | info", at: 0).map(\.key.metric) == ["m", "m"])
  }

  @Test("a selector says which labels are taken, and of which metric")
  func asked() async throws {
    #expect(try await labels("info(m, {version=~\".+\"})") == ["instance=a job=j version=1"])
    #expect(
      try await labels("info(m, {version=~\".*\"})") == [
        "instance=a job=j version=1", "instance=b job=j",
      ])
    #expect(
      try await labels("info(m, {__name__=\"build_info\"})") == [
        "commit=c0ffee instance=b job=j", "instance=a job=j",
      ])
    #expect(
      try await labels("info(m, {__name__!=\"target_info\"})") == [
        "commit=c0ffee instance=b job=j", "instance=a job=j",
      ])
    #expect(
      try await labels("info(build_info, {__name__=~\".+_info\"})")
        == ["commit=c0ffee instance=b job=j"])
  }

  @Test("labels are those that counted at the time of each sample")
  func times() async throws {
    let steps = try await Self.source.ask("info(m<instance=a>)", from: 0, to: 120, step: 60)
    #expect(steps.map(\.key.labels["version"]) == ["1", "2"])
    #expect(steps.map(\.samples.values) == [[1, 2], [3]])
    #expect(
      try await labels("info(m<instance=a> offset 1m)", at: 120)
        == ["instance=a job=j os=linux version=1"])
    #expect(
      try await labels("info(m<instance=a> @ 60)", at: 9000)
        == ["instance=a job=j os=linux version=1"])
    #expect(
      try await labels("info(last_over_time(m<instance=a>[5m:1m] @ 60))", at: 9000)
        == ["instance=a job=j os=linux version=1"])
  }

  @Test("two info metrics that contradict each other are an error")
  func conflicts() async throws {
    var source = Self.source
    source.add("other_info", ["job": "j", "instance": "a", "version": "9"], [(0, 1)])
    await #expect(throws: QueryError.self) {
      try await source.ask("info(m, {__name__=~\".+_info\"})", at: 0)
    }
    source.add("target_info", ["job": "j", "instance": "b", "x": "1"], [(0, 1)])
    source.add("target_info", ["job": "j", "instance": "b", "x": "2"], [(0, 1)])
    await #expect(throws: QueryError.self) { try await source.ask("info(m)", at: 0) }
  }

  @Test("what is no vector is refused", arguments: ["info(m[5m])", "info(1)", "info(m, 5)"])
  func refused(query: String) {
    #expect(throws: QueryError.self) { try Query(query) }
  }
}
