import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacForecast

@Suite struct PreparationPropertyTests {
  /// Every stage that is undone.
  static let reversible: [PreparationStep] =
    [.standard, .minmax, .robust, .log, .log1p].map { .scale($0) } + [
      .deseason(periods: nil), .deseason(periods: [.days(1)], method: .stl), .detrend,
    ]

  static let chains: [[PreparationStep]] =
    reversible.map { [$0] } + reversible.flatMap { a in reversible.map { [a, $0] } }
    + reversible.flatMap { a in reversible.flatMap { b in reversible.map { [a, b, $0] } } }

  /// nil where a logarithm meets negative values.
  private static func fitted(
    _ steps: [PreparationStep], on series: RegularSeries
  ) throws -> FittedPreparation? {
    do throws(ForecastError) {
      return try FittedPreparation.fit(steps, on: series)
    } catch {
      if error.code == .negativeValue { return nil }
      throw error
    }
  }

  @Test("every chain of up to three reversible stages is undone to 1e-9", arguments: UInt64(1)...3)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var done = 0
    for steps in Self.chains {
      let days = Int.random(in: 3...9, using: &random)
      let level = [0, 3, 50, 1e5][Int.random(in: 0..<4, using: &random)]
      let slope = Double.random(in: -0.1...0.1, using: &random)
      var series = Series.hourly(days: days, seed: seed)
      for index in series.values.indices {
        series.values[index] += level + slope * Double(index)
        if Int.random(in: 0..<20, using: &random) == 0 { series.values[index] = .nan }
      }
      guard let fitted = try Self.fitted(steps, on: series) else { continue }
      done += 1
      let there = fitted.apply(series)
      let from = Int.random(in: 0..<series.count, using: &random)
      let back = fitted.inverse(
        Array(there.values[from...]), start: there.time(at: from), step: there.step)
      for (a, b) in zip(back, series.values[from...]) {
        #expect(a.isNaN == b.isNaN)
        if !b.isNaN, !close(a, b) { Issue.record("\(steps): \(a) is not \(b)") }
      }
      // Beyond the history too: what is undone there comes back by applying it.
      let ahead = RegularSeries(
        start: series.nextTime, step: series.step,
        values: fitted.inverse(
          (0..<30).map { 0.1 + 0.01 * Double($0) }, start: series.nextTime, step: series.step))
      let again = fitted.apply(ahead).values
      for (index, value) in again.enumerated() where ahead.values[index].isFinite {
        let scale = ahead.values.map(abs).max() ?? 0
        #expect(abs(value - (0.1 + 0.01 * Double(index))) < 1e-7 * max(1, scale), "\(steps)")
      }
    }
    #expect(done > Self.chains.count / 2)
  }

  @Test("season and trend go on into the future")
  func future() throws {
    let values = (0..<240).map { 10 + 0.5 * Double($0) + [0, 4, 8, 4][$0 % 4] }
    let series = RegularSeries(start: Series.start, step: .hours(6), values: values)
    for method in SeasonMethod.allCases {
      let steps: [PreparationStep] = [.detrend, .deseason(periods: [.days(1)], method: method)]
      let fitted = try FittedPreparation.fit(steps, on: series)
      // What is left of such a series is about nothing.
      let ahead = fitted.inverse(
        [Double](repeating: 0, count: 8), start: series.nextTime, step: series.step)
      for (index, value) in ahead.enumerated() {
        let wanted = 10 + 0.5 * Double(240 + index) + [0, 4, 8, 4][index % 4]
        #expect(abs(value - wanted) < 0.6, "\(method)")
      }
    }
  }

  /// Stages of all kinds.
  private static func randomSteps(_ random: inout SeededGenerator) -> [PreparationStep] {
    (0..<Int.random(in: 1...4, using: &random)).map { _ in
      switch Int.random(in: 0..<7, using: &random) {
      case 0:
        return .interpolate(
          InterpolationMethod.allCases[Int.random(in: 0..<5, using: &random)],
          maxGap: Bool.random(using: &random) ? nil : .hours(3))
      case 1:
        let periods = [nil, [Interval.hours(2)], [.hours(3), .days(1)]]
        return .deseason(
          periods: periods[Int.random(in: 0..<3, using: &random)],
          method: Bool.random(using: &random) ? .stl : .median)
      case 2: return .scale(ScaleKind.allCases[Int.random(in: 0..<5, using: &random)])
      case 3: return .detrend
      case 4: return .clean(deviations: Double.random(in: 0.1...9, using: &random))
      case 5: return .clip(minimum: -5, maximum: Bool.random(using: &random) ? 3 : nil)
      default: return .scale(.robust)
      }
    }
  }

  private static func strangeValues(_ random: inout SeededGenerator) -> [Double] {
    let strange: [Double] = [
      .nan, .infinity, -.infinity, 0, -0.0, 1e308, -1e308, .leastNonzeroMagnitude, .nan, 1, -1,
      1e-300,
    ]
    let count = [0, 1, 2, 3, 4, 5, 8, 50, 60][Int.random(in: 0..<9, using: &random)]
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return [Double](repeating: 7, count: count)
    case 1: return [Double](repeating: .nan, count: count)
    case 2: return (0..<count).map { _ in strange[Int.random(in: 0..<12, using: &random)] }
    default:
      return (0..<count).map { _ in
        Bool.random(using: &random)
          ? strange[Int.random(in: 0..<12, using: &random)]
          : Double.random(in: -10...10, using: &random)
      }
    }
  }

  @Test("strange input is prepared or refused, and never traps", arguments: UInt64(1)...8)
  func strange(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<400 {
      let values = Self.strangeValues(&random)
      let starts: [Int64] = [0, .min, .max, -1_756_684_800_000_000_001, .max - 7_200_000_000_000]
      let start = Timestamp(nanoseconds: starts[Int.random(in: 0..<5, using: &random)])
      let series = RegularSeries(start: start, step: .hours(1), values: values)
      _ = Periodicity.find(in: series, limit: 3)
      for steps in [Self.randomSteps(&random), Self.randomSteps(&random)] {
        guard let fitted = try? FittedPreparation.fit(steps, on: series) else { continue }
        let there = fitted.apply(series)
        #expect(there.count == series.count)
        #expect(fitted.provenance.count == series.count)
        #expect(fitted.provenance.filled >= 0 && fitted.provenance.removed >= 0)
        _ = fitted.inverse(there.values, start: series.start, step: series.step)
        _ = fitted.inverse([0, .nan, .infinity], start: series.nextTime, step: series.step)
        _ = fitted.inverse([1], start: Timestamp(nanoseconds: .min), step: series.step)
        _ = fitted.inverse([1], start: Timestamp(nanoseconds: .max), step: series.step)
      }
    }
  }

  @Test("cleaning takes out what a plain count in NumPy takes out")
  func clean() throws {
    let series = RegularSeries(
      start: Series.start, step: .minutes(15), values: PreparationReference.series("spiked", 400))
    for example in try PreparationReference.load().clean {
      let fitted = try FittedPreparation.fit([.clean(deviations: example.k)], on: series)
      let cleaned = fitted.apply(series).values
      #expect(cleaned.indices.filter { cleaned[$0].isNaN } == example.removed)
      #expect(fitted.provenance.removed == example.removed.count)
      #expect(example.removed.count >= 9)
    }
  }

  @Test("cleaning keeps a constant, a step and small changes of a calm series")
  func keeps() throws {
    let clean = { (values: [Double]) in
      HampelFilter(deviations: 5).clean(values).count(where: \.isNaN)
    }
    #expect(clean([Double](repeating: 3, count: 100)) == 0)
    #expect(clean((0..<100).map { $0 < 50 ? 1 : 9 }) == 0)
    #expect(clean((0..<100).map { $0 == 50 ? 9 : 1 }) == 1)
    #expect(clean([1]) == 0 && clean([]) == 0 && clean([.nan]) == 1)
  }

  @Test("a limit changes what lies beyond, and is not undone")
  func clip() throws {
    let series = RegularSeries(
      start: Series.start, step: .hours(1), values: [-3, 0, .nan, 5, 12])
    let fitted = try FittedPreparation.fit([.clip(minimum: 0, maximum: 10)], on: series)
    let there = fitted.apply(series)
    #expect(there.values[0] == 0 && there.values[3] == 5 && there.values[4] == 10)
    #expect(there.values[2].isNaN)
    #expect(fitted.provenance.clipped == 2)
    #expect(fitted.inverse([12], start: series.start, step: .hours(1)) == [12])
    #expect(throws: ForecastError.self) {
      try FittedPreparation.fit([.clip(minimum: 1, maximum: 0)], on: series)
    }
    for k in [0, -1, Double.nan] {
      #expect(throws: ForecastError.self) {
        try FittedPreparation.fit([.clean(deviations: k)], on: series)
      }
    }
  }

  @Test("the line of least squares is NumPy's, and the logarithm is ln(1 + x)")
  func lines() throws {
    let values = PreparationReference.hourly(300)
    let series = RegularSeries(start: Series.start, step: .hours(1), values: values)
    let line = try PreparationReference.load().line
    let rest = try FittedPreparation.fit([.detrend], on: series).apply(series).values
    for index in [0, 1, 150, 299] {
      #expect(close(rest[index], values[index] - line[0] - line[1] * Double(index), 1e-9))
    }
    let positive = RegularSeries(start: Series.start, step: .hours(1), values: [0, 1, 7])
    let logs = try FittedPreparation.fit([.scale(.log1p)], on: positive).apply(positive)
    #expect(close(logs.values[2], 2.0794415416798357) && logs.values[0] == 0)
    let negative = RegularSeries(start: Series.start, step: .hours(1), values: [0, -1, 7])
    let refused = try Self.fitted([.scale(.log1p)], on: negative)
    #expect(refused == nil)
  }

  @Test("a forecast is brought back through trend, STL season and logarithm")
  func forecast() throws {
    var series = Series.hourly(days: 21, noise: 0.2)
    for index in series.values.indices { series.values[index] += 0.05 * Double(index) }
    let truth = Array(series.values[(18 * 24)...])
    let history = RegularSeries(
      start: series.start, step: series.step, values: Array(series.values[..<(18 * 24)]))
    let chains: [[PreparationStep]] = [
      [.detrend, .deseason(periods: nil, method: .stl)],
      [.clean(deviations: 8), .scale(.log1p), .deseason(periods: nil)],
      [.clip(minimum: 0, maximum: 1000), .detrend],
    ]
    for steps in chains {
      var options = ForecastOptions(model: .linear)
      options.preparation = steps
      let model = try ForecastModel.train(on: history, options: options)
      let curve = try model.predict(from: history, steps: truth.count, levels: [0.95])
      let error = zip(curve.yhat, truth).map { abs($0 - $1) }.reduce(0, +) / Double(truth.count)
      // The day alone swings by 16; what is left in the last case is the day.
      #expect(error < (steps.last == .detrend ? 9 : 4.5), "\(steps) \(error)")
      let copy = try ForecastModel(encoded: model.encoded())
      #expect(copy.stages == steps)
      let again = try copy.predict(from: history, steps: 72, levels: [0.95])
      #expect(again == curve)
    }
  }
}
