import AlmanacCore
import AlmanacForecast
import Testing

@Suite struct PreparationTests {
  /// Those that take any value.
  static let kinds = ScaleKind.allCases.filter { $0 != .log1p }

  static let chains: [[PreparationStep]] =
    kinds.map { [.scale($0)] }
    + kinds.map {
      [.interpolate(.linear, maxGap: nil), .deseason(periods: nil), .scale($0)]
    }
    + [
      [], [.deseason(periods: [.days(1)])], [.deseason(periods: [.days(1), .days(7)])],
      [.scale(.log), .deseason(periods: nil)], [.scale(.standard), .scale(.minmax)],
    ]

  @Test("what a preparation does is undone to 1e-9", arguments: chains)
  func roundTrip(steps: [PreparationStep]) throws {
    for offset in [0.0, -30, 1e6] {
      var series = Series.hourly(days: 15)
      for index in series.values.indices { series.values[index] += offset }
      let fitted = try FittedPreparation.fit(steps, on: series)
      let there = fitted.apply(series)
      let back = fitted.inverse(there.values, start: there.start, step: there.step)
      for (a, b) in zip(back, series.values) { #expect(close(a, b)) }
      let tail = fitted.inverse(
        Array(there.values[100...]), start: there.time(at: 100), step: there.step)
      for (a, b) in zip(tail, series.values[100...]) { #expect(close(a, b)) }
    }
  }

  @Test("deseasoning leaves the level and little of the rhythm")
  func deseason() throws {
    let series = Series.hourly(days: 21, noise: 0.01)
    let steps: [PreparationStep] = [.deseason(periods: nil)]
    let result = try FittedPreparation.fit(steps, on: series).apply(series)
    let spread = { (values: [Double]) in (values.max() ?? 0) - (values.min() ?? 0) }
    #expect(spread(series.values) > 20)
    #expect(spread(result.values) < 6)
    let mean = result.values.reduce(0, +) / Double(result.values.count)
    #expect(abs(mean - 29) < 2)
  }

  @Test("missing values stay missing through scales and seasons")
  func missing() throws {
    var series = Series.hourly(days: 8)
    for index in 40..<70 { series.values[index] = .nan }
    let steps: [PreparationStep] = [
      .interpolate(.linear, maxGap: .hours(3)), .deseason(periods: nil), .scale(.robust),
    ]
    let result = try FittedPreparation.fit(steps, on: series).apply(series)
    #expect((40..<70).allSatisfy { result.values[$0].isNaN })
    #expect(result.values.filter(\.isFinite).count == series.values.count - 30)
  }

  @Test("a period that does not fit, or too little history, is refused")
  func refused() {
    let series = Series.hourly(days: 3)
    for periods in [[Interval.minutes(90)], [.hours(1)], [.zero], [.days(7)], [.days(-1)]] {
      #expect(throws: ForecastError.self) {
        try FittedPreparation.fit([.deseason(periods: periods)], on: series)
      }
    }
    let nothing = RegularSeries(start: Series.start, step: .hours(1), values: [.nan, .nan])
    #expect(throws: ForecastError.self) {
      try FittedPreparation.fit([.scale(.minmax)], on: nothing)
    }
  }

  @Test("minmax maps to 0 and 1, standard to mean 0, log is the natural one where it can be")
  func scales() throws {
    let series = RegularSeries(start: Series.start, step: .hours(1), values: [1, 2, 4, 9])
    let apply = { (kind: ScaleKind) throws(ForecastError) in
      try FittedPreparation.fit([.scale(kind)], on: series).apply(series).values
    }
    #expect(try apply(.minmax) == [0, 0.125, 0.375, 1])
    #expect(close(try apply(.standard).reduce(0, +), 0))
    #expect(close(try apply(.log)[2], 1.3862943611198906))
    let constant = RegularSeries(start: Series.start, step: .hours(1), values: [5, 5])
    let fitted = try FittedPreparation.fit([.scale(.standard)], on: constant)
    #expect(fitted.apply(constant).values == [0, 0])
    #expect(fitted.inverse([1], start: Series.start, step: .hours(1)) == [6])
  }
}
