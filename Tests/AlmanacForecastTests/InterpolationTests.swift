import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacForecast

@Suite struct InterpolationTests {
  private func series(_ values: [Double], _ step: Interval = .hours(1)) -> RegularSeries {
    RegularSeries(start: Series.start, step: step, values: values)
  }

  @Test("a spline through known values is SciPy's")
  func spline() throws {
    for example in try PreparationReference.load().spline {
      let values = example.values.map { $0 ?? .nan }
      let (filled, count) = series(values).interpolated(.spline, maxGap: nil)
      #expect(count == values.count(where: \.isNaN))
      #expect(distance(filled.values, example.filled) < 1e-6)
      for (old, new) in zip(values, filled.values) where !old.isNaN { #expect(old == new) }
    }
  }

  @Test("a seasonal gap is filled with its own time of day")
  func seasonal() {
    let whole = Series.hourly(days: 14, noise: 0.01)
    var gappy = whole
    for index in 200..<212 { gappy.values[index] = .nan }
    let worst = { (method: InterpolationMethod) in
      let filled = gappy.interpolated(method, maxGap: nil).series
      return (200..<212).map { abs(filled.values[$0] - whole.values[$0]) }.max() ?? 0
    }
    #expect(worst(.seasonal) < 1)
    #expect(worst(.linear) > 4)
  }

  @Test(
    "each method leaves long gaps and known values alone",
    arguments: InterpolationMethod.allCases, UInt64(1)...4)
  func gaps(method: InterpolationMethod, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var values = Series.hourly(days: 6, seed: seed).values
    var index = 3
    while index < values.count - 10 {
      let gap = Int.random(in: 1...7, using: &random)
      for position in index..<index + gap { values[position] = .nan }
      index += gap + Int.random(in: 1...12, using: &random)
    }
    let (filled, count) = series(values).interpolated(method, maxGap: .hours(4))
    var expected = 0
    var start = 0
    while start < values.count {
      var end = start
      while end < values.count, values[end].isNaN { end += 1 }
      for position in start..<end {
        #expect(filled.values[position].isNaN == (end - start > 4))
      }
      if end - start <= 4 { expected += end - start }
      if end < values.count {
        #expect(filled.values[end] == values[end])
      }
      start = end + 1
    }
    #expect(count == expected)
    let steps: [PreparationStep] = [.interpolate(method, maxGap: .hours(4))]
    let provenance = try FittedPreparation.fit(steps, on: series(values)).provenance
    #expect(provenance.filled == expected)
    #expect(provenance.count == values.count)
    #expect(provenance.missing == values.count(where: \.isNaN) - expected)
    #expect(close(provenance.filledShare, Double(expected) / Double(values.count)))
  }

  @Test("without two known values on both sides nothing traps and ends stay missing")
  func ends() {
    for method in InterpolationMethod.allCases {
      #expect(series([]).interpolated(method, maxGap: nil).filled == 0)
      #expect(series([.nan, .nan]).interpolated(method, maxGap: nil).filled == 0)
      let single = series([.nan, 5, .nan]).interpolated(method, maxGap: nil).series.values
      #expect(single[1] == 5)
      if method != .previous, method != .next {
        let ends = series([.nan, 1, .nan, 3, .nan]).interpolated(method, maxGap: nil)
        #expect(ends.filled == 1 && ends.series.values[2] == 2)
      }
    }
    let huge = [1e308, .nan, -1e308, .nan, 1e308, .nan, -1e308]
    let filled = series(huge).interpolated(.spline, maxGap: nil).series
    #expect(filled.values.allSatisfy { $0.isFinite })
  }
}
