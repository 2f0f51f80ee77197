internal import Foundation

/// Random numbers that a seed repeats exactly (SplitMix64; Steele et al., OOPSLA 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The generator of `seed`.
  public init(seed: UInt64) {
    state = seed
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value &>> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value &>> 31)
  }

  /// A standard normal number (Box and Muller, 1958).
  public mutating func normal() -> Double {
    let uniform = Double.random(in: Double.leastNonzeroMagnitude...1, using: &self)
    let angle = 2 * Double.pi * Double.random(in: 0..<1, using: &self)
    return (-2 * log(uniform)).squareRoot() * cos(angle)
  }
}
