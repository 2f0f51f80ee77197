/// Writes columns of integers; keeps its memory between columns.
///
/// `plan` looks for the shortest way, `write` goes it.
struct ColumnEncoder: ~Copyable {
  /// A way to write a column.
  struct Plan {
    var head = ColumnHead()
    var offset: Int64 = 0
    var multiplier: Int64 = 1
    var base: Int64 = 0
    var level = 0
    /// What symbols, low bits and side information come to, in 1/256 bits.
    var cost = Int.max
  }

  private let capacity: Int
  private let residuals: UnsafeMutablePointer<Int64>
  private let symbols: UnsafeMutablePointer<UInt8>
  private let coded: UnsafeMutableRawPointer
  private let codedSize: Int
  private let table = UnsafeMutablePointer<UInt32>.allocate(capacity: Symbols.count)
  private var histogram = SymbolHistogram()

  /// An encoder of columns of at most `capacity` numbers.
  init(capacity: Int) {
    self.capacity = capacity
    residuals = .allocate(capacity: capacity)
    symbols = .allocate(capacity: capacity)
    // Symbols, or the low bits of numbers.
    codedSize = max(SymbolCoder.bound(capacity), capacity * 8 + 8)
    coded = .allocate(byteCount: codedSize, alignment: 8)
  }

  deinit {
    residuals.deallocate()
    symbols.deallocate()
    coded.deallocate()
    table.deallocate()
  }

  // MARK: Plan

  /// The shortest way found for `numbers`, which are divided by their common multiplier in place.
  mutating func plan(_ numbers: UnsafeMutablePointer<Int64>, count: Int) -> Plan {
    precondition(count > 0 && count <= capacity, "BUG: a column of \(count) numbers")
    var common = Plan()
    divide(numbers, count: count, plan: &common)
    let rough = RoughBits(numbers, count: count)
    var best = Plan()
    for predictor in rough.candidates {
      var plan = common
      plan.head.predictor = predictor.kind
      plan.level = predictor.level
      subtract(numbers, count: count, plan.head.predictor, level: plan.level)
      fit(&plan, count: count - min(count, plan.head.predictor.firsts))
      let second = plan.head.predictor.firsts > 1 ? (numbers[1] &- numbers[0]).signedSize : 0
      let first = plan.head.predictor.firsts > 0 ? numbers[0].signedSize : 0
      plan.cost += (first + second + (plan.head.predictor == .smoothed ? 1 : 0)) * 8 * 256
      if plan.head.shortCode == nil { plan.cost += 8 * 256 }
      if plan.cost < best.cost { best = plan }
    }
    if best.offset != 0 { best.head.extras.insert(.offset) }
    return best
  }

  /// A way that is found at once: steps from number to number, all in the same number of bits.
  mutating func draft(_ numbers: UnsafeMutablePointer<Int64>, count: Int) -> Plan {
    precondition(count > 0 && count <= capacity, "BUG: a column of \(count) numbers")
    var (least, greatest) = (Int64.max, Int64.min)
    for index in 1..<max(1, count) {
      let step = numbers[index] &- numbers[index &- 1]
      least = min(least, step)
      greatest = max(greatest, step)
    }
    var plan = Plan()
    plan.cost = 0
    guard count > 1 else { return plan }
    let bits = 64 - UInt64(bitPattern: greatest &- least).leadingZeroBitCount
    guard bits <= ColumnHead.maximumShift else { return self.plan(numbers, count: count) }
    plan.head.shift = bits
    plan.offset = least &+ plan.head.half
    plan.cost = bits * count * 256
    if plan.offset != 0 { plan.head.extras.insert(.offset) }
    return plan
  }

  /// Divides by the greatest common divisor of the differences where that saves bytes.
  private func divide(
    _ numbers: UnsafeMutablePointer<Int64>, count: Int, plan: inout Plan
  ) {
    var divisor: UInt64 = 0
    let step = count > 1 ? numbers[1] &- numbers[0] : 0
    var isLine = true
    for index in 1..<max(1, count) {
      isLine = isLine && numbers[index] &- numbers[index &- 1] == step
      var a = (numbers[index] &- numbers[0]).magnitude
      guard a > 0 else { continue }
      var b = divisor
      while b != 0 { (a, b) = (b, a % b) }
      divisor = a
      if divisor == 1 { return }
    }
    let base = numbers[0]
    guard !isLine, let multiplier = Int64(exactly: divisor), multiplier > 1,
      count * FixedPoint.logarithm(divisor) > (24 + 8 * base.signedSize) * 256
    else { return }
    for index in 0..<count { numbers[index] = (numbers[index] &- base) / multiplier }
    plan.multiplier = multiplier
    plan.base = base
    plan.head.extras.insert(.multiplier)
  }

  /// Fills `residuals` with what `predictor` leaves of the numbers.
  private func subtract(
    _ numbers: UnsafePointer<Int64>, count: Int, _ predictor: ColumnHead.Predictor, level: Int
  ) {
    switch predictor {
    case .none: residuals.update(from: numbers, count: count)
    case .last:
      for index in 1..<max(1, count) {
        residuals[index &- 1] = numbers[index] &- numbers[index &- 1]
      }
    case .line:
      for index in 2..<max(2, count) {
        let delta = numbers[index &- 1] &- numbers[index &- 2]
        residuals[index &- 2] = numbers[index] &- numbers[index &- 1] &- delta
      }
    case .smoothed:
      var mean = SmoothedMean(level: level)
      let first = numbers[0]
      for index in 1..<max(1, count) {
        let residual = numbers[index] &- first &- mean.value
        residuals[index &- 1] = residual
        mean.add(residual)
      }
    }
  }

  /// Finds the model of `count` residuals.
  private mutating func fit(_ plan: inout Plan, count: Int) {
    guard count > 0 else {
      plan.cost = 0
      return
    }
    let spread = ResidualSpread(residuals, count: count)
    // Everything in low bits; with none of them all residuals are the same.
    let width = UInt64(bitPattern: spread.maximum &- spread.minimum)
    let bits = 64 - width.leadingZeroBitCount
    if bits <= ColumnHead.maximumShift {
      var uniform = plan
      uniform.head.shift = bits
      uniform.offset = spread.minimum &+ uniform.head.half
      uniform.cost = bits * count * 256 + Self.offsetCost(uniform.offset)
      plan = uniform
      if bits == 0 { return }
    }
    var modelled = plan
    modelled.head.shift = spread.shift
    modelled.offset = spread.offset
    histogram.fill(
      residuals, count: count, origin: modelled.head.half &- modelled.offset,
      shift: modelled.head.shift)
    let choice = histogram.choose(shift: modelled.head.shift, deviation: spread.deviation)
    modelled.head.model = choice.model
    if choice.hasPatches { modelled.head.extras.insert(.patches) }
    modelled.cost =
      choice.cost + modelled.head.shift * count * 256 + Self.offsetCost(modelled.offset)
    if modelled.cost < plan.cost { plan = modelled }
  }

  private static func offsetCost(_ offset: Int64) -> Int {
    offset == 0 ? 0 : (offset.signedSize + 1) * 8 * 256
  }

  // MARK: Write

  /// Appends the column as `plan` says.
  mutating func write(
    _ plan: Plan, _ numbers: UnsafeMutablePointer<Int64>, count: Int, into bytes: inout [UInt8]
  ) {
    let head = plan.head
    if head.extras.contains(.multiplier) {
      bytes.append(varint: UInt64(bitPattern: plan.multiplier))
      bytes.append(signed: plan.base)
    }
    let firsts = min(head.predictor.firsts, count)
    if firsts > 0 { bytes.append(signed: numbers[0]) }
    if firsts > 1 { bytes.append(signed: numbers[1] &- numbers[0]) }
    if head.predictor == .smoothed { bytes.append(UInt8(plan.level)) }
    if head.extras.contains(.offset) { bytes.append(signed: plan.offset) }
    subtract(numbers, count: count, head.predictor, level: plan.level)
    let left = count - firsts
    let origin = head.half &- plan.offset
    for index in 0..<left { residuals[index] &+= origin }
    let frequencies = frequencies(head, count: left)
    if let frequencies { fillTable(frequencies) }
    if head.extras.contains(.patches) {
      writePatches(frequencies, shift: head.shift, count: left, into: &bytes)
    }
    if head.model == .explicit, let frequencies {
      FrequencyTable.write(frequencies, into: &bytes)
    }
    let tail = writeLowBits(head, count: left, into: &bytes)
    guard frequencies != nil else { return }
    for index in 0..<left {
      symbols[index] = SymbolHistogram.index(residuals[index] &>> Int64(head.shift))
    }
    let end = coded + codedSize
    let start = SymbolCoder.encode(
      symbols, count: left, tail: tail, table: table, end: end)
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: end - start))
  }

  /// The frequencies of the model, or nil where nothing is entropy coded.
  private mutating func frequencies(_ head: ColumnHead, count: Int) -> UnsafePointer<UInt16>? {
    switch head.model {
    case .fixed(let family, let scale):
      return FixedTables.shared.frequencies(ColumnHead.table(family, scale))
    case .explicit:
      histogram.fill(residuals, count: count, origin: 0, shift: head.shift)
      return histogram.makeExplicit()
    case .sparse: return nil
    }
  }

  private func fillTable(_ frequencies: UnsafePointer<UInt16>) {
    var before: UInt32 = 0
    for symbol in 0..<Symbols.count {
      table[symbol] = UInt32(frequencies[symbol]) | before << 16
      before += UInt32(frequencies[symbol])
    }
    // A symbol without slots is written as the escape.
    for symbol in 0..<Symbols.count where frequencies[symbol] == 0 {
      table[symbol] = table[Symbols.escape]
    }
  }

  /// Appends the symbols that the model does not give: with their gaps where it is sparse.
  private func writePatches(
    _ frequencies: UnsafePointer<UInt16>?, shift: Int, count: Int, into bytes: inout [UInt8]
  ) {
    var patches: [(gap: Int, symbol: Int64)] = []
    var last = -1
    for index in 0..<count {
      let symbol = residuals[index] &>> Int64(shift)
      if let frequencies {
        let place = Int(SymbolHistogram.index(symbol))
        guard place == Symbols.escape || frequencies[place] == 0 else { continue }
      } else if symbol == 0 {
        continue
      }
      patches.append((index - last - 1, symbol))
      last = index
    }
    bytes.append(varint: UInt64(patches.count))
    for patch in patches {
      if frequencies == nil { bytes.append(varint: UInt64(patch.gap)) }
      bytes.append(signed: patch.symbol)
    }
  }

  /// Appends the low bits of the residuals; gives those that are the tail.
  private func writeLowBits(
    _ head: ColumnHead, count: Int, into bytes: inout [UInt8]
  ) -> UInt16 {
    let shift = head.shift
    guard shift > 0 else { return 0 }
    let mask = (UInt64(1) << UInt64(shift)) - 1
    var next = coded
    var pending: UInt64 = 0
    var pendingBits = 0
    for index in 0..<count {
      pending |= (UInt64(bitPattern: residuals[index]) & mask) &<< UInt64(pendingBits)
      pendingBits &+= shift
      next.storeBytes(of: pending.littleEndian, as: UInt64.self)
      next += pendingBits &>> 3
      // Up to 57 bits follow up to 7: a shift by all 64 must give 0.
      pending = pending >> UInt64(pendingBits & ~7)
      pendingBits &= 7
    }
    let size = head.lowBytes(count: count)
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: coded, count: size))
    guard head.hasTail(count: count) else { return 0 }
    let last = UInt16(littleEndian: coded.loadUnaligned(fromByteOffset: size, as: UInt16.self))
    return last & ((1 << UInt16(count * shift - 8 * size)) - 1)
  }
}
