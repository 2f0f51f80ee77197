import AlmanacCore
import AlmanacForecast
import AlmanacQuery
import Testing

@Suite struct PreparationQueryTests {
  private static let end = 30 * 86_400.0

  /// A month of 15-minute values with day and weekend, and a gap.
  private static let source: MemorySource = {
    var source = MemorySource()
    var state: UInt64 = 1
    let points = (1...(30 * 96)).compactMap { index -> (Double, Double)? in
      if (1000..<1004).contains(index) { return nil }
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let noise = Double(state >> 40) / 16_777_216 - 0.5
      let place = Double(index % 96) / 96
      let day = 40 * place * (1 - place)
      let weekend: Double = index / 96 % 7 >= 5 ? -3 : 0
      return (Double(index) * 900, 20 + day + weekend + noise)
    }
    source.add("load", ["host": "x"], points)
    source.add("few", ["host": "x"], [(end - 60, 1), (end - 30, 2), (end, 5)])
    return source
  }()

  private func result(_ query: String, at time: Double = end) async throws -> QueryResult {
    try await Query(query).evaluate(
      at: QueryTime(
        now: Timestamp(nanoseconds: 0), time: "\(time)", start: nil, end: nil, step: nil),
      series: Self.source, models: NoModels(), pool: CallersThread())
  }

  private func values(_ query: String, at time: Double = end) async throws -> [Double] {
    guard case .numbers(let numbers) = try await table(query, at: time).series.first?.columns[0]
    else { return [] }
    return numbers.compactMap { $0 }
  }

  private func table(_ query: String, at time: Double = end) async throws -> Table {
    try await result(query, at: time).table()
  }

  @Test("decompose answers a table whose parts add up, and each part by its name")
  func decompose() async throws {
    let table = try await table("decompose(load[30d])")
    #expect(table.type == "report")
    #expect(table.columns == ["value", "trend", "seasonal_1d", "seasonal_7d", "residual"])
    let columns = table.series[0].columns.map { column -> [Double?] in
      if case .numbers(let numbers) = column { return numbers }
      return []
    }
    #expect(columns[0].count == 30 * 96)
    for row in stride(from: 0, to: columns[0].count, by: 100) {
      guard let value = columns[0][row], let rest = columns[4][row] else { continue }
      let sum = (1...3).reduce(rest) { $0 + (columns[$1][row] ?? .nan) }
      #expect(abs(sum - value) < 1e-9)
    }
    #expect(columns[4].count { $0 == nil } == 4)
    for (name, column) in [("trend", 1), ("seasonal_1d", 2), ("seasonal_1w", 3)] {
      let found = try await values("decompose(load[30d], period=[1d, 1w]).\(name)")
      #expect(found == columns[column].compactMap { $0 })
    }
    let seasonal = try await values("decompose(load[30d]).seasonal")
    #expect(abs(seasonal[500] - (columns[2][500] ?? 0) - (columns[3][500] ?? 0)) < 1e-9)
    let strength = try await values("decompose(load[30d], robust=true).strength_1d")
    #expect(strength.count == 1 && strength[0] > 0.9 && strength[0] <= 1)
    #expect(try await values("decompose(load[30d]).strength_trend").count == 1)
    let weeks = try await values("max(decompose(load[30d], period=1w).seasonal) > 2")
    #expect(!weeks.isEmpty)
  }

  @Test("periods lists day and week, strongest first")
  func periods() async throws {
    let table = try await table("load[30d] | periods")
    let strongest = try await self.table("load[30d] | periods(max=1)")
    let few = try await self.table("few[1h] | periods")
    #expect(table.columns == ["period", "seconds", "strength", "cycles"])
    Self.expectDayAndWeek(table)
    #expect(strongest.rowCount == 1)
    #expect(few.rowCount == 0)
  }

  private static func expectDayAndWeek(_ table: Table) {
    guard case .texts(let names) = table.series.first?.columns[0],
      case .numbers(let seconds) = table.series.first?.columns[1]
    else {
      Issue.record("no periods")
      return
    }
    #expect(names == ["1d", "7d"])
    #expect(seconds == [86_400, 604_800])
  }

  @Test("resample takes whole buckets, in any form it is written")
  func resample() async throws {
    #expect(try await values("few[1m] | resample(30s, sum)") == [2, 5])
    #expect(try await values("few[90s] | resample(1m, count)") == [2])
    #expect(try await values("resample(few[2m], 1m, fn=max)") == [1, 5])
    #expect(try await values("few[2m] | clip(max=3) | resample(1m, avg)") == [1, 2.5])
    let days = try await values("load[30d] | resample(1d, count)")
    #expect(days.count == 30 && days.reduce(0, +) == 30 * 96 - 4)
    #expect(try await values("load[30d] | resample(1d) | scale(minmax)").max() == 1)
    // A range that begins inside of a bucket.
    let cut = try await values("load[25h] | resample(1d, count)")
    #expect(cut == [96])
  }

  @Test("split cuts by moment or share, and the parts are the whole")
  func split() async throws {
    for cut in ["at=-7d", "at=\(Self.end - 7 * 86_400)", "share=0.3"] {
      let train = try await values("split(load[30d], \(cut))")
      let test = try await values("load[30d] | split(\(cut), part=test)")
      let whole = try await values("load[30d]")
      #expect(train + test == whole)
      if cut.hasPrefix("at") { #expect(test.count == 7 * 96) }
      if cut == "share=0.3" { #expect(train.count == whole.count * 3 / 10) }
    }
    #expect(try await values("few[1h] | split(share=0.7) | clip(min=1.5)") == [1.5, 2])
  }

  @Test("stages answer what they make of the samples")
  func stages() async throws {
    #expect(try await values("few[1h] | clip(min=1.5, max=4)") == [1.5, 2, 4])
    #expect(try await values("few[1h] | scale(log)").count == 3)
    let rest = try await values("few[1h] | detrend")
    #expect(abs(rest.reduce(0, +)) < 1e-12)
    #expect(try await values("load[2d] | clean").count == 2 * 96)
    let filled = try await values("load[30d] | interpolate(seasonal)")
    #expect(filled.count == 30 * 96)
    #expect(try await values("load[30d] | interpolate(spline, max_gap=30m)").count == 30 * 96 - 4)
    let flat = try await values("load[30d] | deseason(method=stl)")
    let spread = (flat.max() ?? 9) - (flat.min() ?? 0)
    #expect(spread < 5)
  }

  static let refused: [RefusedQuery] = [
    RefusedQuery("resample(memory)", 1, "it has no step", "a bucket"),
    RefusedQuery("resample(memory, 5m, mean)", 22, "fn must be one of", "write fn=avg"),
    RefusedQuery(
      "memory | scale | resample(5m)", 18, "stage 2 `resample` cannot come after scale",
      "write resample in front of scale"),
    RefusedQuery(
      "memory | interpolate | detrend | clip(min=0) | split(share=0.5)", 48,
      "cannot come after detrend", "in front"),
    RefusedQuery(
      "memory | resample(5m) | interpolate(step=1m)", 1, "cannot change the step", "step="),
    RefusedQuery("clean(memory, k=0)", 17, "k must be a number above 0", "k=5"),
    RefusedQuery("clean(memory, window=3)", 15, "it has no argument window", "it has k"),
    RefusedQuery("clip(memory)", 1, "neither min nor max", "min=0"),
    RefusedQuery("clip(memory, min=2, max=1)", 1, "min is above max", "swap"),
    RefusedQuery("scale(memory, log1p)", 15, "kind must be one of", "write kind=standard"),
    RefusedQuery("detrend(memory, difference)", 17, "one of linear", "linear"),
    RefusedQuery("deseason(memory, method=mean)", 25, "one of median, stl", "median"),
    RefusedQuery("deseason(memory, [1d, 24h])", 1, "a period is given twice", "leave one"),
    RefusedQuery("deseason(memory, [])", 1, "1 to 10 periods", "[1d, 1w]"),
    RefusedQuery("split(memory)", 1, "one of at and share", "share=0.8"),
    RefusedQuery("split(memory, at=-1d, share=0.5)", 1, "one of at and share", "share=0.8"),
    RefusedQuery("split(memory, share=1)", 1, "above 0 and below 1", "share=0.8"),
    RefusedQuery("split(memory, at=7d)", 18, "at must be a moment", "at=-7d"),
    RefusedQuery(
      "split(memory, at=-7d, part=rest)", 28, "one of train, test", "did you mean test?"),
    RefusedQuery("periods(memory, max=0)", 21, "whole number from 1 to 20", "max="),
    RefusedQuery("decompose(memory) + 1", 1, "calculate with a decomposition", ".trend"),
    RefusedQuery("sum(decompose(memory))", 5, "it is a decomposition", ".trend"),
    RefusedQuery("forecast(decompose(memory), 1d)", 10, "got decomposition", ".trend"),
    RefusedQuery("scale(periods(memory))", 7, "it is a report", ".seconds"),
    RefusedQuery("decompose(memory).tend", 19, "no column tend", "did you mean .trend?"),
    RefusedQuery("decompose(memory, 1d).seasonal_1w", 23, "no column seasonal_1w", "seasonal_1d"),
    RefusedQuery("decompose(memory).seasonal_x", 19, "no column seasonal_x", ".seasonal"),
    RefusedQuery("forecast(memory, 1d, interpolate=seasonal)", 34, "one of linear", "linear"),
  ]

  @Test("what cannot work is refused before any data is read", arguments: refused)
  func errors(example: RefusedQuery) {
    example.expectError { _ = try Query($0) }
  }

  @Test("what fails on the data names series, place and cure")
  func data() async {
    for (text, message, hint) in [
      ("(few[1h] - 3) | scale(log)", "is negative", "scale(robust)"),
      ("load[30d] | detrend | scale(log)", "is negative", "in front of detrend"),
      ("decompose(few[1h])", "cannot decompose by day or week", "longer history"),
      ("decompose(load[30d], period=20m)", "two or more whole steps", "period="),
      ("decompose(load[8d], period=1w)", "less than two periods", "longer history"),
      ("decompose(load[8d]).seasonal_1w", "there is no season of 7d", "there are 1d"),
    ] {
      await #expect {
        _ = try await table(text)
      } throws: { error in
        guard let error = error as? QueryError else { return false }
        #expect(error.code == .evaluation && error.range != nil)
        #expect(error.message.contains(message), "\(error)")
        #expect(error.hint?.contains(hint) == true, "\(error)")
        return true
      }
    }
  }
}
