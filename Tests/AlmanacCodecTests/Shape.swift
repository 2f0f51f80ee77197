import AlmanacCore
import AlmanacTesting

/// Ways in which real and unreal signals look.
enum Shape: CaseIterable {
  case constant, line, integers, sparse, decimals, decimalWalk, manyDecimals, counter, multiples
  case noise, walk, singlePrecision, gaps, special, randomBits, denormal, huge, spikes, negative
  case repeats

  private static let specials: [Double] = [
    .nan, -.nan, Double(nan: 7, signaling: false), Double(nan: 5, signaling: true), .infinity,
    -.infinity, 0, -0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -1,
  ]

  func values(_ count: Int, _ random: inout SeededGenerator) -> [Double] {
    var level = Double(Int.random(in: 0...1000, using: &random))
    let repeated = (0..<7).map { _ in Double.random(in: 0..<1, using: &random) }
    return (0..<count).map { index in
      switch self {
      case .constant: return level
      case .line: return 1000 + 17 * Double(index)
      case .integers: return Double(Int.random(in: 0...100, using: &random))
      case .sparse: return Int.random(in: 0..<50, using: &random) == 0 ? 3 : 0
      case .decimals: return Double(Int.random(in: 0...10_000, using: &random)) / 100
      case .manyDecimals: return Double(Int.random(in: 0...1 << 40, using: &random)) / 1e12
      case .counter:
        level += Double(Int.random(in: 0...9, using: &random))
        return level
      case .multiples: return Double(Int.random(in: -500...500, using: &random) * 4096)
      case .decimalWalk:
        level += random.normal()
        return (level * 100).rounded() / 100
      case .noise:
        level += random.normal() / 10
        return ((level + random.normal()) * 10).rounded() / 10
      case .walk:
        level += random.normal()
        return level
      case .singlePrecision: return Double(Float(random.normal()))
      case .gaps:
        level += random.normal()
        return Int.random(in: 0..<30, using: &random) == 0 ? .nan : level.rounded()
      case .special: return Self.specials[Int.random(in: 0..<Self.specials.count, using: &random)]
      case .randomBits: return Double(bitPattern: random.next())
      case .denormal: return Double(bitPattern: random.next() & 0xFFFF_FFFF_FFFF)
      case .huge: return (random.normal() * 0x1p50).rounded()
      case .spikes:
        let isSpike = Int.random(in: 0..<100, using: &random) == 0
        return (random.normal() * (isSpike ? 1e9 : 10)).rounded()
      case .negative: return -(random.normal() * 10).rounded() / 1000
      case .repeats: return repeated[Int.random(in: 0..<repeated.count, using: &random)]
      }
    }
  }

  /// Times: regular or not, aligned or not, of several units, with gaps.
  static func times(_ count: Int, _ random: inout SeededGenerator) -> [Int64] {
    let unit: Int64 = [1, 1_000, 1_000_000, 1_000_000_000].randomElement(using: &random) ?? 1
    let step = Int64([1, 7, 10, 60, 3600].randomElement(using: &random) ?? 1)
    let jitter: Int64 = [0, 0, 1, 100, 1_000_000].randomElement(using: &random) ?? 0
    let gap: Int = [1_000_000, 50, 3].randomElement(using: &random) ?? 1
    let day = 86_400_000_000_000 as Int64
    var time = Int64.random(in: -10_000...20_000, using: &random) * day
    if Bool.random(using: &random) {
      time += Int64.random(in: 0..<day / unit, using: &random) * unit
    }
    return (0..<count).map { _ in
      time += step * unit + Int64.random(in: 0...jitter, using: &random) * unit / 10
      if Int.random(in: 0..<gap, using: &random) == 0 { time += 5 * step * unit }
      return time
    }
  }

  func samples(_ count: Int, _ random: inout SeededGenerator) -> Samples {
    Samples(timestamps: Self.times(count, &random), values: values(count, &random))
  }
}
