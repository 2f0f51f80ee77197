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
    var whole = ColumnPart(wanted: 0..<count)
    try decode(head, from: &reader, count: count, &whole, into: output)
  }

  /// The same for the numbers that `part` wants, each at its position among all; there must be room
  /// for all `count`.
  mutating func decode(
    _ head: ColumnHead, from reader: inout ByteReader, count: Int, _ part: inout ColumnPart,
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
    let left = count &- firsts
    var (span, mark): (Range<Int>, ColumnMark?) = (0..<left, nil)
    if head.isInterleaved(count: left) {
      (span, mark) = part.residuals(left, behind: firsts)
    } else {
      part.makesMarks = false
    }
    try residuals(
      head, offset: offset, from: &reader, count: left, span, mark, &part, into: output + firsts)
    let numbers = firsts &+ span.lowerBound..<firsts &+ span.upperBound
    switch head.predictor {
    case .none: break
    case .last: Self.sum(output, numbers, mark)
    case .line: Self.sumTwice(output, numbers, mark)
    case .smoothed: Self.addMean(output, numbers, mark, level: level)
    }
    if part.makesMarks { fillMarks(&part, output, head, firsts: firsts, level: level) }
    guard multiplier != 1 else { return }
    for index in part.wanted { output[index] = base &+ multiplier &* output[index] }
  }

  private static func sum(
    _ output: UnsafeMutablePointer<Int64>, _ numbers: Range<Int>, _ mark: ColumnMark?
  ) {
    var number = mark?.number ?? output[0]
    for index in numbers {
      number &+= output[index]
      output[index] = number
    }
  }

  private static func sumTwice(
    _ output: UnsafeMutablePointer<Int64>, _ numbers: Range<Int>, _ mark: ColumnMark?
  ) {
    if numbers.isEmpty { return }
    var number = mark?.number ?? output[1]
    var delta = mark?.slope ?? (number &- output[0])
    for index in numbers {
      delta &+= output[index]
      number &+= delta
      output[index] = number
    }
  }

  private static func addMean(
    _ output: UnsafeMutablePointer<Int64>, _ numbers: Range<Int>, _ mark: ColumnMark?, level: Int
  ) {
    var mean = SmoothedMean(level: level)
    if let mark { mean = SmoothedMean(level: level, mean: mark.slope) }
    let first = output[0]
    for index in numbers {
      let residual = output[index]
      output[index] = first &+ mean.value &+ residual
      mean.add(residual)
    }
  }

  /// Completes marks that were made of the symbols.
  private func fillMarks(
    _ part: inout ColumnPart, _ output: UnsafePointer<Int64>, _ head: ColumnHead, firsts: Int,
    level: Int
  ) {
    var mean = SmoothedMean(level: level)
    var index = firsts
    for place in part.marks.indices {
      let end = firsts &+ (place &+ 1) &* ColumnMark.distance
      part.marks[place].number = output[end &- 1]
      part.marks[place].slope = output[end &- 1] &- output[end &- 2]
      guard head.predictor == .smoothed else { continue }
      while index < end {
        mean.add(output[index] &- output[0] &- mean.value)
        index &+= 1
      }
      part.marks[place].slope = mean.mean
    }
  }

  /// Fills `output` with the residuals of `span`, each at its position among all `count`.
  private mutating func residuals(
    _ head: ColumnHead, offset: Int64, from reader: inout ByteReader, count: Int,
    _ span: Range<Int>, _ mark: ColumnMark?, _ part: inout ColumnPart,
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
    var tail: UInt16 = 0
    let table =
      switch head.model {
      case .fixed(let family, let scale):
        FixedTables.shared.entries(ColumnHead.table(family, scale))
      case .explicit, .sparse: UnsafePointer(entries)
      }
    if head.model == .sparse {
      output.update(repeating: 0, count: count)
    } else {
      let (start, size) = (reader.pointer, reader.left)
      try reader.skip(size)
      if head.isInterleaved(count: count) {
        try interleaved(
          start, size: size, count: count, span, mark, &part, into: output, table: table)
      } else {
        tail = try SymbolCoder.decode(start, size: size, count: count, table: table, output: output)
      }
    }
    if patches > 0 {
      try patch(
        output, count: count, span, mark, patches: patches, head: head, from: &patchReader)
    }
    // Symbols are centred: half of what one stands for was added before the shift.
    let origin = offset &- head.half
    if head.shift > 0 {
      // While they are read, the low bits in the tail stand behind the others.
      let end = UnsafeMutableRawPointer(mutating: low + head.lowBytes(count: count))
      let covered = end.loadUnaligned(as: UInt16.self)
      if head.hasTail(count: count) { end.storeBytes(of: tail.littleEndian, as: UInt16.self) }
      Self.combine(output, span, shift: head.shift, low: low, origin: origin)
      end.storeBytes(of: covered, as: UInt16.self)
    } else if origin != 0 {
      for index in span { output[index] &+= origin }
    }
  }

  /// The symbols of `span`, which begins at `mark` if there is one.
  private func interleaved(
    _ start: UnsafeRawPointer, size: Int, count: Int, _ span: Range<Int>, _ mark: ColumnMark?,
    _ part: inout ColumnPart, into output: UnsafeMutablePointer<Int64>,
    table: UnsafePointer<UInt32>
  ) throws(CodecError) {
    var states =
      if let mark { mark.states } else { try SymbolCoder.states(start, size: size) }
    var from = span.lowerBound
    if part.makesMarks {
      let escape = Int64(Symbols.escape) - Symbols.zero
      var patches: Int32 = 0
      part.marks.reserveCapacity(count / ColumnMark.distance)
      while from &+ ColumnMark.distance < count {
        let run = output + from
        try SymbolCoder.decode(
          &states, start, size: size, count: ColumnMark.distance, table: table, output: run)
        for index in 0..<ColumnMark.distance { patches &+= run[index] == escape ? 1 : 0 }
        from &+= ColumnMark.distance
        part.marks.append(ColumnMark(states: states, patches: patches))
      }
    }
    try SymbolCoder.decode(
      &states, start, size: size, count: span.upperBound - from, table: table,
      output: output + from)
    if span.upperBound == count { try SymbolCoder.checkEnd(states, size: size) }
  }

  private func patch(
    _ output: UnsafeMutablePointer<Int64>, count: Int, _ span: Range<Int>, _ mark: ColumnMark?,
    patches: Int, head: ColumnHead, from reader: inout ByteReader
  ) throws(CodecError) {
    let escape = Int64(Symbols.escape) - Symbols.zero
    if head.model == .sparse {
      var index = -1
      for _ in 0..<patches {
        index += 1 + (try reader.count(limit: count))
        guard index < count else { throw Self.wrongPatch(index, count) }
        output[index] = try reader.signed()
      }
      return
    }
    let before = Int(mark?.patches ?? 0)
    for _ in 0..<before { _ = try reader.varint() }
    var left = patches - before
    var index = span.lowerBound
    // Where the column ends earlier, later patches have no symbol here.
    while left > 0 {
      while index < span.upperBound, output[index] != escape { index &+= 1 }
      guard index < span.upperBound else { break }
      output[index] = try reader.signed()
      index &+= 1
      left -= 1
    }
    if left > 0, span.upperBound == count { throw Self.wrongPatch(index, count) }
  }

  private static func wrongPatch(_ index: Int, _ count: Int) -> CodecError {
    CodecError(.malformed, "chunk patches sample \(index) of \(count)")
  }

  private static func combine(
    _ output: UnsafeMutablePointer<Int64>, _ span: Range<Int>, shift: Int, low: UnsafeRawPointer,
    origin: Int64
  ) {
    let mask = (UInt64(1) &<< UInt64(shift)) &- 1
    var bit = span.lowerBound &* shift
    for index in span {
      let word = UInt64(
        littleEndian: low.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self))
      let bits = (word &>> UInt64(bit & 7)) & mask
      output[index] = (output[index] &<< Int64(shift) | Int64(bitPattern: bits)) &+ origin
      bit &+= shift
    }
  }
}
