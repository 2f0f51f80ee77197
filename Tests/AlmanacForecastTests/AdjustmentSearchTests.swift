import Foundation
import Testing

@testable import AlmanacForecast

/// Five minutes, after four weeks.
@Suite("Search for new levels and clocks")
struct AdjustmentSearchTests {
  private static let grid = RefitGrid(samplesPerDay: 288, offset: 0)
  private static let start = 28 * 288

  /// What the search finds in noise of unit 0.4 with what `change` adds, by the samples' distance to
  /// the refit.
  private static func level(seed: UInt64, _ change: (Int) -> Double) -> Adjustment? {
    var search = LevelSearch(grid: grid)
    let residuals = zip(0..., OutlierSignals.noise(start, seed: seed)).map {
      $1 + change(start - $0)
    }
    return search.find(residuals, before: start, unit: 0.4, reach: start)
  }

  @Test(
    "a level is found where it began, once it has lasted for an eighth of a day", arguments: 1...20)
  func level(seed: UInt64) throws {
    var chance = seed
    for (length, size) in [(72, 3.0), (36, -8.0), (100, 2.0), (400, 5.0)] {
      chance += 100
      guard
        case .level(let since, let by)? = Self.level(seed: chance, { $0 <= length ? size : 0 })
      else {
        Issue.record("none of \(length) samples, \(size)")
        continue
      }
      #expect(abs(since - (Self.start - length)) <= 3)
      #expect(abs(by - size) < 0.4)
    }
  }

  @Test("noise, a short level, a ramp and spikes are no level", arguments: 1...20)
  func none(seed: UInt64) {
    #expect(Self.level(seed: seed) { _ in 0 } == nil)
    #expect(Self.level(seed: seed) { $0 <= 30 ? 9 : 0 } == nil)
    #expect(Self.level(seed: seed) { $0 <= 144 ? 9 * (1 - Double($0) / 144) : 0 } == nil)
    #expect(Self.level(seed: seed) { $0 <= 100 && $0 % 5 < 3 ? 9 : 0 } == nil)
  }

  @Test("samples that are not there are no level")
  func missing() {
    #expect(Self.level(seed: 1) { $0 <= 100 ? ($0 % 3 == 0 ? 9 : .nan) : 0 } == nil)
    #expect(Self.level(seed: 1) { _ in .nan } == nil)
  }

  /// What the search finds where the samples of the last `length` are those that `rhythm` has `shift`
  /// samples later, plus `level`.
  private static func clock(
    seed: UInt64, shift: Int, length: Int = 120, level: Double = 0, _ rhythm: (Double) -> Double
  ) -> Adjustment? {
    let expected = (0..<start).map { rhythm(Double($0 % 288) / 12) }
    let noise = OutlierSignals.noise(start, seed: seed)
    let values = noise.indices.map { index in
      let isMoved = index >= start - length
      let time = Double((index + (isMoved ? shift : 0)) % 288) / 12
      return rhythm(time) + noise[index] + (isMoved ? level : 0)
    }
    let residuals = zip(values, expected).map { $0 - $1 }
    return ClockSearch(grid: grid).find(
      values, expected, residuals, before: start, last: 0, reach: start)
  }

  @Test("a rhythm that comes an hour earlier or later is found", arguments: [12, -12], 1...5)
  func clock(shift: Int, seed: UInt64) throws {
    guard
      case .clock(let since, let by)? = Self.clock(
        seed: seed, shift: shift, { 8 * sin(2 * Double.pi * $0 / 24) })
    else {
      Issue.record("none found")
      return
    }
    #expect(by == shift)
    #expect(abs(since - (Self.start - 120)) <= 36)
  }

  @Test(
    "a level, one job that moved once and another rhythm are no change of the clock",
    arguments: 1...5)
  func noClock(seed: UInt64) {
    let wave = { 8 * sin(2 * Double.pi * $0 / 24) }
    #expect(Self.clock(seed: seed, shift: 0, wave) == nil)
    #expect(Self.clock(seed: seed, shift: 0, level: 9, wave) == nil)
    #expect(Self.clock(seed: seed, shift: 36, wave) == nil)
    let job = { (hour: Double) in (20..<21).contains(hour) ? 9.0 : 0 }
    #expect(Self.clock(seed: seed, shift: 12, job) == nil)
    // On its second day it is the rhythm.
    #expect(Self.clock(seed: seed, shift: 12, length: 360, job) != nil)
  }
}
