import AlmanacCore
import AlmanacForecast
import AlmanacTesting
import Testing

@Suite struct ForecastScoresTests {
  private static let curve = ForecastCurve(
    start: Timestamp(nanoseconds: 0), step: .minutes(1), yhat: [2.5, 0.5, 9, 4, 2],
    bands: [
      ForecastCurve.Band(
        level: 0.8, lower: [2.25, -0.5, 8, 3.5, 1], upper: [3.5, 1, 10, 4.25, 2.25]),
      ForecastCurve.Band(
        level: 0.95, lower: [0.5, -1.5, 7, 2, 0], upper: [4, 2, 10.5, 5.5, 3.5]),
    ])

  /// The expected values are NumPy's, over the four known values of y with f and the bounds above,
  /// e = y - f and pin(q, b) = maximum(q * (y - b), (q - 1) * (y - b)):
  /// abs(e).mean(), sqrt((e ** 2).mean()), abs(e).mean() / 0.7,
  /// (200 * abs(e) / (abs(y) + abs(f))).mean(),
  /// mean([2 * pin(q, b).sum() / abs(y).sum() for q, b in quantiles]).
  @Test("the measures are those that NumPy works out")
  func reference() throws {
    let scores = try #require(
      ForecastScores(Self.curve, truth: [3, -1, .nan, 4, 1.5], unit: 0.7))
    #expect(scores.count == 4)
    let expected: [ForecastMetric: Double] = [
      .mae: 0.625, .rmse: 0.82915619758885, .mase: 0.8928571428571429,
      .smape: 61.68831168831169, .wql: 0.10842105263157895,
    ]
    for (metric, value) in expected {
      #expect(abs(scores.value(metric) - value) < 1e-12, "\(metric): \(scores.value(metric))")
    }
    #expect(scores.coverage == [0.75, 1])
    #expect(scores.value(.coverage) == 1)
  }

  @Test("nothing known has no measures, a history that never changes no MASE")
  func nothing() throws {
    #expect(ForecastScores(Self.curve, truth: [.nan, .nan], unit: 1) == nil)
    #expect(ForecastScores(Self.curve, truth: [], unit: 1) == nil)
    let scores = try #require(ForecastScores(Self.curve, truth: [0], unit: 0))
    #expect(scores.mase.isNaN)
    #expect(scores.wql.isNaN)
    #expect(scores.mae == 2.5)
    #expect(scores.smape == 200)
  }

  @Test("the mean of several leaves out what one of them lacks")
  func mean() throws {
    let one = try #require(ForecastScores(Self.curve, truth: [3], unit: 1))
    let other = try #require(ForecastScores(Self.curve, truth: [.nan, 1], unit: 0))
    let mean = try #require(ForecastScores(meanOf: [one, other]))
    #expect(mean.mae == 0.5)
    #expect(mean.mase == 0.5)
    #expect(mean.count == 2)
    #expect(ForecastScores(meanOf: []) == nil)
  }

  @Test("MASE counts in the change over a day, over a week of daily values, else over a step")
  func unit() {
    let series = { (step: Interval, values: [Double]) in
      RegularSeries(start: Timestamp(nanoseconds: 0), step: step, values: values)
    }
    let ramp = (0..<60).map(Double.init)
    #expect(series(.hours(1), ramp).seasonalUnit == 24)
    #expect(series(.days(1), ramp).seasonalUnit == 7)
    #expect(series(.minutes(1), ramp).seasonalUnit == 1)
    #expect(series(.days(2), ramp).seasonalUnit == 1)
  }
}
