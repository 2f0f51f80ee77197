/// What the entropy coder knows of its 256 symbols: how many of 4,096 slots each one has.
///
/// A symbol k from -127 to 127 has the index k + 127; index 255 is the escape.
enum Symbols {
  /// The number of symbols, with the escape.
  static let count = 256
  /// The index of symbol 0.
  static let zero: Int64 = 127
  /// The index that says: the symbol stands in the list of patches.
  static let escape = 255
  /// log2 of `slots`.
  static let slotBits: UInt32 = 12
  /// The slots that all symbols share.
  static let slots = 1 << Int(slotBits)

  /// Fills the decoding table of 4,096 entries: frequency, place within it, index of the symbol.
  ///
  /// - Precondition: the frequencies sum to 4,096 and none is 4,096.
  static func fill(_ table: UnsafeMutablePointer<UInt32>, frequencies: UnsafePointer<UInt16>) {
    var slot = 0
    for symbol in 0..<count {
      let frequency = Int(frequencies[symbol])
      let entry = UInt32(frequency) | UInt32(symbol) << 24
      for place in 0..<frequency {
        table[slot &+ place] = entry | UInt32(truncatingIfNeeded: place) << 12
      }
      slot &+= frequency
    }
    precondition(slot == slots, "BUG: frequencies sum to \(slot)")
  }

  /// Bits, in 1/256, that a symbol with so many slots costs; index 0 is not used.
  static let cost: [Int32] = (0...slots).map { frequency in
    Int32(Int(slotBits) * 256 - FixedPoint.logarithm(UInt64(frequency)))
  }
}

/// The distributions that are part of the format: three families over a geometric grid of scales.
///
/// They are made with integers only and never change; a test holds their checksum.
struct FixedTables: @unchecked Sendable {
  /// How weights fall with the distance from zero.
  enum Family: Int, CaseIterable {
    /// 2^-(k/h)^2.
    case gaussian = 0
    /// 2^-(|k|/h).
    case laplace = 1
    /// (1 + (k/h)^2)^-2, Student's t with three degrees of freedom.
    case heavy = 2
  }

  /// Scales of each family; from one to the next h grows by 2^(1/4).
  static let scaleCount = 21
  /// The last scales, an octave, serve residuals whose low bits are stored apart.
  static let octave = 4

  /// All tables, made once.
  static let shared = FixedTables()

  private let frequencies: UnsafeMutablePointer<UInt16>
  private let entries: UnsafeMutablePointer<UInt32>

  private init() {
    let tables = Family.allCases.count * Self.scaleCount
    frequencies = .allocate(capacity: tables * Symbols.count)
    entries = .allocate(capacity: tables * Symbols.slots)
    for family in Family.allCases {
      for scale in 0..<Self.scaleCount {
        let table = family.rawValue * Self.scaleCount + scale
        let made = Self.frequencies(family, scale: scale)
        let target = frequencies + table * Symbols.count
        for (index, frequency) in made.enumerated() {
          (target + index).initialize(to: frequency)
        }
        Symbols.fill(entries + table * Symbols.slots, frequencies: target)
      }
    }
  }

  /// The 256 frequencies of a table.
  func frequencies(_ table: Int) -> UnsafePointer<UInt16> {
    UnsafePointer(frequencies + table &* Symbols.count)
  }

  /// The 4,096 entries of a table.
  func entries(_ table: Int) -> UnsafePointer<UInt32> {
    UnsafePointer(entries + table &* Symbols.slots)
  }

  /// The frequencies of one table: they sum to 4,096, and the escape has one at least.
  static func frequencies(_ family: Family, scale: Int) -> [UInt16] {
    let reach = family == .heavy ? 2000 : Int(Symbols.zero)
    let weights = (0...reach).map { weight(family, scale: scale, distance: UInt64($0)) }
    let total = weights.dropFirst().reduce(weights[0]) { $0 + 2 * $1 }
    var frequencies = [UInt16](repeating: 0, count: Symbols.count)
    var rest = UInt64(Symbols.slots)
    var escaped: UInt64 = 0
    for distance in 1...reach {
      let share = weights[distance] * UInt64(Symbols.slots)
      // At least a quarter of a slot is rounded up to one.
      guard distance <= Symbols.zero, share * 4 >= total else {
        escaped += 2 * weights[distance]
        continue
      }
      let frequency = max(1, (share + total / 2) / total)
      frequencies[Int(Symbols.zero) + distance] = UInt16(frequency)
      frequencies[Int(Symbols.zero) - distance] = UInt16(frequency)
      rest -= 2 * frequency
    }
    let escape = max(1, (escaped * UInt64(Symbols.slots) + total / 2) / total)
    frequencies[Symbols.escape] = UInt16(escape)
    frequencies[Int(Symbols.zero)] = UInt16(rest - escape)
    return frequencies
  }

  /// The weight of a symbol, times 2^32.
  private static func weight(_ family: Family, scale: Int, distance: UInt64) -> UInt64 {
    switch family {
    case .gaussian:
      // h = 2^((scale - 7) / 4).
      let inverse = FixedPoint.negativePower(UInt64(scale + 1) << 15) << 4
      return FixedPoint.negativePower((distance * distance * inverse) >> 16)
    case .laplace:
      // h = 2^((scale - 12) / 4).
      let inverse = FixedPoint.negativePower(UInt64(scale) << 14) << 3
      return FixedPoint.negativePower((distance * inverse) >> 16)
    case .heavy:
      guard distance > 0 else { return 1 << 32 }
      // h = 2^((scale - 7) / 4).
      let square = FixedPoint.negativePower(UInt64(21 - scale) << 15) >> 9
      let ratio = (square << 32) / (square + (distance * distance) << 16)
      return (ratio * ratio) >> 32
    }
  }
}
