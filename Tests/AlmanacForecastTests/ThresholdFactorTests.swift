import AlmanacForecast
import AlmanacTesting
import Testing

@Suite struct ThresholdFactorTests {
  @Test(
    "the threshold rises just above false alarms, and falls to events that were missed",
    arguments: [
      ([], [], 1.0), ([1.5], [], 1.65), ([1.2, 2.0], [], 2.2), ([8.0], [], 3.0),
      // What scored less than 1 was none already.
      ([0.4], [], 1.0),
      // True events bind: up to them, and never beyond.
      ([1.5], [1.6], 1.6), ([1.5, 2.5], [2.0], 1.65), ([2.0], [1.5], 1.0), ([], [1.5], 1.0),
      // Missed ones, as far as no false alarm is as strange.
      ([], [0.8], 0.8), ([], [0.2], 0.5), ([0.9], [0.8], 1.0), ([0.7], [0.8], 0.8),
    ] as [([Double], [Double], Double)])
  func rule(_ falseAlarms: [Double], _ events: [Double], _ factor: Double) {
    let found = ThresholdFactor.factor(falseAlarms: falseAlarms, events: events)
    #expect(abs(found - factor) < 1e-12)
  }

  @Test(
    "events stay outliers, the order does not matter, bounds hold", arguments: [UInt64](0..<300))
  func properties(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    func scores() -> [Double] {
      (0..<Int.random(in: 0...5, using: &random)).map { _ in
        Double.random(in: 0.3...5, using: &random)
      }
    }
    let (falseAlarms, events) = (scores(), scores())
    let factor = ThresholdFactor.factor(falseAlarms: falseAlarms, events: events)
    #expect(factor >= ThresholdFactor.least && factor <= ThresholdFactor.most)
    #expect(
      factor
        == ThresholdFactor.factor(
          falseAlarms: falseAlarms.shuffled(using: &random),
          events: events.shuffled(using: &random)))
    for event in events where event >= 1 { #expect(event / factor >= 1) }
    if events.isEmpty {
      #expect(factor >= 1)
      for alarm in falseAlarms where alarm * 1.1 <= 3 { #expect(alarm / factor < 1) }
    }
  }

  @Test("scores are divided by the factor, in every method", arguments: OutlierMethod.allCases)
  func scores(_ method: OutlierMethod) throws {
    let day = 48
    var values = OutlierSignals.daily(days: 12, samplesPerDay: day)
    values[11 * day + 20] += 20
    func judge(_ factor: Double) throws -> [JudgedSample] {
      var options = OutlierOptions(samplesPerDay: day)
      options.method = method
      options.thresholdFactor = factor
      return try OutlierDetector(options: options).judge(values, from: 11 * day + 18)
    }
    let (plain, moved) = (try judge(1), try judge(2))
    for (a, b) in zip(plain.prefix(3), moved) {
      #expect(abs(a.score / 2 - b.score) < 1e-9 * max(a.score, 1) || a.score > 900)
    }
    #expect(plain[2].score > 1)
    // At the bounds of the band the score is 1.
    #expect(plain[0].upper - plain[0].lower < moved[0].upper - moved[0].lower)
  }

  @Test("a factor without meaning is refused", arguments: [0.0, -1, .nan, .infinity])
  func bad(_ factor: Double) {
    var options = OutlierOptions(samplesPerDay: 24)
    options.thresholdFactor = factor
    #expect(throws: OutlierError.self) {
      try OutlierDetector(options: options).judge([1, 2, 3], from: 0)
    }
  }
}
