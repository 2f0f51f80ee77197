import AlmanacCore
import AlmanacTesting
import Foundation
import Testing

@testable import AlmanacQuery

/// Functions of series, sample by sample, of their labels or their order.
@Suite struct SeriesFunctionTests {
  static let source: MemorySource = {
    var source = MemorySource()
    source.add("m", ["h": "x"], [(0, -2.5), (60, 0), (120, 2.5)])
    source.add("m", ["h": "y"], [(0, 7), (60, .nan), (120, 1)])
    return source
  }()

  @Test(
    "a function of values is one of each value, and drops the metric",
    arguments: [
      ("abs(m)", [2.5, 7]), ("ceil(m)", [-2, 7]), ("floor(m)", [-3, 7]), ("sgn(m)", [-1, 1]),
      ("round(m)", [-2, 7]), ("round(m, 2)", [-2, 8]), ("m | round(to=5)", [-0.0, 5]),
      ("clamp(m, 0, 5)", [0, 5]), ("clamp_min(m, 0)", [0, 7]), ("clamp_max(m, 0)", [-2.5, 0]),
      ("m | clamp(min=-1, max=1)", [-1, 1]), ("sqrt(m + 2.5)", [0, sqrt(9.5)]),
      ("deg(m)", [-2.5 * 180 / .pi, 7 * 180 / .pi]), ("m atan2 1", [atan(-2.5), atan(7)]),
      ("exp(m)", [exp(-2.5), exp(7)]), ("tanh(m)", [tanh(-2.5), tanh(7)]),
    ] as [(String, [Double])])
  func values(query: String, expected: [Double]) async throws {
    let found = try await Self.source.ask(query, at: 0)
    #expect(found.map(\.samples.values) == expected.map { [$0] })
    #expect(found.map(\.key.metric) == ["", ""])
    #expect(found.map { $0.key.labels["h"] } == ["x", "y"])
  }

  @Test("a function of values works on samples of a window too, at their times")
  func windows() async throws {
    let found = try await Self.source.ask("abs(m{h=\"x\"}[121s])", at: 120)
    #expect(found.map(\.samples.values) == [[2.5, 0, 2.5]])
    #expect(found[0].samples.timestamps == [0, 60_000_000_000, 120_000_000_000])
  }

  @Test("bounds that cross leave nothing, bounds of NaN leave NaN")
  func crossedBounds() async throws {
    #expect(try await Self.source.ask("clamp(m, 5, -5)", at: 0).isEmpty)
    let found = try await Self.source.ask("clamp(m, 0, NaN)", at: 0)
    #expect(found.count == 2 && found.allSatisfy { $0.samples.values[0].isNaN })
  }

  @Test("numbers beside series may differ from step to step")
  func varyingNumbers() async throws {
    let found = try await Self.source.ask(
      "clamp_max(m{h=\"x\"}, scalar(m{h=\"y\"}))", from: 0, to: 120, step: 60)
    #expect(found[0].samples.values[0] == -2.5)
    #expect(found[0].samples.values[1].isNaN)
    #expect(found[0].samples.values[2] == 1)
    #expect(
      try await Self.source.values("m{h=\"x\"} * time()", from: 0, to: 120, step: 60)
        == [-0.0, 0, 300])
    #expect(
      try await Self.source.values("time() - m{h=\"x\"} > 60", from: 0, to: 120, step: 120)
        == [117.5])
    let quantiles = try await Self.source.values(
      "quantile_over_time(scalar(m{h=\"y\"}) / 7, m{h=\"x\"}[2m1s])", from: 0, to: 120, step: 120)
    #expect(quantiles.count == 2 && quantiles[0] == -2.5)
    // The share 1/7 of -2.5, 0, 2.5: rank 2/7.
    #expect(abs(quantiles[1] + 2.5 * 5 / 7) < 1e-12)
  }

  @Test("time() is the moment, in a range each step; scalar() is the value of the only series")
  func scalars() async throws {
    let at = QueryTime(time: Timestamp(nanoseconds: 1_500_000_000))
    for (text, expected) in [
      ("time()", 1.5), ("-time() + 1", -0.5), ("scalar(m{h=\"y\"})", 7), ("pi()", .pi),
      ("min_of(2, time())", 1.5), ("max_of(2, time())", 2), ("step()", 0), ("range()", 0),
      ("2 > bool time()", 1), ("start()", 1.5), ("end()", 1.5),
    ] as [(String, Double)] {
      let query = try Query(text)
      #expect(query.shape == .scalar)
      let result = try await query.evaluate(
        at: at, series: Self.source, models: NoModels(), pool: CallersThread())
      guard case .number(let number) = result.value else {
        Issue.record("\(text) is no number")
        continue
      }
      #expect(number == expected, "\(text)")
    }
    #expect(try await Self.source.values("time()", from: 1, to: 5, step: 2) == [1, 3, 5])
    #expect(
      try await Self.source.values("time() offset 1m + 0", from: 61, to: 62, step: 1) == [1, 2])
    #expect(
      try await Self.source.values("vector((end()) offset 1m)", from: 1, to: 2, step: 1) == [2, 2])
    #expect(try await Self.source.values("vector((1) @ 5)", from: 1, to: 2, step: 1) == [1, 1])
    #expect(try await Self.source.values("vector(time())", at: 5) == [5])
    #expect(try await Self.source.values("vector(scalar(m))", at: 0)[0].isNaN)
    #expect(
      try await Self.source.values("sum_over_time(vector(time())[1m:20s])", at: 60) == [120])
  }

  @Test("timestamp() is when a sample was taken, of anything else the moment")
  func timestamps() async throws {
    #expect(try await Self.source.values("timestamp(m{h=\"x\"})", at: 119) == [60])
    #expect(try await Self.source.values("timestamp(m{h=\"x\"} offset 1m)", at: 119) == [0])
    #expect(try await Self.source.values("timestamp(-m{h=\"x\"})", at: 119) == [119])
    #expect(
      try await Self.source.values("timestamp(m{h=\"x\"})", from: 59, to: 61, step: 1)
        == [0, 60, 60])
  }

  @Test("dates are in UTC, of the moment where nothing is given")
  func calendar() async throws {
    // 2016-02-29T23:59:59Z, a Monday.
    let time = 1_456_790_399.0
    for (name, expected) in [
      ("year", 2016.0), ("month", 2), ("day_of_month", 29), ("day_of_week", 1),
      ("day_of_year", 60), ("days_in_month", 29), ("hour", 23), ("minute", 59),
    ] {
      #expect(try await Self.source.values("\(name)()", at: time) == [expected], "\(name)")
      #expect(
        try await Self.source.values("\(name)(vector(\(time)))", at: 0) == [expected], "\(name)")
    }
    #expect(try await Self.source.values("hour(vector(-1))", at: 0) == [23])
    #expect(try await Self.source.values("year(vector(Inf))", at: 0)[0].isNaN)
  }

  @Test("absent() is 1 with the labels asked for where there is no sample")
  func absent() async throws {
    let found = try await Self.source.ask("absent(no{h=\"x\", j=~\"y\"})", at: 0)
    #expect(found.map(\.key) == [SeriesKey(metric: "", labels: Labels([("h", "x")]))])
    #expect(try await Self.source.ask("absent(m)", at: 0).isEmpty)
    let ended = try await Self.source.ask("absent(m)", from: 360, to: 540, step: 60)
    #expect(ended[0].samples.timestamps == [420, 480, 540].map { $0 * 1_000_000_000 })
  }

  @Test("labels are replaced where the whole value matches, and joined in order")
  func labels() async throws {
    let keys = { (query: String) in
      try await Self.source.ask(query, at: 0).map(\.key.description)
    }
    #expect(
      try await keys("label_replace(m, \"n\", \"$1-1\", \"h\", \"(x)\")")
        == ["m<h=x,n=x-1>", "m<h=y>"])
    #expect(
      try await keys("m | label_join(\"n\", \"/\", \"__name__\", \"h\", \"no\")")
        == ["m<h=x,n=m/x/>", "m<h=y,n=m/y/>"])
    #expect(
      try await keys("label_replace(abs(m), \"__name__\", \"abs_$1\", \"__name__\", \"(.*)\")")
        == ["abs_m<h=x>", "abs_m<h=y>"])
    await #expect(throws: QueryError.self) {
      try await keys("label_replace(m, \"h\", \"z\", \"\", \"\")")
    }
  }

  @Test("a metric that was dropped is there for labels until the end, then duplicates are errors")
  func droppedMetrics() async throws {
    var source = MemorySource()
    source.add("a", ["h": "x"], [(0, 1), (600, 5)])
    source.add("b", ["h": "x"], [(0, 2)])
    source.add("c", ["h": "x"], [(1200, 9)])
    #expect(
      try await source.values("sum by (h) (abs({h=\"x\"}))", at: 0) == [3])
    await #expect(throws: QueryError.self) { try await source.ask("abs({h=\"x\"})", at: 0) }
    let joined = try await source.ask("-{__name__=~\"a|c\"}", from: 0, to: 1200, step: 600)
    #expect(joined.map(\.samples.values) == [[-1, -5, -9]])
    #expect(joined.map(\.key.metric) == [""])
    #expect(
      try await source.ask("sum by (__name__) ({__name__=~\"a|b\"})", at: 0).map(\.key.metric)
        == ["a", "b"])
  }

  /// The values in the order of the answer, as rows too.
  private func order(_ query: String) async throws -> [Double] {
    var source = MemorySource()
    for (name, value) in [("a10", 3.0), ("a9", 1), ("b", .nan), ("a1", 2)] {
      source.add("m", ["n": name], [(0, value)])
    }
    let result = try await Query(query).evaluate(
      at: QueryTime(time: Timestamp(nanoseconds: 0)), series: source, models: NoModels(),
      pool: CallersThread())
    guard case .series(let series) = result.value else { return [] }
    let table = try result.table()
    #expect(table.series.map(\.key) == series.map(\.key))
    return series.map { $0.samples.values[0].isNaN ? 99 : $0.samples.values[0] }
  }

  @Test(
    "sorted series and the best of them come in their order, in rows too",
    arguments: [
      ("sort(m)", [1, 2, 3, 99]), ("sort_desc(m)", [3, 2, 1, 99]), ("topk(2, m)", [3, 2]),
      ("bottomk(9, m)", [1, 2, 3, 99]), ("sort_by_label(m, \"n\")", [2, 1, 3, 99]),
      ("m | sort_by_label_desc(n)", [99, 3, 1, 2]), ("m", [2, 3, 1, 99]),
    ] as [(String, [Double])])
  func orders(query: String, expected: [Double]) async throws {
    #expect(try await order(query) == expected)
  }

  @Test("natural order compares runs of digits as numbers")
  func naturalOrder() {
    let order = { (a: String, b: String) in SeriesSorting.order(Array(a.utf8), Array(b.utf8)) }
    for (a, b) in [("4m5", "4m600"), ("1.2.3", "1.11.3"), ("a", "a1"), ("a01b", "a1c"), ("", "0")] {
      #expect(order(a, b) < 0)
      #expect(order(b, a) > 0)
    }
    #expect(order("x7", "x7") == 0)
  }

  @Test(
    "a call with wrong arguments is refused with its place and a hint",
    arguments: [
      ("abs(5)", 5, "takes series, got a number", "vector"),
      ("abs()", 1, "has no series", "abs(memory<host=x>)"),
      ("abs(m, m)", 8, "takes 1 argument, got 2", "abs("),
      ("clamp(m, 1)", 1, "has no max", "clamp("),
      ("clamp(m, m, 1)", 10, "min must be a number, got series", "scalar(...)"),
      ("round(m, tu=2)", 10, "no argument tu", "did you mean to?"),
      ("label_replace(m, 5, \"\", \"\", \"\")", 18, "must be a text", "label_replace("),
      ("label_replace(m, \"a\", \"\", \"\", \"(\")", 31, "regular expression", "special"),
      ("label_join(m, \"\", \"\")", 15, "without a name", "label_join("),
      ("scalar(m[5m])", 8, "got a window", "scalar("),
      ("vector(m)", 8, "got series", "scalar(...)"),
      ("hisogram_quantile(0.9, m)", 1, "no function", "did you mean histogram_quantile?"),
      ("1 < 2", 3, "must use BOOL", "< bool"),
      ("1 and m", 1, "not allowed in binary scalar", "vector"),
      ("m + on(h) 1", 5, "only allowed between instant vectors", "leave it out"),
      ("m * on(h) group_left(h) m", 5, "ON and GROUP", "one of them"),
      ("topk(m, m)", 6, "count must be a number, got series", "topk(3"),
      ("count_values(5, m)", 14, "label must be a text", "count_values("),
    ] as [(String, Int, String, String)])
  func refused(query: String, column: Int, message: String, hint: String) {
    #expect {
      try Query(query)
    } throws: { error in
      guard let error = error as? QueryError else { return false }
      #expect(error.column == column, "\(error)")
      #expect(error.message.contains(message), "\(error)")
      #expect(error.hint?.contains(hint) == true, "\(error)")
      return true
    }
  }

  @Test("smoothing follows a line, and wants shares between 0 and 1")
  func smoothing() async throws {
    var source = MemorySource()
    source.add("m", [:], (0..<20).map { (Double($0) * 10, Double($0) * 3) })
    let found = try await source.values("double_exponential_smoothing(m[1m], 0.3, 0.1)", at: 190)
    #expect(abs(found[0] - 57) < 1e-9)
    #expect(try await source.values("holt_winters(m[10s], 0.3, 0.1)", at: 190).isEmpty)
    await #expect(throws: QueryError.self) {
      try await source.ask("double_exponential_smoothing(m[1m], 1, 0.1)", at: 190)
    }
  }

  @Test("the times of the first, last, least and greatest sample, the last of equals")
  func timesOfSamples() async throws {
    var source = MemorySource()
    source.add("m", [:], [(10, 3), (20, .nan), (30, 1), (40, 3), (50, 1), (60, 2)])
    for (name, expected) in [("first", 10.0), ("last", 60), ("min", 50), ("max", 40)] {
      #expect(try await source.values("ts_of_\(name)_over_time(m[1m])", at: 60) == [expected])
    }
  }

  @Test("count_values counts each value, written without an exponent")
  func countValues() async throws {
    var source = MemorySource()
    for (index, value) in [1e21, 0.000_01, 2, 2, .nan].enumerated() {
      source.add("m", ["n": "\(index)", "g": "x"], [(0, value)])
    }
    let found = try await source.ask("count_values by (g) (\"v\", m)", at: 0)
    let counts = found.map { [$0.key.labels["v"] ?? "", "\($0.samples.values[0])"] }
    let expected = [
      ["0.00001", "1.0"], ["1000000000000000000000", "1.0"], ["2", "2.0"], ["NaN", "1.0"],
    ]
    #expect(counts == expected)
    #expect((-1.5e-7).decimalText == "-0.00000015")
    #expect((1.25e17).decimalText == "125000000000000000")
  }
}
