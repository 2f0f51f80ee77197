/// Range asymmetric numeral systems with 12-bit probabilities.
///
/// Duda, "Asymmetric numeral systems: entropy coding combining speed of Huffman coding with
/// compression rate of arithmetic coding", arXiv:1311.2540 (2013). Up to 1,023 symbols share one
/// state that moves bytes and costs nothing but what it says; it starts as a small number, the tail,
/// that decoding gives back. More are dealt out to four states that start at 2^16 and move words of
/// 16 bits: they cost 8 bytes, but a processor decodes them side by side.
enum SymbolCoder {
  /// From so many symbols on there are four states.
  static let interleaved = 1024
  /// What decoding may read past the end of its bytes.
  static let padding = 16

  private static let mask: UInt32 = (1 << Symbols.slotBits) - 1
  private static let byteBound: UInt32 = 1 << 23
  private static let wordBound: UInt32 = 1 << 16

  /// The most bytes that `count` symbols take.
  static func bound(_ count: Int) -> Int { 2 * count + 16 }

  /// Writes the symbols before `end`, the last one first, and gives the beginning.
  ///
  /// `table` holds the frequency of a symbol in its low, the slots before it in its high half. The
  /// tail is for a serial coder only.
  static func encode(
    _ symbols: UnsafePointer<UInt8>, count: Int, tail: UInt16, table: UnsafePointer<UInt32>,
    end: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    count < interleaved
      ? encodeSerial(symbols, count: count, tail: tail, table: table, end: end)
      : encodeInterleaved(symbols, count: count, table: table, end: end)
  }

  private static func encodeSerial(
    _ symbols: UnsafePointer<UInt8>, count: Int, tail: UInt16, table: UnsafePointer<UInt32>,
    end: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    var next = end
    var state = UInt32(tail)
    var index = count
    while index > 0 {
      index &-= 1
      let entry = table[Int(symbols[index])]
      let frequency = entry & 0xFFFF
      while state >= frequency &<< (23 &- Symbols.slotBits &+ 8) {
        next -= 1
        next.storeBytes(of: UInt8(truncatingIfNeeded: state), as: UInt8.self)
        state &>>= 8
      }
      let quotient = state / frequency
      state =
        quotient &<< Symbols.slotBits &+ (state &- quotient &* frequency) &+ (entry &>> 16)
    }
    while state > 0 {
      next -= 1
      next.storeBytes(of: UInt8(truncatingIfNeeded: state), as: UInt8.self)
      state &>>= 8
    }
    return next
  }

  @inline(__always)
  private static func push(
    _ state: inout UInt32, _ entry: UInt32, _ next: inout UnsafeMutableRawPointer
  ) {
    let frequency = entry & 0xFFFF
    if state >= frequency &<< (32 &- Symbols.slotBits) {
      next -= 2
      next.storeBytes(of: UInt16(truncatingIfNeeded: state).littleEndian, as: UInt16.self)
      state &>>= 16
    }
    let quotient = state / frequency
    state = quotient &<< Symbols.slotBits &+ (state &- quotient &* frequency) &+ (entry &>> 16)
  }

  private static func encodeInterleaved(
    _ symbols: UnsafePointer<UInt8>, count: Int, table: UnsafePointer<UInt32>,
    end: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    var next = end
    var (a, b, c, d) = (wordBound, wordBound, wordBound, wordBound)
    var index = count & ~3
    if count & 3 > 2 { push(&c, table[Int(symbols[index &+ 2])], &next) }
    if count & 3 > 1 { push(&b, table[Int(symbols[index &+ 1])], &next) }
    if count & 3 > 0 { push(&a, table[Int(symbols[index])], &next) }
    while index > 0 {
      index &-= 4
      push(&d, table[Int(symbols[index &+ 3])], &next)
      push(&c, table[Int(symbols[index &+ 2])], &next)
      push(&b, table[Int(symbols[index &+ 1])], &next)
      push(&a, table[Int(symbols[index])], &next)
    }
    for state in [d, c, b, a] {
      next -= 4
      next.storeBytes(of: state.littleEndian, as: UInt32.self)
    }
    return next
  }

  /// Fills `output` with `count` symbols, -127 to 128, from exactly `size` bytes; gives the tail.
  ///
  /// For fewer than `interleaved`; `padding` bytes after them must be readable.
  static func decode(
    _ bytes: UnsafeRawPointer, size: Int, count: Int, table: UnsafePointer<UInt32>,
    output: UnsafeMutablePointer<Int64>
  ) throws(CodecError) -> UInt16 {
    guard
      let tail = decodeSerial(bytes, size: size, count: count, table: table, output: output)
    else { throw wrongEnd }
    return tail
  }

  private static var wrongEnd: CodecError {
    CodecError(.malformed, "chunk symbols do not end where they should")
  }

  private static func decodeSerial(
    _ bytes: UnsafeRawPointer, size: Int, count: Int, table: UnsafePointer<UInt32>,
    output: UnsafeMutablePointer<Int64>
  ) -> UInt16? {
    var next = bytes
    let end = bytes + size
    var state: UInt32 = 0
    for index in 0..<count {
      while state < byteBound, next < end {
        state = state &<< 8 | UInt32(next.load(as: UInt8.self))
        next += 1
      }
      let entry = table[Int(state & mask)]
      output[index] = Int64(entry &>> 24) &- Symbols.zero
      state = (entry & mask) &* (state &>> Symbols.slotBits) &+ (entry &>> 12 & mask)
    }
    return next == end ? UInt16(exactly: state) : nil
  }

  @inline(__always)
  private static func pop(
    _ state: inout UInt32, _ table: UnsafePointer<UInt32>, _ next: inout UnsafeRawPointer
  ) -> Int64 {
    let entry = table[Int(state & mask)]
    let rest = (entry & mask) &* (state &>> Symbols.slotBits) &+ (entry &>> 12 & mask)
    let word = UInt32(UInt16(littleEndian: next.loadUnaligned(as: UInt16.self)))
    let isLow = rest < wordBound
    state = isLow ? rest &<< 16 | word : rest
    next += isLow ? 2 : 0
    return Int64(entry &>> 24) &- Symbols.zero
  }

  /// The states before the first of `interleaved` symbols or more in `size` bytes.
  static func states(
    _ bytes: UnsafeRawPointer, size: Int
  ) throws(CodecError) -> SymbolStates {
    guard size >= 16 else { throw wrongEnd }
    func state(_ lane: Int) -> UInt32 {
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * lane, as: UInt32.self))
    }
    return SymbolStates(a: state(0), b: state(1), c: state(2), d: state(3), position: 16)
  }

  /// Fills `output` with the next `count` symbols out of `size` bytes.
  ///
  /// The number is a multiple of 4 unless they are the last ones; `padding` bytes after all of
  /// them must be readable.
  static func decode(
    _ states: inout SymbolStates, _ bytes: UnsafeRawPointer, size: Int, count: Int,
    table: UnsafePointer<UInt32>, output: UnsafeMutablePointer<Int64>
  ) throws(CodecError) {
    var (a, b, c, d) = (states.a, states.b, states.c, states.d)
    guard states.position <= size else { throw wrongEnd }
    var next = bytes + Int(states.position)
    let end = bytes + size
    var index = 0
    while index &+ 4 <= count {
      // Four symbols read at most 8 bytes past the end, which are there.
      guard next <= end else { throw wrongEnd }
      output[index] = pop(&a, table, &next)
      output[index &+ 1] = pop(&b, table, &next)
      output[index &+ 2] = pop(&c, table, &next)
      output[index &+ 3] = pop(&d, table, &next)
      index &+= 4
    }
    guard next <= end else { throw wrongEnd }
    if count & 3 > 0 { output[index] = pop(&a, table, &next) }
    if count & 3 > 1 { output[index &+ 1] = pop(&b, table, &next) }
    if count & 3 > 2 { output[index &+ 2] = pop(&c, table, &next) }
    states = SymbolStates(a: a, b: b, c: c, d: d, position: Int32(next - bytes))
  }

  /// Throws where `states` are not those behind the last symbol.
  static func checkEnd(_ states: SymbolStates, size: Int) throws(CodecError) {
    let isEnd =
      states.position == size && states.a == wordBound && states.b == wordBound
      && states.c == wordBound && states.d == wordBound
    guard isEnd else { throw wrongEnd }
  }
}

/// Where the decoding of interleaved symbols is.
struct SymbolStates: Sendable {
  var a: UInt32
  var b: UInt32
  var c: UInt32
  var d: UInt32
  /// The bytes that were read.
  var position: Int32
}
