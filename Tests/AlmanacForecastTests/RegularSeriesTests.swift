import AlmanacCore
import AlmanacForecast
import Testing

@Suite struct RegularSeriesTests {
  private func samples(_ pairs: [(Double, Double)]) -> Samples {
    Samples(
      timestamps: pairs.map { Int64($0.0 * 1e9) }, values: pairs.map { $0.1 })
  }

  @Test("a bin holds the mean of its finite samples, an empty one is missing")
  func bins() {
    let series = RegularSeries(
      samples: samples([(61, 1), (119, 3), (120, 5), (125, .infinity), (250, 7), (300, .nan)]),
      step: .minutes(1))
    #expect(series.start == Timestamp(nanoseconds: 60_000_000_000))
    #expect(series.values.count == 4)
    #expect(series.values[0] == 2)
    #expect(series.values[1] == 5)
    #expect(series.values[2].isNaN)
    #expect(series.values[3] == 7)
    #expect(series.nextTime == Timestamp(nanoseconds: 300_000_000_000))
    #expect(series.time(at: 1) == Timestamp(nanoseconds: 120_000_000_000))
  }

  @Test("bins before the epoch are aligned downwards too")
  func negative() {
    let series = RegularSeries(samples: samples([(-61, 1), (-1, 2), (0, 3)]), step: .minutes(1))
    #expect(series.start == Timestamp(nanoseconds: -120_000_000_000))
    #expect(series.values == [1, 2, 3])
  }

  @Test("no finite sample gives no bin, the ends of time do not trap")
  func extremes() {
    #expect(RegularSeries(samples: Samples(), step: .minutes(1)).values.isEmpty)
    #expect(RegularSeries(samples: samples([(5, .nan)]), step: .minutes(1)).values.isEmpty)
    let far = Samples(timestamps: [.min, 0, .max], values: [1, 2, 3])
    let series = RegularSeries(samples: far, step: .days(30_000))
    #expect(series.values.filter(\.isFinite).count == 3)
    #expect(series.time(at: Int.max) == Timestamp(nanoseconds: .max))
  }

  @Test(
    "the step is the median gap at the nearest usual one",
    arguments: [(60.0, 60.0), (61.0, 60.0), (10.02, 10.0), (47.0, 47.0), (3599.0, 3600.0), (1, 1)])
  func step(gap: Double, expected: Double) {
    let series = samples((0..<50).map { (1000 + Double($0) * gap, 0) })
    #expect(RegularSeries.detectStep(series)?.seconds == expected)
  }

  @Test("one sample has no step; a long gap and jitter do not change it")
  func stepOfFew() {
    #expect(RegularSeries.detectStep(samples([(1, 1)])) == nil)
    var noise = Noise(seed: 3)
    let times = (0..<100).map { index in
      Double(index * 10 + (index > 50 ? 5000 : 0)) + noise.next()
    }
    #expect(RegularSeries.detectStep(samples(times.map { ($0, 0) })) == .seconds(10))
  }

  @Test("linear, previous and next fill what lies between, ends only where the method reaches")
  func interpolation() {
    let nan = Double.nan
    let series = RegularSeries(
      start: Series.start, step: .minutes(1), values: [nan, 2, nan, nan, 8, nan])
    let linear = series.interpolated(.linear, maxGap: nil)
    #expect(linear.filled == 2)
    #expect(Array(linear.series.values[1...4]) == [2, 4, 6, 8])
    #expect(linear.series.values[0].isNaN && linear.series.values[5].isNaN)
    let previous = series.interpolated(.previous, maxGap: nil)
    #expect(Array(previous.series.values[1...]) == [2, 2, 2, 8, 8])
    #expect(previous.series.values[0].isNaN && previous.filled == 3)
    let next = series.interpolated(.next, maxGap: nil)
    #expect(Array(next.series.values[..<5]) == [2, 2, 8, 8, 8])
    #expect(next.series.values[5].isNaN && next.filled == 3)
  }

  @Test("a gap longer than the limit stays missing as a whole")
  func limit() {
    let nan = Double.nan
    let series = RegularSeries(
      start: Series.start, step: .minutes(1), values: [1, nan, 3, nan, nan, 6])
    let result = series.interpolated(.linear, maxGap: .minutes(1))
    #expect(result.filled == 1)
    #expect(result.series.values[1] == 2)
    #expect(result.series.values[3].isNaN && result.series.values[4].isNaN)
  }
}
