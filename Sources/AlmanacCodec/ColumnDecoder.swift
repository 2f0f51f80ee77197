/// Reads columns of integers; keeps memory for the tables that chunks bring along.
struct ColumnDecoder: ~Copyable {
  private let frequencies = UnsafeMutablePointer<UInt16>.allocate(capacity: Symbols.count)
  private let entries = UnsafeMutablePointer<UInt32>.allocate(capacity: Symbols.slots)

  deinit {
    frequencies.deallocate()
    entries.deallocate()
  }

  /// Fills `output` with the `count` numbers of the column from here to the end of `reader`.
  ///
  /// Its memory is written to, and `SymbolCoder.padding` bytes after its end must be readable.
  mutating func decode(
    _ head: ColumnHead, from reader: inout ByteReader, count: Int,
    into output: UnsafeMutablePointer<Int64>
  ) throws(CodecError) {
    let multiplier = head.extras.contains(.multiplier) ? Int64(bitPattern: try reader.varint()) : 1
    let base = head.extras.contains(.multiplier) ? try reader.signed() : 0
    let firsts = min(head.predictor.firsts, count)
    if firsts > 0 { output[0] = try reader.signed() }
    if firsts > 1 { output[1] = output[0] &+ (try reader.signed()) }
    let level = head.predictor == .smoothed ? Int(try reader.byte()) : 1
    guard level > 0, level <= SmoothedMean.levels else {
      throw CodecError(.malformed, "chunk column with a smoothed mean of level \(level)")
    }
    let offset = head.extras.contains(.offset) ? try reader.signed() : 0
    try residuals(
      head, offset: offset, from: &reader, count: count &- firsts, into: output + firsts)
    switch head.predictor {
    case .none: break
    case .last: Self.sum(output, count: count)
    case .line: Self.sumTwice(output, count: count)
    case .smoothed: Self.addMean(output, count: count, level: level)
    }
    guard multiplier != 1 else { return }
    for index in 0..<count { output[index] = base &+ multiplier &* output[index] }
  }

  private static func sum(_ numbers: UnsafeMutablePointer<Int64>, count: Int) {
    var number = numbers[0]
    for index in 1..<max(1, count) {
      number &+= numbers[index]
      numbers[index] = number
    }
  }

  private static func sumTwice(_ numbers: UnsafeMutablePointer<Int64>, count: Int) {
    guard count > 2 else { return }
    var number = numbers[1]
    var delta = number &- numbers[0]
    for index in 2..<count {
      delta &+= numbers[index]
      number &+= delta
      numbers[index] = number
    }
  }

  private static func addMean(_ numbers: UnsafeMutablePointer<Int64>, count: Int, level: Int) {
    var mean = SmoothedMean(level: level)
    let first = numbers[0]
    for index in 1..<max(1, count) {
      let residual = numbers[index]
      numbers[index] = first &+ mean.value &+ residual
      mean.add(residual)
    }
  }

  private mutating func residuals(
    _ head: ColumnHead, offset: Int64, from reader: inout ByteReader, count: Int,
    into output: UnsafeMutablePointer<Int64>
  ) throws(CodecError) {
    // Patches stand before the symbols but are laid over them.
    let patches = head.extras.contains(.patches) ? try reader.count(limit: count) : 0
    var patchReader = reader
    for _ in 0..<patches {
      if head.model == .sparse { _ = try reader.varint() }
      _ = try reader.varint()
    }
    if head.model == .explicit {
      try FrequencyTable.read(from: &reader, into: frequencies)
      Symbols.fill(entries, frequencies: frequencies)
    }
    let low = reader.pointer
    try reader.skip(head.lowBytes(count: count))
    let tail: UInt16
    switch head.model {
    case .fixed(let family, let scale):
      let table = FixedTables.shared.entries(ColumnHead.table(family, scale))
      tail = try symbols(from: &reader, count: count, into: output, table: table)
    case .explicit: tail = try symbols(from: &reader, count: count, into: output, table: entries)
    case .sparse:
      output.update(repeating: 0, count: count)
      tail = 0
    }
    if patches > 0 {
      try patch(output, count: count, patches: patches, head: head, from: &patchReader)
    }
    // Symbols are centred: half of what one stands for was added before the shift.
    let origin = offset &- head.half
    if head.shift > 0 {
      // While they are read, the low bits in the tail stand behind the others.
      let end = UnsafeMutableRawPointer(mutating: low + head.lowBytes(count: count))
      let covered = end.loadUnaligned(as: UInt16.self)
      if head.hasTail(count: count) { end.storeBytes(of: tail.littleEndian, as: UInt16.self) }
      Self.combine(output, count: count, shift: head.shift, low: low, origin: origin)
      end.storeBytes(of: covered, as: UInt16.self)
    } else if origin != 0 {
      for index in 0..<count { output[index] &+= origin }
    }
  }

  private func symbols(
    from reader: inout ByteReader, count: Int, into output: UnsafeMutablePointer<Int64>,
    table: UnsafePointer<UInt32>
  ) throws(CodecError) -> UInt16 {
    let (start, size) = (reader.pointer, reader.left)
    try reader.skip(size)
    return try SymbolCoder.decode(start, size: size, count: count, table: table, output: output)
  }

  private func patch(
    _ output: UnsafeMutablePointer<Int64>, count: Int, patches: Int, head: ColumnHead,
    from reader: inout ByteReader
  ) throws(CodecError) {
    let escape = Int64(Symbols.escape) - Symbols.zero
    var index = -1
    for _ in 0..<patches {
      if head.model == .sparse {
        index += 1 + (try reader.count(limit: count))
      } else {
        repeat { index += 1 } while index < count && output[index] != escape
      }
      guard index < count else {
        throw CodecError(.malformed, "chunk patches sample \(index) of \(count)")
      }
      output[index] = try reader.signed()
    }
  }

  private static func combine(
    _ output: UnsafeMutablePointer<Int64>, count: Int, shift: Int, low: UnsafeRawPointer,
    origin: Int64
  ) {
    let mask = (UInt64(1) &<< UInt64(shift)) &- 1
    var bit = 0
    for index in 0..<count {
      let word = UInt64(
        littleEndian: low.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self))
      let bits = (word &>> UInt64(bit & 7)) & mask
      output[index] = (output[index] &<< Int64(shift) | Int64(bitPattern: bits)) &+ origin
      bit &+= shift
    }
  }
}
