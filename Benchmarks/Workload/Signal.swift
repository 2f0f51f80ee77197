public import AlmanacCore
internal import Foundation

/// Made series, the same in every run.
public enum Signal: String, CaseIterable, Sendable {
  /// The same value always.
  case constant
  /// Whole numbers that grow by 0 to 99, as a counter of requests.
  case counter
  /// The sum of normal steps: all 52 bits of the fraction are noise.
  case randomWalk = "random walk"
  /// A slow swing with noise, rounded to two decimals, as a percentage.
  case gauge = "gauge with 2 decimals"

  /// When every made series begins, a Monday: 2026-06-01T00:00:00Z.
  public static let start = Timestamp(nanoseconds: 1_780_272_000_000_000_000)

  /// `count` samples, one each `step`.
  public func samples(_ count: Int, step: Interval, seed: UInt64 = 1) -> Samples {
    var random = SeededGenerator(seed: seed)
    var sum = 0.0
    let values = (0..<count).map { index -> Double in
      switch self {
      case .constant: return 42
      case .counter:
        sum += Double(Int.random(in: 0..<100, using: &random))
        return sum
      case .randomWalk:
        sum += random.normal()
        return sum
      case .gauge:
        let value = 50 + 20 * sin(Double(index) / 1000) + random.normal()
        return (value * 100).rounded() / 100
      }
    }
    return Samples(timestamps: Self.times(count, step: step), values: values)
  }

  /// `days` of a busy host's minutes: a day with two peaks, quiet weekends, noise with memory.
  public static func minutes(days: Int, seed: UInt64 = 1) -> [Double] {
    var random = SeededGenerator(seed: seed)
    var memory = 0.0
    return (0..<days * 1440).map { index in
      let day = 2 * Double.pi * Double(index % 1440) / 1440
      let weekend: Double = index / 1440 % 7 >= 5 ? 0.5 : 1
      memory = 0.9 * memory + random.normal()
      return 40 + weekend * (12 * sin(day - 2) + 5 * sin(2 * day)) + memory
    }
  }

  /// `count` times from `start`, one each `step`.
  public static func times(_ count: Int, step: Interval) -> [Int64] {
    (0..<count).map { start.nanoseconds + Int64($0) * step.nanoseconds }
  }
}
