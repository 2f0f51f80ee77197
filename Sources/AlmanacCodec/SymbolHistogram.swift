/// Counts symbols and finds the table that codes them in the fewest bits.
struct SymbolHistogram: ~Copyable {
  /// A model of symbols.
  struct Choice {
    var model = ColumnHead.Model.sparse
    var hasPatches = true
    /// Of symbols, patches and table, in 1/256 bits.
    var cost = Int.max
  }

  private let counts = UnsafeMutablePointer<UInt32>.allocate(capacity: Symbols.count)
  private let frequencies = UnsafeMutablePointer<UInt16>.allocate(capacity: Symbols.count)
  private let present = UnsafeMutablePointer<Int>.allocate(capacity: Symbols.count)
  private var presentCount = 0
  private var total = 0

  deinit {
    counts.deallocate()
    frequencies.deallocate()
    present.deallocate()
  }

  /// The index of a symbol; that of the escape for one out of reach.
  @inline(__always)
  static func index(_ symbol: Int64) -> UInt8 {
    let index = UInt64(bitPattern: symbol &+ Symbols.zero)
    return UInt8(truncatingIfNeeded: min(index, UInt64(Symbols.escape)))
  }

  /// Counts the symbols of `count` residuals.
  mutating func fill(
    _ residuals: UnsafePointer<Int64>, count: Int, origin: Int64, shift: Int
  ) {
    counts.update(repeating: 0, count: Symbols.count)
    for index in 0..<count {
      counts[Int(Self.index((residuals[index] &+ origin) &>> Int64(shift)))] &+= 1
    }
    total = count
    presentCount = 0
    for symbol in 0..<Symbols.count where counts[symbol] > 0 {
      present[presentCount] = symbol
      presentCount += 1
    }
  }

  /// The model that makes the symbols shortest.
  ///
  /// - Parameter deviation: The mean absolute deviation of symbols, in 1/256.
  mutating func choose(shift: Int, deviation: UInt64) -> Choice {
    var best = sparse()
    let lowest = shift == 0 ? 0 : FixedTables.scaleCount - FixedTables.octave
    for family in FixedTables.Family.allCases {
      // Where the mean absolute deviation puts h, the scale of a family: 4 log2(h / deviation) in
      // 1/256, and the scale of h = 1.
      let (factor, origin) =
        switch family {
        case .gaussian: (574, 7)
        case .laplace: (-542, 12)
        case .heavy: (666, 7)
        }
      let quarters = 4 * (FixedPoint.logarithm(max(1, deviation)) - 8 * 256) + factor
      let start = max(lowest, min(FixedTables.scaleCount - 1, origin + (quarters + 128) >> 8))
      for step in [-1, 1] {
        var scale = step < 0 ? start : start + 1
        var least = Int.max
        while scale >= lowest, scale < FixedTables.scaleCount {
          let choice = fixed(family, scale: scale)
          guard choice.cost < least else { break }
          least = choice.cost
          if choice.cost < best.cost { best = choice }
          scale += step
        }
      }
    }
    // A table costs about five bits a symbol: below that it is not worth counting.
    if presentCount * 5 * 256 < best.cost, makeExplicit() != nil {
      let choice = explicitChoice()
      if choice.cost < best.cost { best = choice }
    }
    return best
  }

  private func patchCost(_ symbol: Int) -> Int {
    let distance = abs(symbol - Int(Symbols.zero))
    return (symbol == Symbols.escape ? 3 : distance < 64 ? 1 : 2) * 8 * 256
  }

  private func sparse() -> Choice {
    var cost = 2 * 8 * 256
    for place in 0..<presentCount where present[place] != Int(Symbols.zero) {
      cost += Int(counts[present[place]]) * (patchCost(present[place]) + 8 * 256)
    }
    return Choice(model: .sparse, hasPatches: true, cost: cost)
  }

  private func fixed(_ family: FixedTables.Family, scale: Int) -> Choice {
    let frequencies = FixedTables.shared.frequencies(ColumnHead.table(family, scale))
    let costs = Symbols.cost
    var cost = 0
    var patches = 0
    costs.withUnsafeBufferPointer { costs in
      let escape = Int(costs[Int(frequencies[Symbols.escape])])
      for place in 0..<presentCount {
        let symbol = present[place]
        let count = Int(counts[symbol])
        let frequency = Int(frequencies[symbol])
        if frequency == 0 || symbol == Symbols.escape {
          cost &+= count &* (escape &+ patchCost(symbol))
          patches &+= count
        } else {
          cost &+= count &* Int(costs[frequency])
        }
      }
    }
    if patches > 0 { cost += 2 * 8 * 256 }
    return Choice(
      model: .fixed(family: family, scale: scale), hasPatches: patches > 0, cost: cost)
  }

  /// Makes frequencies of the counts that a chunk can store; nil where there are too many symbols.
  @discardableResult
  mutating func makeExplicit() -> UnsafePointer<UInt16>? {
    frequencies.update(repeating: 0, count: Symbols.count)
    guard presentCount > 1 else { return nil }
    var top = present[0]
    for place in 0..<presentCount where counts[present[place]] > counts[top] {
      top = present[place]
    }
    var left = Symbols.slots
    var greatest = 0
    for place in 0..<presentCount where present[place] != top {
      let symbol = present[place]
      let share = (Int(counts[symbol]) * Symbols.slots + total / 2) / total
      let frequency = FrequencyTable.rounded(max(1, share))
      frequencies[symbol] = UInt16(frequency)
      left -= frequency
      greatest = max(greatest, frequency)
    }
    // The symbol that takes the rest is known by being the most frequent.
    guard left >= greatest else { return nil }
    frequencies[top] = UInt16(left)
    return UnsafePointer(frequencies)
  }

  private func explicitChoice() -> Choice {
    var cost = 16 * 256
    var last = present[0]
    for place in 0..<presentCount {
      let symbol = present[place]
      let frequency = Int(frequencies[symbol])
      cost += Int(counts[symbol]) * Int(Symbols.cost[frequency])
      cost += 4 * 256 + min(2, Int.bitWidth - frequency.leadingZeroBitCount - 1) * 256
      cost += (symbol - last + 14) / 16 * 8 * 256
      last = symbol
    }
    let escapes = Int(counts[Symbols.escape])
    if escapes > 0 { cost += 2 * 8 * 256 + escapes * patchCost(Symbols.escape) }
    return Choice(model: .explicit, hasPatches: escapes > 0, cost: cost)
  }
}
