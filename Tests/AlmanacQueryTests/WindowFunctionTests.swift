import AlmanacCore
import AlmanacQuery
import Testing

/// Values that Prometheus gives, worked out by hand.
@Suite struct WindowFunctionTests {
  /// A counter that is 10 more every 15 s.
  static let counter: MemorySource = {
    var source = MemorySource()
    source.add("c", ["h": "x"], (0...20).map { (Double($0) * 15, Double($0) * 10) })
    return source
  }()

  static func source(_ values: [Double], every step: Double = 60) -> MemorySource {
    var source = MemorySource()
    source.add("m", ["h": "x"], values.enumerated().map { (Double($0) * step, $1) })
    return source
  }

  @Test("increase and rate reach to the ends of the window where samples are near them")
  func reaches() async throws {
    // (0, 60] holds 10, 20, 30, 40: 30 in 45 s. The first sample is one distance (15 s) after the
    // start and that is less than 16.5 s, so 15 s are added: 30 * 60 / 45.
    #expect(try await Self.counter.values("increase(c[1m])", at: 60) == [40])
    #expect(try await Self.counter.values("rate(c[1m])", at: 60) == [30.0 * (60.0 / 45 / 60)])
    // Prometheus' own test: 0+10x10 every 5 m, rate over 50 m at 50 m is 0.0333...
    let slow = Self.source((0...10).map { Double($0) * 10 }, every: 300)
    #expect(try await slow.values("rate(m[50m])", at: 3000) == [90 * (50.0 / 45 / 3000)])
  }

  @Test("half a distance is added where the nearest sample is far from the end of the window")
  func extrapolatesHalf() async throws {
    // The counter ends at 300 s with 200. (240, 360] holds 170, 180, 190, 200: 30 in 45 s; 60 s
    // after it is 16.5 s or more, so 7.5 s are added; before it 15 s.
    #expect(try await Self.counter.values("increase(c[2m])", at: 360) == [30 * (67.5 / 45)])
  }

  @Test("a counter is not extrapolated below zero")
  func stopsAtZero() async throws {
    // (0, 120] holds 1, 61 at 60 s and 120 s: 60 in 60 s. Zero was 1 s before the first sample.
    let source = Self.source([-5, 1, 61])
    #expect(try await source.values("increase(m[2m])", at: 120) == [60 * ((60 + 1.0) / 60)])
    // A gauge is: 60 s before it are added.
    #expect(try await source.values("delta(m[2m])", at: 120) == [120])
  }

  @Test("a counter that falls has started anew")
  func resets() async throws {
    // (0, 240] holds 10, 3, 8, 2: 2 - 10 + 10 + 8 = 10 in 180 s; zero is 180 s before, 60 s added.
    let source = Self.source([0, 10, 3, 8, 2])
    #expect(try await source.values("increase(m[4m])", at: 240) == [10 * (240.0 / 180)])
    #expect(try await source.values("resets(m[4m])", at: 240) == [2])
    #expect(try await source.values("irate(m[4m])", at: 240) == [2.0 / 60])
    #expect(try await source.values("idelta(m[4m])", at: 240) == [-6])
    #expect(try await source.values("delta(m[4m])", at: 240) == [-8 * (240.0 / 180)])
  }

  @Test(
    "what takes two samples has no value of one",
    arguments: ["rate", "increase", "delta", "irate", "idelta", "deriv"])
  func single(function: String) async throws {
    let source = Self.source([1, 2, 3])
    #expect(try await source.values("\(function)(m[1m])", at: 120).isEmpty)
    #expect(try await source.values("\(function)(m[61s])", at: 120).count == 1)
  }

  static let statisticCases: [(query: String, expected: Double)] = [
    ("avg_over_time(m[5m])", 2.4), ("min_over_time(m[5m])", 1), ("max_over_time(m[5m])", 4),
    ("sum_over_time(m[5m])", 12), ("count_over_time(m[5m])", 5),
    ("last_over_time(m[5m])", 2), ("first_over_time(m[5m])", 4),
    ("present_over_time(m[5m])", 1), ("stdvar_over_time(m[5m])", 1.04),
    ("stddev_over_time(m[5m])", 1.019803902718557), ("changes(m[5m])", 3),
    // Sorted 1 2 2 3 4: rank 0.9 * 4 = 3.6 is 3 * 0.4 + 4 * 0.6.
    ("quantile_over_time(0.9, m[5m])", 3.6),
    ("m[5m] | quantile_over_time(0.5)", 2), ("quantile_over_time(-1, m[5m])", -.infinity),
    ("quantile_over_time(2, m[5m])", .infinity),
    // Distances to the median 2: 2 1 1 0 0.
    ("mad_over_time(m[5m])", 1),
  ]

  @Test("statistics of 4, 1, 3, 2, 2", arguments: statisticCases)
  func statistics(query: String, expected: Double) async throws {
    let source = Self.source([9, 4, 1, 3, 2, 2])
    let found = try await source.values(query, at: 300)
    #expect(found.count == 1)
    #expect(abs((found.first ?? .nan) - expected) <= 1e-12 || found == [expected])
  }

  @Test("deriv is the slope of the best line, predict_linear its value later")
  func lines() async throws {
    // 1, 2, 4 at 60, 120, 180 s: slope 1.5 a minute, at 180 s it is 7/3 + 1.5.
    let source = Self.source([0, 1, 2, 4])
    let slope = try await source.values("deriv(m[3m])", at: 180)[0]
    #expect(abs(slope - 0.025) < 1e-15)
    let later = try await source.values("predict_linear(m[3m], 2m)", at: 180)[0]
    #expect(abs(later - (7.0 / 3 + 1.5 + 3)) < 1e-12)
    // With an offset the line still counts from the moment of the query.
    let moved = try await source.values("predict_linear(m[3m] offset 1m, 60)", at: 240)[0]
    #expect(abs(moved - later) < 1e-12)
    #expect(try await Self.source([3, 3, 3]).values("deriv(m[2m1s])", at: 120) == [0])
  }

  @Test("last and first keep the metric, the others drop it")
  func names() async throws {
    let metric = { (query: String) in
      try await Self.counter.ask(query, at: 60).map(\.key.metric)
    }
    #expect(try await metric("last_over_time(c[1m])") == ["c"])
    #expect(try await metric("first_over_time(c[1m])") == ["c"])
    #expect(try await metric("max_over_time(c[1m])") == [""])
  }

  @Test("dropping the metric of two series with the same labels is an error")
  func duplicates() async throws {
    var source = MemorySource()
    for metric in ["a", "b"] { source.add(metric, ["h": "x"], [(0, 1), (60, 2)]) }
    await #expect(throws: QueryError.self) {
      try await source.ask("rate({h=\"x\"}[5m])", at: 60)
    }
    #expect(try await source.ask("last_over_time({h=\"x\"}[5m])", at: 60).count == 2)
  }

  @Test("absent_over_time is 1 where nothing is, with the labels that were asked for")
  func absent() async throws {
    let source = Self.source([1, 2])
    let found = try await source.ask(
      "absent_over_time(m{h=\"x\", a!=\"b\", c=~\"\"}[1m])", from: 0, to: 300, step: 60)
    #expect(found.map(\.key) == [SeriesKey(metric: "", labels: Labels([("h", "x")]))])
    #expect(found[0].samples.timestamps == [120, 180, 240, 300].map { $0 * 1_000_000_000 })
    #expect(found[0].samples.values == [1, 1, 1, 1])
    #expect(try await source.values("absent_over_time(m[1h])", at: 60).isEmpty)
    #expect(try await source.values("absent_over_time(nothing[1h])", at: 60) == [1])
  }

  @Test("a marker that the series has ended is no sample")
  func staleness() async throws {
    let stale = Double(bitPattern: 0x7ff0_0000_0000_0002)
    let source = Self.source([1, 2, stale, 4, .nan])
    #expect(try await source.values("count_over_time(m[10m])", at: 240) == [4])
    #expect(try await source.values("count_over_time(m[1h])", at: 3600) == [3])
    #expect(try await source.values("last_over_time(m[10m])", at: 150) == [2])
    #expect(try await source.values("m", at: 150).isEmpty)
    #expect(try await source.values("m[10m]", at: 180) == [1, 2, 4])
    let steps = try await source.ask("m", from: 0, to: 240, step: 60)
    #expect(
      steps[0].samples.timestamps == [0, 60, 180, 240].map { $0 * 1_000_000_000 })
    #expect(steps[0].samples.values[3].isNaN)
  }

  @Test("subqueries, offset and @ say which samples a function sees")
  func times() async throws {
    let source = Self.source((0...30).map(Double.init))
    #expect(try await source.values("sum_over_time(m[4m:2m])", at: 601) == [10 + 8])
    #expect(try await source.values("max_over_time(m[2m] offset 5m)", at: 600) == [5])
    #expect(try await source.values("max_over_time(m[2m] @ 300)", at: 600) == [5])
    for query in ["max_over_time(m[2m] @ 300 offset 1m)", "max_over_time(m[2m] offset 1m @ 300)"] {
      #expect(try await source.values(query, at: 600) == [4])
      #expect(try await source.values(query, from: 600, to: 720, step: 60) == [4, 4, 4])
    }
    #expect(
      try await source.values("max_over_time(m[2m] @ end)", from: 600, to: 720, step: 60)
        == [12, 12, 12])
    #expect(
      try await source.values("m @ start", from: 600, to: 720, step: 60) == [10, 10, 10])
    #expect(
      try await source.values("max_over_time(rate(m[2m])[4m:1m]) * 60", at: 600) == [1])
    // No multiple of 5 m lies in (560 s, 590 s].
    #expect(try await source.values("max_over_time(m[30s:5m])", at: 590).isEmpty)
    #expect(try await source.values("m[30s:5m]", at: 590).isEmpty)
    #expect(try await source.values("absent_over_time(m[30s:5m])", at: 590) == [1])
    // A range without a step is evaluated at its end.
    #expect(try await source.values("max_over_time(m[2m])", from: 0, to: 600) == [10])
  }

  @Test("functions take a window, and the numbers that they need")
  func errors() {
    for query in [
      "rate(m)", "rate(avg(m))", "rate(5)", "rate()", "rate(m[5m], 3)", "quantile_over_time(m[5m])",
      "quantile_over_time(m, m[5m])", "predict_linear(m[5m])", "predict_linear(m[5m], m)",
      "rate(m[5m], by=3)", "rate(forecast(m, 1d))",
    ] {
      #expect(throws: QueryError.self, "\(query)") { try Query(query) }
    }
  }
}
