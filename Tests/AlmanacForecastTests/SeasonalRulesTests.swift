import AlmanacCore
import Glibc
import Testing

@testable import AlmanacForecast

@Suite struct SeasonalRulesTests {
  private let rhythm = Rhythm(day: 96, factor: 7)
  private let horizon = 7 * 96

  @Test("all rules say what numpy says")
  func rules() {
    let rules = SeasonalRules(Series.reference(21 * 96), rhythm: rhythm)
    let candidates = rules.candidates(horizon: horizon)
    #expect(candidates.count == SeasonalRulesReference.rules.count)
    for (rule, wanted) in zip(candidates, SeasonalRulesReference.rules) {
      let mean = rule.reduce(0, +) / Double(rule.count)
      let found = [rule[0], rule[17], rule[100], rule[671], mean]
      for (a, b) in zip(found, wanted) { #expect(close(a, b, 1e-8)) }
    }
  }

  @Test("the mix's weights, its forecast and its disagreement are those of numpy")
  func mix() throws {
    let series = RegularSeries(
      start: Series.start, step: .minutes(15), values: Series.reference(21 * 96))
    let past = { (end: Int) throws(ForecastError) in
      try Past(series, until: end, steps: [], method: .linear, rhythm: rhythm)
    }
    let tests = try Backtests(until: series.count, rhythm: rhythm, past: past)
    #expect(tests.folds.map(\.end) == [1920, 1796, 1671, 1508, 1344, 1200, 1056, 912, 768])
    let mix = tests.fit()
    for (a, b) in zip(mix.weights, SeasonalRulesReference.weights) { #expect(close(a, b, 1e-7)) }
    for (a, b) in zip(mix.near, SeasonalRulesReference.near) { #expect(close(a, b, 1e-7)) }
    #expect(close(mix.anchor, SeasonalRulesReference.anchor, 1e-7))
    let rules = SeasonalRules(series.values, rhythm: rhythm)
    let (point, apart) = mix.forecast(rules, horizon: horizon)
    for (index, at) in [0, 12, 100, 671].enumerated() {
      #expect(close(point[at], SeasonalRulesReference.mix[index], 1e-7))
      #expect(close(apart[at], SeasonalRulesReference.disagreement[index], 1e-7))
    }
  }

  @Test("rules go on periodically beyond a week, whatever is asked for at a time")
  func months() {
    let rules = SeasonalRules(Series.reference(10 * 96), rhythm: rhythm)
    let long = rules.candidates(horizon: 30 * 96)
    let short = rules.candidates(horizon: 5)
    let late = rules.candidates(at: Array((20 * 96)..<(21 * 96)))
    for rule in 0..<SeasonalRules.count {
      #expect(long[rule].count == 30 * 96)
      #expect(Array(long[rule][..<5]) == short[rule])
      #expect(Array(long[rule][(20 * 96)..<(21 * 96)]) == late[rule])
    }
    let periodic: [SeasonalRules.Name] = [.last, .yesterday, .day7, .week, .fourWeeks]
    for rule in periodic.map(\.rawValue) { #expect(long[rule][5] == long[rule][5 + 21 * 96]) }
  }

  @Test("the mix is the same in one stretch and in many")
  func stretches() {
    let rules = SeasonalRules(Series.reference(10 * 96), rhythm: rhythm)
    let long = Ensemble.prior.forecast(rules, horizon: 20_160 + 700)
    let leads = Array(20_000..<20_860)
    let part = Ensemble.prior.combine(rules.candidates(at: leads), at: leads, day: 96)
    #expect(Array(long.point[20_000...]) == part.point)
    #expect(Array(long.disagreement[20_000...]) == part.disagreement)
  }

  @Test("the better rule gets the weight, and the mix is never far from it")
  func earned() throws {
    // A clean week that repeats itself: last week again is perfect, yesterday is not.
    let values = (0..<(21 * 96)).map { index -> Double in
      sin(2 * Double.pi * Double(index % 96) / 96) + (index / 96 % 7 >= 5 ? 3 : 0)
    }
    let series = RegularSeries(start: Series.start, step: .minutes(15), values: values)
    let past = { (end: Int) throws(ForecastError) in
      try Past(series, until: end, steps: [], method: .linear, rhythm: rhythm)
    }
    let mix = try Backtests(until: series.count, rhythm: rhythm, past: past).fit()
    #expect(close(mix.weights.reduce(0, +), 1) && close(mix.near.reduce(0, +), 1))
    #expect(mix.weights[SeasonalRules.Name.lastWeek.rawValue] > 0.05)
    #expect(mix.weights[SeasonalRules.Name.yesterday.rawValue] < 0.01)
    #expect(mix.anchor < 0.01)
    let rules = SeasonalRules(values, rhythm: rhythm)
    let forecast = mix.forecast(rules, horizon: 7 * 96).point
    for index in forecast.indices { #expect(abs(forecast[index] - values[index]) < 0.05) }
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

@Suite struct SeasonalAutoregressionTests {
  @Test("the coefficients of a made autoregression are found", arguments: [UInt64(1), 2, 3])
  func coefficients(seed: UInt64) throws {
    var noise = Noise(seed: seed)
    var values = (0..<24).map { _ in noise.next() }
    for index in 24..<3000 {
      // A few wild values must not matter.
      let wild: Double = index % 500 == 100 ? 10 : 0
      values.append(0.5 * values[index - 1] + 0.4 * values[index - 24] + noise.next() + wild)
    }
    let fit = try #require(
      SeasonalAutoregression.fit(values, lags: [1, 2, 24], pull: 1e-6))
    for (found, made) in zip(fit.coefficients, [0.5, 0, 0.4]) { #expect(abs(found - made) < 0.06) }
    #expect(abs(fit.constant) < 0.05)
  }

  @Test("lags are positive, ascending and different", arguments: [1, 2, 3, 4, 7, 18, 24])
  func lags(day: Int) {
    for factor in [1, 7] {
      let lags = SeasonalAutoregression.lags(day: day, factor: factor)
      #expect(lags.first == 1 && zip(lags, lags.dropFirst()).allSatisfy { $0 < $1 })
      #expect(lags.contains(day) && lags.contains(factor * day))
    }
  }

  @Test("a rhythm that grows with its level is foretold by the logarithms, within the range")
  func growing() throws {
    let rhythm = Rhythm(day: 24, factor: 7)
    let value = { (index: Int) in
      exp(0.002 * Double(index)) * (2 + sin(2 * Double.pi * Double(index) / 24))
    }
    let means = BlockMeans((0..<600).map(value), rhythm: rhythm)
    #expect(means.values.count == 600 && means.width == 1)
    let rule = try #require(SeasonalAutoregression(means, pull: 1e-6, logarithm: true))
    for (index, found) in rule.blocks(48).enumerated() {
      #expect(abs(found / value(600 + index) - 1) < 0.05)
    }
    let far = rule.blocks(1000)
    #expect(far.count == 1000 && far.allSatisfy(\.isFinite))
    #expect(far[999] == far[999 - 168])
  }

  @Test("histories that are too short, constant or not positive have none")
  func none() {
    let rhythm = Rhythm(day: 24, factor: 7)
    let means = { (values: [Double]) in BlockMeans(values, rhythm: rhythm) }
    #expect(SeasonalAutoregression(means([1, 2, 3]), pull: 1e-4) == nil)
    let flat = [Double](repeating: 2, count: 600)
    #expect(SeasonalAutoregression(means(flat), pull: 1e-4) == nil)
    let mixed = Series.noise(600, seed: 4)
    #expect(SeasonalAutoregression(means(mixed), pull: 1e-4) != nil)
    #expect(SeasonalAutoregression(means(mixed), pull: 1e-4, logarithm: true) == nil)
  }
}

@Suite struct IntervalsTests {
  @Test("a band covers what it says at every distance where errors grow with it")
  func early() {
    let day = 96
    var noise = Noise(seed: 12)
    let size = { (lead: Int) in lead < day ? 0.3 : 1.0 }
    var errors: [Double] = []
    var leads: [Int] = []
    for _ in 0..<20 {
      for lead in 0..<(7 * day) {
        errors.append(size(lead) * noise.next())
        leads.append(lead)
      }
    }
    let intervals = Intervals(
      errors: errors, positions: leads.map { $0 % day }, leads: leads, day: day, shape: .plain)
    #expect(intervals.early[0] < 0.4 && intervals.early[3] == 1)
    #expect(zip(intervals.early, intervals.early.dropFirst()).allSatisfy { $0 <= $1 })
    let (below, above) = intervals.distances(
      level: 0.8, position: 0, day: day, disagreement: [Double](repeating: 0, count: 7 * day))
    // 80 % of uniform noise lie within 0.4 times its width.
    #expect(abs(above[6 * day] - 0.4) < 0.03 && abs(below[6 * day] - 0.4) < 0.03)
    #expect(above[5] < 0.2 && above[5] > 0.08)
  }
}
