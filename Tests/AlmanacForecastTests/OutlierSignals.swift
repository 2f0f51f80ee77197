#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Signals made from a seed, the same in the Python reference.
enum OutlierSignals {
  /// Sums of four uniform numbers less 2: bell-shaped, standard deviation 0.577.
  static func noise(_ count: Int, seed: UInt64 = 1) -> [Double] {
    var state = seed
    return (0..<count).map { _ in
      var sum = 0.0
      for _ in 0..<4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        sum += Double(state >> 11) / 9_007_199_254_740_992
      }
      return sum - 2
    }
  }

  /// 50 and a daily rhythm of 5 with noise.
  static func daily(days: Int, samplesPerDay day: Int, seed: UInt64 = 1) -> [Double] {
    zip(0..., noise(days * day, seed: seed)).map { index, noise in
      50 + 5 * sin(2 * Double.pi * Double(index) / Double(day)) + noise
    }
  }

  /// Five weeks with a dip of an hour at three o'clock each Wednesday, and its first sample in the
  /// last week.
  static func weeklyDip(samplesPerDay day: Int) -> (values: [Double], start: Int) {
    var values = daily(days: 35, samplesPerDay: day)
    var start = 0
    for week in 0..<5 {
      start = (7 * week + 2) * day + 3 * day / 24
      for index in start..<(start + day / 24) { values[index] -= 20 }
    }
    return (values, start)
  }
}
