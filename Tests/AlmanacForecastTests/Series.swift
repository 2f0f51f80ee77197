import AlmanacCore
import AlmanacForecast
import Glibc

/// Made signals, the same everywhere.
enum Series {
  /// A Monday.
  static let start = Timestamp(nanoseconds: 1_756_684_800_000_000_000)

  /// The generator of `rules_reference.py`: 15-minute values with day, weekend, a shift and noise.
  static func reference(_ count: Int) -> [Double] {
    var noise = Noise(seed: 1)
    return (0..<count).map { index in
      let weekend: Double = index / 96 % 7 >= 5 ? -6 : 0
      let shift: Double = index >= 14 * 96 + 37 ? 4 : 0
      let day = 10 * sin(2 * Double.pi * Double(index % 96) / 96)
      return 50 + day + weekend + shift + 8 * noise.next()
    }
  }

  /// Hourly values with day, weekend and noise.
  static func hourly(days: Int, noise amount: Double = 2, seed: UInt64 = 1) -> RegularSeries {
    daily(step: .hours(1), days: days, noise: amount, seed: seed)
  }

  /// Values with day, weekend and noise at any step.
  static func daily(
    step: Interval, days: Int, noise amount: Double = 2, seed: UInt64 = 1
  ) -> RegularSeries {
    var noise = Noise(seed: seed)
    let count = Interval.days(Int64(days)).count(of: step)
    let values = (0..<count).map { index -> Double in
      let day = Double(index) * step.seconds / 86_400
      let weekend: Double = Int(day) % 7 >= 5 ? -5 : 0
      return 30 + 8 * sin(2 * Double.pi * day) + weekend + amount * noise.next()
    }
    return RegularSeries(start: start, step: step, values: values)
  }

  /// Uniform noise about 0.
  static func noise(_ count: Int, seed: UInt64) -> [Double] {
    var noise = Noise(seed: seed)
    return (0..<count).map { _ in noise.next() }
  }
}

/// Numbers from -0.5 to 0.5: the top 24 bits of a linear congruential generator.
struct Noise {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> Double {
    Double(nextBits() >> 40) / 16_777_216 - 0.5
  }

  mutating func nextBits() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state
  }

  mutating func index(below count: Int) -> Int { Int((nextBits() >> 33) % UInt64(count)) }
}

extension ForecastOptions {
  /// A network small enough for a debug build.
  static func small(_ model: ModelKind = .auto) -> ForecastOptions {
    var options = ForecastOptions(model: model)
    options.hidden = 4
    options.batch = 8
    options.epochs = 1
    return options
  }
}

func close(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(a), abs(b))
}
