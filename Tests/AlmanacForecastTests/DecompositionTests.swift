import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacForecast

@Suite struct DecompositionTests {
  @Test("STL says what statsmodels says, plain and robust, of long and short series")
  func stl() throws {
    for example in try PreparationReference.load().stl {
      let values = PreparationReference.series(example.series, example.count)
      var stl = STL(period: example.period)
      stl.seasonal = example.window
      stl.isRobust = example.robust
      stl.jumps = false
      let parts = stl.decompose(values)
      let name: Comment = "\(example.series) \(example.count) by \(example.period)"
      #expect(distance(parts.trend, every: example.every, example.trend) < 1e-6, name)
      #expect(distance(parts.seasonal, every: example.every, example.seasonal) < 1e-6, name)
      #expect(distance(parts.weights, every: example.every, example.weights) < 1e-6, name)
    }
  }

  @Test("MSTL says what statsmodels says, plain and robust")
  func mstl() throws {
    for example in try PreparationReference.load().mstl {
      let values = PreparationReference.hourly(example.count)
      let parts = try #require(
        Decomposition(
          values, periods: example.periods.reversed(), isRobust: example.robust, jumps: false))
      #expect(parts.periods == example.periods)
      #expect(distance(parts.trend, every: example.every, example.trend) < 1e-6)
      #expect(distance(parts.residual, every: example.every, example.residual) < 1e-6)
      for (found, wanted) in zip(parts.seasonal, example.seasonal) {
        #expect(distance(found, every: example.every, wanted) < 1e-6)
      }
    }
  }

  @Test("fitting the trend at a tenth of the steps changes little")
  func jumps() throws {
    let values = Series.reference(21 * 96)
    let exact = try #require(Decomposition(values, periods: [96], jumps: false))
    let fast = try #require(Decomposition(values, periods: [96]))
    #expect(distance(fast.trend, exact.trend) < 0.1)
    #expect(distance(fast.seasonal[0], exact.seasonal[0]) < 0.1)
    // The noise alone is from -4 to 4.
    #expect(Quantiles.deviation(exact.residual) > 1)
  }

  @Test("trend, seasons and residual add up, gaps stay out of the residual")
  func sum() throws {
    var values = PreparationReference.hourly(24 * 28)
    for index in [0, 1, 100, 101, 102, 400, 671] { values[index] = .nan }
    values[500] = .infinity
    let parts = try #require(Decomposition(values, periods: [24, 168]))
    for index in values.indices {
      let sum =
        parts.trend[index] + parts.seasonal[0][index] + parts.seasonal[1][index]
        + parts.residual[index]
      #expect(values[index].isFinite ? close(sum, values[index]) : sum.isNaN)
      #expect(parts.trend[index].isFinite)
    }
  }

  @Test("strengths are near 1 of a rhythm without noise and near 0 of noise")
  func strength() throws {
    let rhythm = (0..<480).map { Double([1, 5, 9, 5][$0 % 4]) }
    let strong = try #require(Decomposition(rhythm, periods: [4]))
    #expect(strong.strength() > 0.999)
    #expect(strong.strength(ofSeason: 0) == strong.strength())
    let noise = try #require(Decomposition(Series.noise(2000, seed: 1), periods: [50]))
    #expect(noise.strength() < 0.4)
    let rising = try #require(Decomposition(rhythm.indices.map(Double.init), periods: [4]))
    #expect(rising.trendStrength > 0.999)
    let constant = try #require(
      Decomposition([Double](repeating: 7, count: 100), periods: [10]))
    #expect(constant.strength() == 0 && constant.trendStrength == 0)
  }

  @Test("what cannot be taken apart is nil")
  func refused() {
    let values = Series.noise(20, seed: 1)
    #expect(Decomposition(values, periods: []) == nil)
    #expect(Decomposition(values, periods: [1]) == nil)
    #expect(Decomposition(values, periods: [11]) == nil)
    #expect(Decomposition([], periods: [2]) == nil)
    #expect(Decomposition([.nan, .nan, .nan, .nan], periods: [2]) == nil)
    let huge = values.map { $0 * .greatestFiniteMagnitude }
    #expect(Decomposition(huge, periods: [2]) == nil)
  }

  @Test("autocorrelations are those of the definition")
  func autocorrelation() throws {
    let values = PreparationReference.hourly(300)
    let mean = Quantiles.mean(values)
    let found = Fourier(atLeast: 600).autocorrelation(values.map { $0 - mean }, lags: 41)
    let wanted = try PreparationReference.load().acf
    #expect(distance(found, wanted) < 1e-9)
  }
}
