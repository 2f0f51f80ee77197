/// Powers and logarithms of two with integers only: the same bits on every machine, which a
/// format needs and the C library does not promise.
enum FixedPoint {
  /// 2^(-1/2), 2^(-1/4), ... 2^(-1/65536), times 2^32.
  private static let roots: [UInt64] = {
    var roots: [UInt64] = []
    var square: UInt64 = 1 << 63
    for _ in 0..<16 {
      let root = squareRoot(square)
      roots.append(root)
      square = root << 32
    }
    return roots
  }()

  /// The largest integer whose square is at most `square`.
  private static func squareRoot(_ square: UInt64) -> UInt64 {
    var root: UInt64 = 0
    for bit in (0..<32).reversed() {
      let next = root | 1 << UInt64(bit)
      if next * next <= square { root = next }
    }
    return root
  }

  /// 2^-x times 2^32, rounded down a little; `x` is 2^16 times the exponent.
  static func negativePower(_ x: UInt64) -> UInt64 {
    var power: UInt64 = 1 << 32
    for (index, root) in roots.enumerated() where x >> UInt64(15 - index) & 1 == 1 {
      power = (power * root) >> 32
    }
    return power >> (x >> 16)
  }

  /// log2 of `x` in 1/256, rounded down; 0 for 0.
  static func logarithm(_ x: UInt64) -> Int {
    guard x > 1 else { return 0 }
    let whole = 63 - x.leadingZeroBitCount
    // A number in [1, 2) times 2^31.
    var fraction = whole >= 31 ? x >> UInt64(whole - 31) : x << UInt64(31 - whole)
    var result = whole
    for _ in 0..<8 {
      fraction = (fraction * fraction) >> 31
      result <<= 1
      if fraction >= 1 << 32 {
        fraction >>= 1
        result |= 1
      }
    }
    return result
  }
}
