import AlmanacCore
import Testing

@testable import AlmanacQuery

@Suite("Durations that are calculated")
struct CalculatedDurationTests {
  /// A sample each second whose value is its time.
  static let seconds: MemorySource = {
    var source = MemorySource()
    source.add("m", ["h": "x"], (0...1000).map { (Double($0), Double($0)) })
    return source
  }()

  @Test(
    "a window is as long as its formula says",
    arguments: [
      ("10", 10.0), ("5s + 5s", 10), ("20 / 2", 10), ("2s * (2 + 3)", 10), ("1m40s % 90s", 10),
      ("-10s + 20s", 10), ("2 ^ 3 + 2s", 10), ("1.5 * 10s", 15), ("min_of(10, 1h)", 10),
      ("max_of(3s, min_of(10s, 20))", 10), ("min(10s, 1h)", 10), ("((10))", 10),
    ] as [(String, Double)])
  func length(formula: String, samples: Double) async throws {
    let query = "count_over_time(m[\(formula)])"
    #expect(try await Self.seconds.values(query, at: 500) == [samples])
    let steps = "count_over_time(m[1m40s:\(formula)])"
    let count = (900 / samples).rounded(.down) - (800 / samples).rounded(.down)
    #expect(try await Self.seconds.values(steps, at: 900) == [count])
  }

  @Test("step() and range() are those of the request, at every depth")
  func request() async throws {
    let ask = { (query: String) in
      try await Self.seconds.values(query, from: 500, to: 520, step: 10)
    }
    #expect(try await ask("count_over_time(m[step()])") == [10, 10, 10])
    #expect(try await ask("count_over_time(m[RANGE() + 1ms])") == [21, 21, 21])
    #expect(try await ask("m offset step()") == [490, 500, 510])
    #expect(try await ask("m offset -range()") == [520, 530, 540])
    #expect(try await ask("m offset (step() * 2 - 5)") == [485, 495, 505])
    #expect(try await ask("max_over_time(max_over_time(m[step():1s])[5s:1s])") == [500, 510, 520])
    #expect(try await Self.seconds.values("m offset range()", at: 500) == [500])
  }

  @Test(
    "an operator after the duration of an offset is none of its",
    arguments: [
      ("m offset 100 + 2", 402.0), ("m offset (100 + 2)", 398), ("m offset -2 * 2", 1004),
      ("m offset (-2 ^ 2)", 504), ("m offset 5m * 2", 400), ("m offset min_of(1, 2) + 1", 500),
      ("m offset +2 ^ 2", 498 * 498),
    ] as [(String, Double)])
  func precedence(query: String, value: Double) async throws {
    #expect(try await Self.seconds.values(query, at: 500) == [value])
  }

  @Test(
    "a duration that cannot be is an error",
    arguments: ["m[step()]", "m[5s - 5s]", "m[1 / 0]", "m[1m:1s - 2s]", "m offset (0 / 0)"])
  func impossible(query: String) async throws {
    await #expect(throws: QueryError.self) {
      _ = try await Self.seconds.ask("last_over_time(\(query))", at: 500)
    }
  }

  @Test("a query whose durations depend on the request is checked before it is evaluated")
  func early() {
    #expect(throws: QueryError.self) { try Query("rate(m[step() + nonsense(1)])") }
    #expect(throws: QueryError.self) { try Query("nonsense(m[step()])") }
    #expect(throws: Never.self) { try Query("rate(m[step() - 5m])") }
  }

  @Test(
    "formulas are printed with the parentheses that they need",
    arguments: [
      ("m[5m*2]", "m[5m * 2]"), ("m[(1+2)*3s:step( )]", "m[(1 + 2) * 3s:step()]"),
      ("m offset (step()/2)", "m offset (step() / 2)"), ("m offset -step()", "m offset (-step())"),
      ("m[300]", "m[5m]"), ("m offset -(5m)", "m offset -5m"),
    ])
  func printing(text: String, printed: String) throws {
    let tree = try Parser.parse(text)
    #expect(Printer().print(tree) == printed)
    #expect(try Parser.parse(printed).isSameTree(as: tree))
  }
}
