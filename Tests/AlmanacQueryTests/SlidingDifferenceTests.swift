import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacQuery

@Suite struct SlidingDifferenceTests {
  /// Counters that fall, values that are no numbers, regular times and gaps.
  static func samples(_ random: inout SeededGenerator) -> Samples {
    var samples = Samples()
    var (time, value) = (Int64.random(in: -1_000...1_000, using: &random), 0.0)
    let isRegular = Bool.random(using: &random)
    let isOdd = Int.random(in: 0..<3, using: &random) == 0
    for _ in 0..<Int.random(in: 0...200, using: &random) {
      time += isRegular ? 15 : Int64.random(in: 1...60, using: &random)
      if Int.random(in: 0..<20, using: &random) == 0 { time += 500 }
      value += Double(Int.random(in: 0...9, using: &random))
      if Int.random(in: 0..<25, using: &random) == 0 { value = 0 }
      let strangers = [Double.nan, .infinity, -.infinity, -0.0, -5, 1e308]
      let stranger = isOdd && Int.random(in: 0..<15, using: &random) == 0
      _ = samples.append(
        time: time * 1_000_000_000,
        value: stranger ? strangers.randomElement(using: &random) ?? 0 : value)
    }
    return samples
  }

  @Test("windows that slide have the bits of each window alone", arguments: UInt64(0)..<200)
  func bits(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let samples = Self.samples(&random)
    let second: Int64 = 1_000_000_000
    let start = Timestamp(nanoseconds: Int64.random(in: -2_000...2_000, using: &random) * second)
    let step = Interval(nanoseconds: Int64.random(in: 1...90, using: &random) * second)
    let ends = try Moments(TimeRange(start: start, end: start + .seconds(4_000)), step: step)
    let length = Int64.random(in: 1...600, using: &random) * second
    for (isCounter, isRate) in [(true, true), (true, false), (false, false)] {
      let function = SlidingDifference(isCounter: isCounter, isRate: isRate)
      let sliding = function.slide(along: samples, ends: ends, length: length, at: ends.times)
      var single = Samples()
      for end in ends.times {
        let one = function.slide(
          along: samples, ends: Moments(Timestamp(nanoseconds: end)), length: length, at: [end])
        if let (time, value) = one.last { _ = single.append(time: time, value: value) }
      }
      #expect(sliding.timestamps == single.timestamps)
      let areSame = sliding.values.elementsEqual(single.values) {
        $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN
      }
      #expect(areSame)
    }
  }

  @Test("windows worked out before serve series of the same times", arguments: UInt64(0)..<50)
  func recent(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let second: Int64 = 1_000_000_000
    let start = Timestamp(nanoseconds: Int64.random(in: -2_000...2_000, using: &random) * second)
    let ends = try Moments(TimeRange(start: start, end: start + .seconds(4_000)), step: .minutes(1))
    let length = Int64.random(in: 1...600, using: &random) * second
    let function = SlidingDifference(isCounter: true, isRate: true)
    let recent = RecentWindows()
    // More than are kept, in turn and again.
    let lots = (0..<6).map { _ in Self.samples(&random) }
    for _ in 0..<40 {
      let lot = lots[Int.random(in: 0..<lots.count, using: &random)]
      let values = lot.values.map { $0 + Double(Int.random(in: 0...9, using: &random)) }
      let samples = Samples(timestamps: lot.timestamps, values: values)
      let found = function.slide(
        along: samples, ends: ends, length: length, at: ends.times, recent)
      let alone = function.slide(along: samples, ends: ends, length: length, at: ends.times)
      #expect(found.timestamps == alone.timestamps)
      let areSame = found.values.elementsEqual(alone.values) {
        $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN
      }
      #expect(areSame)
    }
  }

  @Test("windows at the ends of time give values or none")
  func ends() {
    let samples = Samples(timestamps: [.min, -1, 0, .max], values: [1, 2, 3, 4])
    let function = SlidingDifference(isCounter: true, isRate: true)
    for end in [Int64.min, .min + 1, -1, 0, .max - 1, .max] {
      for length in [1, 1_000, Int64.max] {
        let found = function.slide(
          along: samples, ends: Moments(Timestamp(nanoseconds: end)), length: length, at: [end])
        #expect(found.count <= 1)
      }
    }
  }
}
