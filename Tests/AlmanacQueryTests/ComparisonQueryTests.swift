import AlmanacCore
import AlmanacForecast
import AlmanacQuery
import Testing

@Suite struct ComparisonQueryTests {
  private static let end = 3 * 86_400.0

  /// Three days of minutes: two pools of hosts, a step, and one pool that is too small.
  private static let source: MemorySource = {
    var source = MemorySource()
    var state: UInt64 = 1
    func noise() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / 16_777_216 - 0.5
    }
    for host in 0..<12 {
      let pool = host < 6 ? "a" : "b"
      let rack = host % 3 == 0 ? "r1" : "r2"
      source.add(
        "load", ["host": "h\(host)", "pool": pool, "rack": rack],
        (0...240).map { minute in
          let isStrange = host == 2 && minute >= 220
          return (end - Double(240 - minute) * 60, 50 + noise() + (isStrange ? 40 : 0))
        })
    }
    source.add("load", ["host": "x", "pool": "c"], [(end - 120, 5), (end - 60, 5), (end, 5)])
    source.add(
      "size", ["host": "x"],
      (1...432).map { (Double($0) * 600, ($0 >= 300 ? 25 : 10) + noise()) })
    source.add(
      "count", ["host": "x"], (0...240).map { (end - Double(240 - $0) * 60, Double($0) * 60) })
    return source
  }()

  private func result(
    _ query: String, source: MemorySource = source, start: Double? = nil, step: String? = nil
  ) async throws -> QueryResult {
    try await Query(query).evaluate(
      at: QueryTime(
        now: Timestamp(nanoseconds: 0), time: "\(Self.end)", start: start.map { "\($0)" },
        end: start.map { _ in "\(Self.end)" }, step: step),
      series: source, models: NoModels(), pool: CallersThread())
  }

  private func table(
    _ query: String, source: MemorySource = source, start: Double? = nil, step: String? = nil
  ) async throws -> Table {
    try await result(query, source: source, start: start, step: step).table()
  }

  private func texts(_ table: Table, _ column: String) -> [String] {
    guard let index = table.columns.firstIndex(of: column) else { return [] }
    return table.series.flatMap { one -> [String] in
      if case .texts(let texts) = one.columns[index] { return texts }
      return []
    }
  }

  private func numbers(_ table: Table, _ column: String) -> [Double?] {
    guard let index = table.columns.firstIndex(of: column) else { return [] }
    return table.series.flatMap { one -> [Double?] in
      switch one.columns[index] {
      case .numbers(let numbers): return numbers
      case .integers(let numbers): return numbers.map { $0.map(Double.init) }
      default: return []
      }
    }
  }

  // MARK: - peers

  @Test(
    "the host that differs from its pool is told, as outliers are",
    arguments: [
      "peers(load[30m], by=[pool])", "load[30m] | peers(by=pool, method=\"mad\")",
      "peers(load<pool=[a, b]>[30m], method=dbscan, tolerance=3)",
      "peers(load[30m] | resample(1m), by=[pool])",
      "peers(max_over_time(load[1m])[30m:], by=[pool])",
    ])
  func peers(_ query: String) async throws {
    let table = try await table(query)
    #expect(table.type == "outliers" && table.columns.prefix(2) == ["value", "expected"])
    let series = table.series.filter { !$0.times.isEmpty }
    #expect(series.map { $0.key.labels["host"] } == ["h2"])
    #expect((18...19).contains(series.first?.times.count ?? 0))
    let reason = texts(table, "reason").first ?? ""
    let name = query.contains("by=") ? "the other 5 of pool=a are at" : "the other 11 are at"
    #expect(reason.contains(name), "\(reason)")
  }

  @Test("all judged samples are there where they are asked for, each once, and columns are series")
  func all() async throws {
    let table = try await table("peers(load[30m], by=[pool], all=true)")
    #expect(table.rowCount == 12 * 30)
    let flags = try await self.table("peers(load[30m], by=[pool]).flag")
    #expect(flags.rowCount == 19)
    #expect(numbers(flags, "value").allSatisfy { $0 == 1 })
    #expect(try await self.table("max(peers(load[30m], by=[pool])) > 5").rowCount > 10)
    // The newest samples, and the steps of a range.
    let newest = try await self.table("peers(load, by=[pool])")
    #expect(Set(newest.series.filter { !$0.times.isEmpty }.map { $0.key.labels["host"] }) == ["h2"])
    let steps = try await self.table(
      "peers(avg_over_time(load[2m]), by=[pool])", start: Self.end - 1800, step: "120s")
    #expect((6...9).contains(steps.rowCount))
    let rates = try await self.table("peers(rate(load[5m]), by=[pool], all=true)")
    #expect(rates.rowCount > 12)
  }

  @Test("pools of less than three are not judged, and a warning names them")
  func small() async throws {
    let pools = try await table("peers(load[30m], by=[pool])")
    #expect(
      pools.warnings == ["1 pool is not judged, peers compares 3 series or more: pool=c"])
    let one = try await table("peers(load<host=h1>[30m])")
    #expect(one.warnings == ["1 series is not judged: peers compares 3 or more"])
    let none = try await table("peers(load<host=none>[30m])")
    #expect(none.warnings.isEmpty && none.rowCount == 0)
    let hosts = try await table("peers(load[30m], by=[host])")
    #expect(hosts.warnings.first?.hasPrefix("13 pools are not judged") == true)
    #expect(hosts.warnings.first?.hasSuffix("host=h0; host=h1; host=h10; ...") == true)
  }

  // MARK: - why

  /// Hosts of two racks, of which those of one rack begin to differ one after the other.
  private static let racks: MemorySource = {
    var source = MemorySource()
    for host in 0..<20 {
      let isStrange = host % 4 == 0
      source.add(
        "load", ["host": "h\(host)", "rack": isStrange ? "r1" : "r2", "dc": "eu"],
        (0...240).map { minute in
          let value = 50 + Double((minute * 7 + host * 3) % 5)
          let isNow = isStrange && minute >= 190 + host
          return (end - Double(240 - minute) * 60, value + (isNow ? 30 + Double(host) : 0))
        })
    }
    return source
  }()

  @Test("why tells the labels that outliers share, and who was first")
  func why() async throws {
    let table = try await table("load[1h] | peers | why", source: Self.racks)
    #expect(table.type == "report")
    #expect(
      table.columns == [
        "kind", "order", "label", "value", "outliers", "judged", "share", "lift", "p", "score",
        "direction", "reason",
      ])
    #expect(texts(table, "kind") == ["label", "first", "first", "first", "first", "first"])
    #expect(table.series.map { $0.key.labels["host"] } == [nil, "h0", "h4", "h8", "h12", "h16"])
    #expect(texts(table, "label")[0] == "rack" && texts(table, "value")[0] == "r1")
    let row = ["outliers", "judged", "share", "lift"].map { numbers(table, $0)[0] }
    #expect(row == [5, 5, 1, 4])
    // 1 / C(20, 5), for two racks.
    #expect(abs((numbers(table, "p")[0] ?? 1) - 2.0 / 15_504) < 1e-12)
    #expect(table.series[1].times[0] == Timestamp(seconds: Self.end - 48 * 60))
    #expect(texts(table, "direction").contains("up"))
    let few = try await self.table("why(peers(load[1h]), max=2)", source: Self.racks)
    #expect(texts(few, "kind") == ["label", "first", "first"])
  }

  @Test("why of outliers counts series that were judged without any")
  func whyOfOutliers() async throws {
    let table = try await table(
      "outliers(load<pool=[a, b]>[30m], method=mad, threshold=20) | why(p=1)")
    #expect(texts(table, "kind").contains("first") || table.rowCount == 0)
    let calm = try await self.table("load<pool=b>[30m] | peers | why")
    #expect(calm.rowCount == 0)
  }

  // MARK: - changes

  @Test(
    "changes finds when a level changes",
    arguments: [
      "changes(size)", "size | changes(history=3d)", "changes(size[3d] | resample(10m))",
      "changes(size[3d], kind=level)", "changes(avg_over_time(size[10m])[3d:10m], kind=any)",
      "changes(tap(size, \"raw\"), kind=\"level\")",
    ])
  func changes(_ query: String) async throws {
    let table = try await table(query)
    #expect(table.type == "report")
    #expect(table.columns == ["kind", "before", "after", "size", "score"])
    #expect(texts(table, "kind") == ["level"])
    let time = table.series.first?.times.first?.seconds ?? 0
    #expect(abs(time - 300 * 600) <= 600)
    #expect(abs((numbers(table, "size")[0] ?? 0) - 15) < 0.5)
    #expect((numbers(table, "score")[0] ?? 0) >= 1)
  }

  @Test("a range of the request is what changes looks at")
  func range() async throws {
    #expect(try await table("changes(size)", start: 0).rowCount == 1)
    #expect(try await table("changes(size)", start: 310 * 600).rowCount == 0)
    #expect(try await table("changes(size, history=3d)", start: 310 * 600).rowCount == 1)
    #expect(try await table("changes(size, kind=variance)").rowCount == 0)
    #expect(try await table("changes(rate(count[5m]), history=4h)").rowCount == 0)
  }

  @Test(
    "with a window alone it counts changes of value as in PromQL",
    arguments: [
      "changes(load<host=x>[5m])", "load<host=x>[5m] | changes",
      "changes(load<host=x>[5m] offset 0s)", "changes(tap(load<host=x>[5m], \"raw\"))",
    ])
  func count(_ query: String) async throws {
    let table = try await table(query)
    #expect(table.type == "series" && numbers(table, "value") == [0])
  }

  // MARK: - Errors

  static let refused: [RefusedQuery] = [
    RefusedQuery("peers(m, by=[5])", 14, "by must be a label or a list of them", "write by=[pool]"),
    RefusedQuery("peers(m, metod=mad)", 10, "it has no argument metod", "did you mean method?"),
    RefusedQuery(
      "peers(m, method=median)", 17, "method must be one of dbscan, mad", "write method"),
    RefusedQuery(
      "peers(m, tolerance=0)", 20, "tolerance must be a number above 0", "write tolerance=3"),
    RefusedQuery("outliers(m, alarms=0)", 20, "alarms must be a number above 0", "alarms=1"),
    RefusedQuery("outliers(m, threshold=-1)", 23, "threshold must be a number", "threshold=1"),
    RefusedQuery("outliers(m, min_dev=-1)", 21, "min_dev must be 0 or above", "min_dev=0"),
    RefusedQuery(
      "label(outliers(m), maybe)", 20, "a verdict is false_alarm or true", "false_alarm"),
    RefusedQuery("peers(m, all=1)", 14, "all must be true or false", "write all=true"),
    RefusedQuery("peers(5)", 7, "cannot call peers on this: it is a number", "write a selector"),
    RefusedQuery("peers(outliers(m))", 7, "wants series, got outliers", "did you mean .score?"),
    RefusedQuery("m | why", 1, "stage 1 `why` wants outliers, got series", "write outliers("),
    RefusedQuery("why(peers(m), p=2)", 1, "p must be above 0", "write p=0.05"),
    RefusedQuery("why(peers(m), max=0)", 19, "max must be a whole number", "write max=1"),
    RefusedQuery("changes(m[1d], history=2d)", 1, "say different things", "leave one of them out"),
    RefusedQuery("changes(m, kind=trend)", 17, "kind must be one of any, level, variance", "write"),
    RefusedQuery("changes(m, 5)", 12, "takes 1 arguments", "name=value"),
    RefusedQuery("changes(why(peers(m)))", 9, "it is a report, not series", "write a selector"),
  ]

  @Test("what cannot work is refused before any data is read", arguments: refused)
  func errors(example: RefusedQuery) {
    example.expectError { _ = try Query($0) }
  }

  @Test(
    "the contract's queries can be asked",
    arguments: Examples.questions.filter { ["Q6", "Q7"].contains($0.name) })
  func contract(question: Examples.Question) async throws {
    #expect(try await table(question.text).rowCount == 0)
  }

  @Test("changes of changes of changes is planned in no time")
  func nested() throws {
    let text =
      String(repeating: "changes(", count: 40) + "m" + String(repeating: "[5m:])", count: 40)
    #expect(throws: Never.self) { try Query(text) }
  }
}
