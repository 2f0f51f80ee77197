import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacQuery

@Suite("Windows with values at their ends")
struct BoundedWindowTests {
  /// A counter with a reset between 60 s and 75 s.
  static let counter: MemorySource = {
    var source = MemorySource()
    source.add("c", ["h": "x"], [(0, 1), (15, 2), (30, 3), (45, 4), (60, 5), (75, 2), (90, 3)])
    return source
  }()

  @Test("anchored counts from the last sample at or before the beginning to the last one inside")
  func anchored() async throws {
    // (20, 50] begins at the 2 of 15 s and ends at the 4 of 45 s.
    let ask = { (query: String, time: Double) in try await Self.counter.values(query, at: time) }
    #expect(try await ask("increase(c[30s] anchored)", 50) == [2])
    #expect(try await ask("rate(c[30s] anchored)", 50) == [2.0 / 30])
    #expect(try await ask("delta(c[30s] anchored)", 80) == [-2])
    // 4 to 5, then anew from 0 to 2.
    #expect(try await ask("increase(c[30s] anchored)", 80) == [1 + 2])
    #expect(try await ask("resets(c[30s] anchored)", 80) == [1])
    #expect(try await ask("changes(c[30s] anchored)", 80) == [2])
    // A first sample is all that there is.
    #expect(try await ask("increase(c[30s] anchored)", 10) == [0])
    // Nothing inside, nothing to say.
    #expect(try await ask("increase(c[5s] anchored)", 100).isEmpty)
  }

  @Test("smoothed interpolates both ends")
  func smoothed() async throws {
    let ask = { (query: String, time: Double) in try await Self.counter.values(query, at: time) }
    // From 2 1/3 at 20 s to 4 1/3 at 50 s.
    #expect(abs(try await ask("increase(c[30s] smoothed)", 50)[0] - 2) < 1e-12)
    // A reset begins at 0 where the last sample stood: 5 - 3 1/3 and 2/3 of the way from 0 to 2.
    let fallen = try await ask("increase(c[35s] smoothed)", 70)[0]
    #expect(abs(fallen - (5 - 10.0 / 3 + 4.0 / 3)) < 1e-12)
    // The change of a gauge is the way from end to end.
    #expect(abs(try await ask("delta(c[35s] smoothed)", 70)[0] - (3 - 10.0 / 3)) < 1e-12)
    // The first sample stands for the beginning where there is none before it.
    #expect(abs(try await ask("increase(c[1m] smoothed)", 5)[0] - 1.0 / 3) < 1e-12)
    #expect(try await ask("increase(c[5s] smoothed)", 200).isEmpty)
  }

  @Test("a plain selector is smoothed between the samples around each moment")
  func plain() async throws {
    let steps = try await Self.counter.values("c smoothed", from: 0, to: 100, step: 10)
    let expected = [
      1, 1 + 2 / 3.0, 2 + 1 / 3.0, 3, 3 + 2 / 3.0, 4 + 1 / 3.0, 5, 3, 2 + 1 / 3.0, 3, 3,
    ]
    #expect(zip(steps, expected).allSatisfy { abs($0 - $1) < 1e-12 } && steps.count == 11)
    #expect(try await Self.counter.values("c smoothed", at: 380) == [3])
    #expect(try await Self.counter.values("c smoothed", at: 390).isEmpty)
    #expect(try await Self.counter.values("c @ 22.5 smoothed", at: 70) == [2.5])
    #expect(try await Self.counter.values("c offset 50 smoothed", at: 72.5) == [2.5])
    #expect(try await Self.counter.values("c smoothed + 1", at: 22.5) == [3.5])
  }

  @Test("the samples of such a window stand between the values at its ends")
  func samples() async throws {
    let anchored = try await Self.counter.ask("c[30s] anchored", at: 50)
    #expect(anchored[0].samples.timestamps == [20, 30, 45, 50].map { $0 * 1_000_000_000 })
    #expect(anchored[0].samples.values == [2, 3, 4, 4])
    let smoothed = try await Self.counter.values("c[15s] smoothed", at: 37.5)
    #expect(smoothed == [2.5, 3, 3.5])
    #expect(try await Self.counter.values("c smoothed[15s]", at: 37.5) == smoothed)
  }

  @Test("a window moved by offset and @ has its ends there")
  func moved() async throws {
    let there = try await Self.counter.values("increase(c[30s] anchored)", at: 80)
    for query in ["increase(c[30s] anchored offset 20s)", "increase(c[30s] offset 20s anchored)"] {
      #expect(try await Self.counter.values(query, at: 100) == there)
    }
    let steps = try await Self.counter.values(
      "increase(c[30s] @ 80 anchored)", from: 0, to: 20, step: 10)
    #expect(steps == there + there + there)
  }

  @Test(
    "only changes can be asked of such windows",
    arguments: [
      "max_over_time(c[1m] anchored)", "deriv(c[1m] smoothed)", "resets(c[1m] smoothed)",
      "changes(c[1m] smoothed)", "last_over_time(c[1m] anchored)",
      "absent_over_time(c[1m] smoothed)",
    ])
  func refused(query: String) {
    #expect(throws: QueryError.self) { try Query(query) }
  }

  @Test("increases of windows side by side add up", arguments: UInt64(0)..<20)
  func additive(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    var source = MemorySource()
    var time = 0.0
    let samples = (0..<60).map { _ in
      time += Double(Int.random(in: 1...40, using: &random))
      return (time, Double(Int.random(in: 0...9, using: &random)))
    }
    source.add("m", [:], samples)
    for boundary in ["anchored", "smoothed"] {
      let parts = try await source.values(
        "increase(m[100s] \(boundary))", from: 100, to: 600, step: 100)
      let whole = try await source.values("increase(m[600s] \(boundary))", at: 600)
      #expect(abs(parts.reduce(0, +) - (whole.first ?? .nan)) < 1e-9)
    }
  }

  @Test("the words are metrics where no selector stands before them")
  func words() async throws {
    var source = MemorySource()
    source.add("smoothed", [:], [(0, 1), (10, 2)])
    source.add("anchored", [:], [(0, 10), (10, 20)])
    #expect(try await source.values("smoothed + anchored", at: 10) == [22])
    #expect(try await source.values("smoothed smoothed", at: 5) == [1.5])
    #expect(try await source.values("delta(anchored[10s] anchored)", at: 10) == [10])
    #expect(try await source.values("sum(smoothed<>)", at: 10) == [2])
  }
}
