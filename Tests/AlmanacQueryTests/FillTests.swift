import AlmanacCore
import Testing

@testable import AlmanacQuery

@Suite("Values for samples without a partner")
struct FillTests {
  static let source: MemorySource = {
    var source = MemorySource()
    source.add("left", ["l": "a"], [(0, 10), (60, 11)])
    source.add("left", ["l": "b"], [(0, 20)])
    source.add("right", ["l": "a"], [(0, 100)])
    source.add("right", ["l": "c"], [(0, 300), (60, 301)])
    return source
  }()

  /// Values by label at the start.
  func ask(_ query: String) async throws -> [String: Double] {
    let all = try await Self.source.ask(query, at: 0)
    return Dictionary(
      uniqueKeysWithValues: all.map { ($0.key.labels["l"] ?? "", $0.samples.values[0]) })
  }

  @Test("fill stands for what is missing on either side, fill_left and fill_right on one")
  func sides() async throws {
    #expect(try await ask("left + right") == ["a": 110])
    #expect(try await ask("left + fill(0) right") == ["a": 110, "b": 20, "c": 300])
    #expect(try await ask("left - fill_left(1) right") == ["a": -90, "c": -299])
    #expect(try await ask("left - fill_right(1) right") == ["a": -90, "b": 19])
    #expect(
      try await ask("left - on(l) fill_right(2) fill_left(1m) right")
        == ["a": -90, "b": 18, "c": -240])
    #expect(try await ask("left + fill(-Inf) right")["c"] == -.infinity)
    #expect(try await ask("left + fill(0) nothing") == ["a": 10, "b": 20])
    #expect(try await ask("left + fill_left(0) nothing") == [:])
  }

  @Test("a filter keeps the metric of samples that were there, and none of those that were not")
  func filters() async throws {
    let kept = try await Self.source.ask("left != fill(30) right", at: 0).map(\.key)
    #expect(kept.map(\.metric) == ["", "left", "left"])
    #expect(try await ask("left == bool fill(20) right") == ["a": 0, "b": 1, "c": 0])
  }

  @Test("partners are missed moment by moment")
  func steps() async throws {
    // A minute later nothing is left of b, and of a on the right.
    let time = try QueryTime(
      now: Timestamp(nanoseconds: 0), time: nil, start: "0", end: "60", step: "60",
      lookback: "30s")
    let result = try await Query("left + fill(1) right").evaluate(
      at: time, series: Self.source, models: NoModels(), pool: CallersThread())
    guard case .series(let series) = result.value else {
      Issue.record("no series")
      return
    }
    #expect(series.map(\.samples.values) == [[110, 12], [21], [301, 302]])
  }

  @Test("several series with the labels that are compared are an error here too")
  func duplicates() async throws {
    await #expect(throws: QueryError.self) {
      try await Self.source.ask("left + on() fill(0) right<l=c>", at: 0)
    }
    await #expect(throws: QueryError.self) {
      try await Self.source.ask("left + on(no) fill(0) nothing", at: 0)
    }
  }

  @Test("a number needs no partner", arguments: ["left + fill(0) 1", "1 + fill_left(0) right"])
  func numbers(query: String) {
    #expect(throws: QueryError.self) { try Query(query) }
  }

  @Test("the words are metrics where no number follows in parentheses")
  func words() async throws {
    var source = MemorySource()
    source.add("fill", [:], [(0, 1)])
    source.add("fill_left", [:], [(0, 10)])
    #expect(try await source.values("fill + fill_left", at: 0) == [11])
    #expect(try await source.values("fill + fill(0) fill", at: 0) == [2])
    #expect(try await source.values("nothing + fill_left(5) fill_left{}", at: 0) == [15])
  }
}
