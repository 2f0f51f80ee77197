import AlmanacCore
import Glibc
import Testing

@testable import AlmanacForecast

@Suite struct SeasonalRulesTests {
  private let rhythm = Rhythm(day: 96, factor: 7)
  private let horizon = 7 * 96

  @Test("all sixteen rules say what numpy says")
  func rules() {
    let rules = SeasonalRules(Series.reference(21 * 96), rhythm: rhythm)
    let candidates = rules.candidates(horizon: horizon)
    #expect(candidates.count == SeasonalRulesReference.rules.count)
    for (rule, wanted) in zip(candidates, SeasonalRulesReference.rules) {
      let mean = rule.reduce(0, +) / Double(rule.count)
      let found = [rule[0], rule[17], rule[100], rule[671], mean]
      for (a, b) in zip(found, wanted) { #expect(close(a, b, 1e-10)) }
    }
  }

  @Test("the mix's weights are those that scipy finds")
  func mix() throws {
    let series = RegularSeries(
      start: Series.start, step: .minutes(15), values: Series.reference(21 * 96))
    let past = { (end: Int) throws(ForecastError) in
      try Past(series, until: end, steps: [], method: .linear, rhythm: rhythm)
    }
    let tests = try Backtests(until: series.count, rhythm: rhythm, past: past)
    #expect(tests.folds.map(\.end) == [14 * 96, 1200, 11 * 96])
    let mix = tests.fit()
    for (a, b) in zip(mix.weights, SeasonalRulesReference.weights) { #expect(abs(a - b) < 1e-4) }
    let rules = SeasonalRules(series.values, rhythm: rhythm)
    let (point, apart) = mix.combine(rules.candidates(horizon: horizon))
    for (index, at) in [0, 17, 100, 671].enumerated() {
      #expect(close(point[at], SeasonalRulesReference.mix[index], 1e-4))
      #expect(close(apart[at], SeasonalRulesReference.disagreement[index], 1e-3))
    }
  }

  @Test("rules go on periodically beyond a week")
  func months() {
    let rules = SeasonalRules(Series.reference(10 * 96), rhythm: rhythm)
    let long = rules.candidates(horizon: 30 * 96)
    let short = rules.candidates(horizon: 5)
    for rule in [0, 2, 4, 7, 9] {
      #expect(long[rule].count == 30 * 96)
      #expect(Array(long[rule][..<5]) == short[rule])
      #expect(long[rule][5] == long[rule][5 + 21 * 96])
    }
  }

  @Test("medians of any length are those of a sort", arguments: [1, 2, 3, 16, 17, 18, 100, 999])
  func medians(count: Int) {
    for seed in 0..<5 {
      var noise = Noise(seed: UInt64(seed))
      let values = (0..<count).map { _ in (noise.next() * (seed < 3 ? 1000 : 4)).rounded() }
      let sorted = values.sorted()
      let wanted = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
      #expect(Quantiles.median(values) == wanted)
    }
  }

  @Test("normal scores are those of the tables")
  func scores() {
    for (level, score) in [
      (0.5, 0.6744897501960817), (0.8, 1.2815515655446004), (0.95, 1.959963984540054),
      (0.99, 2.5758293035489004), (0.999, 3.2905267314919255),
    ] {
      #expect(close(NormalQuantile.score(level: level), score, 1e-7))
    }
  }

  @Test("the better of two forecasts gets the weight")
  func simplex() {
    let truth = Series.noise(200, seed: 5)
    let good = zip(truth, Series.noise(200, seed: 6)).map { $0 + 0.05 * $1 }
    let bad = Series.noise(200, seed: 7)
    let weights = SimplexFit().weights(forecasts: [bad, good, bad], truth: truth)
    #expect(close(weights.reduce(0, +), 1))
    #expect(weights[1] > 0.9)
    #expect(close(weights[0], weights[2], 1e-6))
    let flat = [Double](repeating: 3, count: 50)
    let even = SimplexFit().weights(forecasts: [flat, flat], truth: flat)
    #expect(close(even[0], 0.5) && close(even[1], 0.5))
  }

  @Test("bounds nest in level, at any level and time of day")
  func nest() {
    let errors = Series.noise(3000, seed: 9).map { $0 + 0.2 }
    let intervals = Intervals(
      errors: errors, positions: (0..<3000).map { $0 % 96 }, day: 96, shape: .mix)
    let apart = (0..<200).map { abs(sin(Double($0))) }
    let levels = [0.01, 0.3, 0.5, 0.79, 0.8, 0.9, 0.949, 0.95, 0.99, 0.9999, 0.9999999]
    var before = [Double](repeating: 0, count: 200)
    var beforeAbove = before
    for level in levels {
      let (below, above) = intervals.distances(
        level: level, position: 5, day: 96, disagreement: apart)
      for index in 0..<200 {
        #expect(below[index] >= before[index] && above[index] >= beforeAbove[index])
      }
      (before, beforeAbove) = (below, above)
    }
  }
}

@Suite struct NearnessTests {
  private let rhythm = Rhythm(day: 96, factor: 7)

  @Test("deviations that last move the first hours, noise does not")
  func gains() {
    var noise = Noise(seed: 4)
    var level = 0.0
    let slow = (0..<(20 * 96)).map { _ -> Double in
      level = 0.97 * level + noise.next()
      return level
    }
    let lasting = Nearness(residual: slow, rhythm: rhythm).gains
    #expect(lasting[0] > 0.8 && lasting[3] > 0.5)
    let rest = Nearness(residual: slow, rhythm: rhythm).rest
    #expect(rest[0] < 0.8 && rest[8] == 1)
    #expect(zip(lasting, lasting.dropFirst()).allSatisfy { $0 >= $1 })
    let none = Nearness(residual: Series.noise(20 * 96, seed: 8), rhythm: rhythm).gains
    #expect(none.allSatisfy { $0 < 0.2 })
    #expect(Nearness(residual: [1, 2], rhythm: rhythm) == .none)
  }

  @Test("the forecast begins where the last hour was and is itself again a day ahead")
  func move() {
    let nearness = Nearness(
      gains: Nearness.hours.map { max(0, 1 - $0 / 24) }, rest: Nearness.none.rest)
    var point = [Double](repeating: 10, count: 200)
    let profile = [Double](repeating: 10, count: 672)
    nearness.move(&point, profile: profile, residual: [6, 4, 4, 4, 4], rhythm: rhythm)
    #expect(point[0] > 13.9 && point[0] <= 14)
    #expect(point[48] > 11 && point[48] < 13)
    #expect(point[96...].allSatisfy { $0 == 10 })
  }
}
