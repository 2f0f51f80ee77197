import AlmanacTesting
import Foundation
import Testing

@testable import AlmanacForecast

@Suite("False alarms of outliers")
struct OutlierAlarmRateTests {
  /// A kind of signal without outliers.
  enum Kind: String, CaseIterable, Sendable {
    case noise, autoregression, trend, daily, drift, student, poisson

    func signal(days: Int, day: Int, seed: UInt64) -> [Double] {
      var random = SeededGenerator(seed: seed)
      var memory = 0.0
      return (0..<(days * day)).map { index in
        let time = Double(index) / Double(day)
        let normal = random.normal()
        switch self {
        case .noise: return normal
        case .autoregression:
          memory = 0.9 * memory + normal
          return memory
        case .trend: return 0.3 * time + normal
        case .daily: return 50 + 3 * sin(2 * .pi * time) + sin(4 * .pi * time) + normal
        // Twice the deviation after four weeks, and back.
        case .drift: return exp(0.35 * sin(2 * .pi * time / 56)) * normal
        case .student:
          let squares = (0..<3).reduce(0) { sum, _ in
            let part = random.normal()
            return sum + part * part
          }
          return normal / (squares / 3).squareRoot()
        case .poisson:
          var count = 0.0
          var product = Double.random(in: 0..<1, using: &random)
          while product > exp(-4) {
            count += 1
            product *= Double.random(in: 0..<1, using: &random)
          }
          return count
        }
      }
    }
  }

  /// The long proof wants an optimised build.
  static let isLong: Bool = {
    #if DEBUG
      return false
    #else
      return ProcessInfo.processInfo.environment["ALMANAC_SOAK"] == "1"
    #endif
  }()

  /// Alarms, runs less than half an hour apart being one, in the days after the first 28.
  func alarms(_ kind: Kind, days: Int, day: Int, alarmsPerDay: Double, seed: UInt64) throws -> Int {
    var options = OutlierOptions(samplesPerDay: day)
    options.alarmsPerDay = alarmsPerDay
    let values = kind.signal(days: 28 + days, day: day, seed: seed)
    let gap = max(day / 48, 1)
    var count = 0
    var last = Int.min / 2
    for sample in try OutlierDetector(options: options).judge(values, from: 28 * day)
    where sample.score >= 1 {
      if sample.index - last > gap { count += 1 }
      last = sample.index
    }
    return count
  }

  @Test(
    "signals without outliers raise the alarms asked for, within a factor of 1.5",
    arguments: Kind.allCases)
  func rate(_ kind: Kind) throws {
    // 8 weeks of each kind at a quarter of an hour, or where the long proof was asked for 144 at a minute.
    let (day, rate, seeds) = Self.isLong ? (1440, 1.0 / 7, 18) : (96, 1.0, 2)
    let weeks = Self.isLong ? 8 : 4
    var count = 0
    for seed in 1...UInt64(seeds) {
      count += try alarms(kind, days: 7 * weeks, day: day, alarmsPerDay: rate, seed: seed)
    }
    let share = Double(count) / (rate * Double(7 * weeks * seeds))
    #expect(share > 1 / 1.5 && share < 1.5, "\(kind): \(share) of the rate")
    if Self.isLong { print("false alarms, \(kind): \(share) of the rate") }
  }

  @Test("a trend and a shift of level are taken for no weekly rhythm")
  func weeklyRhythm() {
    let day = 48
    let noise = OutlierSignals.noise(40 * day)
    let trend = noise.indices.map { noise[$0] + Double($0) / Double(day) }
    let shift = noise.indices.map { noise[$0] + ($0 >= 24 * day ? 20 : 0) }
    let grid = RefitGrid(samplesPerDay: day, offset: 0)
    for (values, days) in [(trend, 15..<40), (shift, 29..<38)] {
      let table = SurpriseTable(values: values, grid: grid, history: 7 * day, curve: nil)
      let residuals = table.signed[SurpriseTable.Part.residual.rawValue]
      let daily = days.map { Quantiles.median(residuals[($0 * day)..<(($0 + 1) * day)]) }
      for pair in zip(daily, daily.dropFirst()) { #expect(abs(pair.0 - pair.1) < 1, "\(daily)") }
    }
  }

  @Test("the rate of an exponential law is met, whatever share of the highest runs is strange")
  func exponential() {
    var random = SeededGenerator(seed: 3)
    var sizes = (0..<40_000).map { _ in
      pow(Double.random(in: 1e-300..<1, using: &random), -0.3)
    }
    func surprise(_ sizes: [Double]) throws -> Double {
      var scratch = sizes
      let tail = try #require(
        ParetoTail(
          sizes, from: 0, to: sizes.count, every: 1, fewest: 1, longestRun: .max,
          scratch: &scratch))
      return AlarmRate(of: [(tail, sizes)], in: 0..<sizes.count, gap: 1, wanted: 4)
        .surprise(at: 4)
    }
    #expect(throws: Never.self) {
      let clean = try surprise(sizes)
      #expect(abs(clean - 4) < 0.4, "\(clean)")
      for index in [5_000, 20_000] { sizes[index] = 1e6 }
      #expect(try abs(surprise(sizes) - clean) < 0.4)
    }
  }
}
