/// A small seeded generator: the same seed gives the same numbers on every machine.
///
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 up to 1.
  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// About normal with mean 0 and deviation 1, never beyond 3.5: the sum of four uniform ones.
  ///
  /// No logarithm or cosine, so the bits do not depend on the mathematical library; and no tails,
  /// so noise is never mistaken for an outlier.
  mutating func bell() -> Double {
    (uniform() + uniform() + uniform() + uniform() - 2) * 1.732_050_807_568_877_2
  }
}
