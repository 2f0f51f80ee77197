import AlmanacCore
import Testing

@testable import AlmanacQuery

/// What PromQL's grammar allows, beyond what the scripts of its tests hold.
@Suite("PromQL's syntax")
struct PromQLSyntaxTests {
  /// The words that PromQL lets a metric be called too.
  static let keywords = [
    "avg", "bool", "bottomk", "by", "count", "count_values", "group", "and", "or", "unless", "max",
    "min", "offset", "quantile", "stddev", "stdvar", "sum", "topk", "without", "start", "end",
    "limitk", "limit_ratio", "step", "range", "anchored", "smoothed", "fill", "fill_left",
    "fill_right", "rate", "time", "abs", "vector",
  ]

  @Test("its words may be metrics and labels", arguments: keywords)
  func words(word: String) throws {
    let selection = try Self.selector("\(word){\(word)=\"x\"}")
    #expect(selection.metric == word)
    #expect(selection.matchers.map(\.label) == [word])
    #expect(try Self.selector(word).metric == word)
    #expect(try Self.selector("(\(word))").metric == word)
    let texts = [
      "(\(word)) * 2 + 1", "\(word)[5m]", "\(word) offset 5m", "\(word) @ 5", "sum(\(word))",
      "sum by (\(word)) (x)", "x * on(\(word)) \(word)",
      "x * on(a) group_left(\(word)) (\(word))", "-\(word)", "rate(\(word){a=\"b\"}[5m])",
    ]
    for text in texts {
      let tree = try Parser.parse(text)
      #expect(try Parser.parse(Printer().print(tree)).isSameTree(as: tree), "\(text)")
    }
  }

  private static func selector(_ text: String) throws -> Selector {
    guard case .selector(let selector) = try Parser.parseExpression(text) else {
      throw QueryError(code: .parse, message: "no selector", stage: "test", hint: nil)
    }
    return selector
  }

  @Test(
    "names in quotes may be any text",
    arguments: [
      "{\"été 1\", \"a.b\"=\"c\"}", "{\"a.b\"=\"c\", \"été 1\"}", "{'été 1','a.b'='c',}",
      "{`été 1`, `a.b`=`c`}", "{ \"\\u00e9t\\u00e9 1\" , \"a.b\" = 'c' }",
    ])
  func quotedNames(text: String) throws {
    let selector = try Self.selector(text)
    #expect(selector.metric == "été 1")
    #expect(selector.matchers.map(\.label) == ["a.b"])
    #expect(selector.matchers.first?.values.map(\.text) == ["c"])
  }

  @Test("a metric is named once")
  func twoNames() {
    #expect(throws: QueryError.self) { try Parser.parse("{\"a\", \"b\"}") }
    #expect(throws: QueryError.self) { try Parser.parse("a{\"b\"}") }
  }

  @Test(
    "numbers and durations are what they are in PromQL 3",
    arguments: [
      ("1h", 3600.0), ("1h30m", 5400), ("500ms", 0.5), ("-1w", -604_800), ("0x1F", 31),
      ("0X1f", 31), ("1_000", 1000), ("1_000.5", 1000.5), ("1e3", 1000), ("1E+3", 1000),
      ("010", 8), ("-0_17", -15), ("08", 8), ("00.5", 0.5), ("010e1", 100), ("010s", 10), ("00", 0),
      ("1e-3", 0.001), (".5", 0.5), ("5.", 5), ("1y", 31_536_000), ("2 * 5m", 600),
      ("1h - 30m", 1800), ("2 ^ 3 ^ 2", 512), ("-2 ^ 2", -4), ("10 % 4", 2), ("-7 % 3", -1),
      ("1 atan2 1", 0.785_398_163_397_448_3), ("8 / 2 / 2", 2), ("1 == bool 1", 1),
      ("1h == bool 3600", 1), ("2 > bool 3", 0),
    ])
  func numbers(text: String, value: Double) async throws {
    let result = try await Query(text).evaluate(
      at: QueryTime(time: Timestamp(nanoseconds: 0)), series: MemorySource(), models: NoModels(),
      pool: CallersThread())
    guard case .number(let number) = result.value else {
      Issue.record("\(text) is \(result.value)")
      return
    }
    #expect(abs(number - value) <= 1e-12 * abs(value))
  }

  @Test(
    "spaces, line breaks and comments stand between any words",
    arguments: [
      "sum by(a)(rate(x{b=\"c\"}[5m]))",
      "sum\nby (a) # every a\n( rate ( x { b = \"c\" } [ 5m ] ) )",
      "SUM(rate(x{b=\"c\",}[5m]))BY(a,)",
    ])
  func layout(text: String) throws {
    #expect(Printer().print(try Parser.parse(text)) == "sum by (a) (rate(x<b=c>[5m]))")
  }

  @Test(
    "windows, offsets and moments follow each other in any order",
    arguments: [
      "x[4s180ms] @ 2.345", "x[0.5] offset 90", "x offset 1m [10m:5s]", "x @ 123 [10m:5s]",
      "x @ .5 offset 1m [10m:5s]", "x OFFSET -1m @ 5. [10m:5s]", "x[10m:5s] offset 1m @ 123",
      "(x + y{a=\"b\"} @ 1234)[5m:] @ 1603775019", "sum without(and, by, avg)(x) [30m:10s]",
      "max_over_time(rate(x{a=\"b\"}[2s])[5m:] offset 4m)[4m:3s]",
      "max_over_time(rate(x[2s])[5m:5s] @ end())[4m:3s] @ start()", "-x[5m:] offset 1h30m",
    ])
  func suffixes(text: String) throws {
    _ = try Query(text)
    let tree = try Parser.parse(text)
    #expect(try Parser.parse(Printer().print(tree)).isSameTree(as: tree))
  }

  @Test("@ start() and @ end() inside of a subquery are the ends of the query")
  func ends() async throws {
    var source = MemorySource()
    source.add("m", [:], (0...100).map { (Double($0 * 60), Double($0)) })
    // At one moment they are that moment, however the subquery is moved.
    for word in ["start", "end"] {
      let query = "max_over_time((m @ \(word)())[5m:1m] offset 30m)"
      #expect(try await source.values(query, at: 3600) == [60])
    }
    let values = { (word: String) in
      try await source.values(
        "max_over_time((m @ \(word)())[5m:1m] offset 30m)", from: 3600, to: 3720, step: 60)
    }
    #expect(try await values("start") == [60, 60, 60])
    #expect(try await values("end") == [62, 62, 62])
  }

  @Test("of several @ the innermost counts, several offsets add up")
  func several() async throws {
    var source = MemorySource()
    source.add("m", [:], (0...100).map { (Double($0 * 60), Double($0)) })
    #expect(try await source.values("m @ 600 @ 1200", at: 3600) == [10])
    #expect(try await source.values("m offset 5m offset 2m", at: 3600) == [53])
    #expect(try await source.values("sum(m @ 600) offset 5m", at: 3600) == [10])
  }

  @Test("a duration after @ counts from 1970, with a sign from the query's time")
  func momentsOfDurations() async throws {
    var source = MemorySource()
    source.add("m", [:], (0...100).map { (Double($0 * 60), Double($0)) })
    #expect(try await source.values("m @ 10m", at: 3600) == [10])
    #expect(try await source.values("m @ -10m", at: 3600) == [50])
    #expect(try await source.values("m @ +10m", at: 3600) == [70])
  }
}
