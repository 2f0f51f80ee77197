import AlmanacCore
import AlmanacQuery
import AlmanacTesting
import Testing

@Suite struct AggregationTests {
  /// Series with gaps, in two groups.
  static func source(seed: UInt64) -> MemorySource {
    var random = SeededGenerator(seed: seed)
    var source = MemorySource()
    for series in 0..<12 {
      let points = (0..<60).compactMap { index in
        Int.random(in: 0..<6, using: &random) == 0
          ? nil : (Double(index) * 60, Double.random(in: -1e6...1e6, using: &random))
      }
      source.add("m", ["n": "\(series)", "group": "\(series % 2)"], points)
    }
    return source
  }

  static let references: [(name: String, value: @Sendable ([Double]) -> Double)] = [
    ("sum", { sum($0) }), ("avg", { sum($0) / Double($0.count) }),
    ("min", { $0.min() ?? .nan }), ("max", { $0.max() ?? .nan }),
    ("count", { Double($0.count) }), ("group", { _ in 1 }),
    ("median", { WindowFunctionPropertyTests.median($0) }),
  ]

  static func sum(_ values: [Double]) -> Double {
    var sum = CompensatedSum()
    for value in values { sum.add(value) }
    return sum.value
  }

  @Test("the variance is the mean square of the distances to the mean, 0 of equal values")
  func variance() async throws {
    let found = try await Self.source(seed: 1).values("stdvar(m[3601s] @ 3600)", at: 3600)
    for (time, value) in found.enumerated() {
      let column = Self.source(seed: 1).all.compactMap { one in
        one.samples.timestamps.firstIndex(of: Int64(time) * 60_000_000_000)
          .map { one.samples.values[$0] }
      }
      #expect(abs(value / WindowFunctionPropertyTests.variance(column) - 1) < 1e-12)
    }
    var equal = MemorySource()
    for name in ["a", "b", "c"] { equal.add("m", ["n": name], [(0, 13.3)]) }
    #expect(try await equal.values("stddev(m)", at: 0) == [0])
  }

  @Test(
    "an aggregate combines what each time has, in the order of the series, to the bit",
    arguments: UInt64(1)...5)
  func columns(seed: UInt64) async throws {
    let source = Self.source(seed: seed)
    for (name, value) in Self.references {
      let results = [
        try await source.ask(
          "\(name) by (group) (last_over_time(m[1m]))", from: 0, to: 3600, step: 60),
        try await source.ask("\(name) by (group) (m[3601s])", at: 3600),
      ]
      for found in results {
        #expect(found.map { $0.key.labels["group"] } == ["0", "1"])
        for (index, one) in found.enumerated() {
          var columns: [Int64: [Double]] = [:]
          for series in source.all where series.key.labels["group"] == "\(index)" {
            for (time, value) in zip(series.samples.timestamps, series.samples.values) {
              columns[time, default: []].append(value)
            }
          }
          #expect(one.samples.timestamps == columns.keys.sorted(), "\(name)")
          #expect(
            one.samples.values == columns.sorted { $0.key < $1.key }.map { value($0.value) },
            "\(name)")
        }
      }
    }
  }

  @Test("steps that are no multiples of the samples' step stay where they are")
  func gridWithGaps() async throws {
    var source = MemorySource()
    source.add("m", ["n": "a"], [(0, 1), (1000, 2), (2000, 3)])
    source.add("m", ["n": "b"], [(1000, 10)])
    let found = try await source.ask("sum(m)", from: 7, to: 2107, step: 100)
    let expected: [(Int64, Double)] = [
      (7, 1), (107, 1), (207, 1), (1007, 12), (1107, 12), (1207, 12), (2007, 3), (2107, 3),
    ]
    #expect(found[0].samples.timestamps == expected.map { $0.0 * 1_000_000_000 })
    #expect(found[0].samples.values == expected.map(\.1))
    let sums = try await source.ask(
      "m{n=\"a\"} + ignoring(n) m{n=\"b\"}", from: 7, to: 2107, step: 100)
    #expect(sums[0].samples == found[0].samples.slice(3..<6))
  }

  @Test("quantile takes its share before the series, or behind them in a pipe")
  func quantile() async throws {
    var source = MemorySource()
    for (name, value) in [("a", 1.0), ("b", 5), ("c", 2)] {
      source.add("m", ["n": name], [(0, value)])
    }
    #expect(try await source.values("quantile(0.5, m)", at: 0) == [2])
    #expect(try await source.values("m | quantile(0.75)", at: 0) == [3.5])
    #expect(throws: QueryError.self) { try Query("quantile(m)") }
    #expect(throws: QueryError.self) { try Query("quantile(m, 0.5)") }
  }

  @Test("a filter with on() keeps only its labels, one without keeps the metric")
  func filters() async throws {
    var source = MemorySource()
    source.add("a", ["h": "x", "d": "1"], [(0, 5)])
    source.add("b", ["h": "x", "d": "2"], [(0, 3)])
    let on = try await source.ask("a > on(h) b", at: 0)
    #expect(on.map(\.key) == [SeriesKey(metric: "", labels: Labels([("h", "x")]))])
    let ignoring = try await source.ask("a > ignoring(d) b", at: 0)
    #expect(ignoring.map(\.key) == [SeriesKey(metric: "a", labels: Labels([("h", "x")]))])
  }

  @Test("topk and bottomk keep series with their names, time by time, NaN last")
  func ranking() async throws {
    var source = MemorySource()
    source.add("m", ["n": "a", "g": "1"], [(0, 1), (60, 9), (120, .nan)])
    source.add("m", ["n": "b", "g": "1"], [(0, 5), (60, 2), (120, .nan)])
    source.add("m", ["n": "c", "g": "2"], [(0, 3), (120, 1)])
    let top = try await source.ask(
      "topk(1, last_over_time(m[1m]))", from: 0, to: 120, step: 60)
    #expect(top.map { $0.key.labels["n"] } == ["a", "b", "c"])
    #expect(top.map(\.key.metric) == ["m", "m", "m"])
    #expect(top.map(\.samples.values) == [[9], [5], [1]])
    let bottom = try await source.ask("bottomk(1, m) by (g)", at: 0)
    #expect(bottom.map { $0.key.labels["n"] } == ["a", "c"])
    #expect(try await source.ask("m | topk(2)", at: 0).map(\.samples.values) == [[5], [3]])
    #expect(try await source.ask("topk(0, m)", at: 0).isEmpty)
    #expect(throws: QueryError.self) { try Query("topk(m, 3)") }
    #expect(throws: QueryError.self) { try Query("topk(m)") }
  }
}
