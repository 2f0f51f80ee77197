/// A table of symbol frequencies as a chunk stores it.
///
/// The first symbol, the number of symbols, then bits, most significant first: per symbol four bits
/// L. L = 0 is a run of absent symbols, its length less 1 in four bits. L = 1...12 is a frequency of
/// L bits, of which those after the leading one are stored, at most two. L = 15 marks the symbol
/// that gets the slots which are left.
enum FrequencyTable {
  private static let mantissaBits = 2
  private static let rest: UInt64 = 15
  private static let longestRun = 16

  /// A frequency near `frequency` that can be written.
  static func rounded(_ frequency: Int) -> Int {
    let bits = Int.bitWidth - frequency.leadingZeroBitCount
    let drop = max(0, bits - 1 - mantissaBits)
    return drop == 0 ? frequency : ((frequency + (1 << (drop - 1))) >> drop) << drop
  }

  /// Appends the table; it has at least two symbols, the most frequent one takes the rest.
  static func write(_ frequencies: UnsafePointer<UInt16>, into bytes: inout [UInt8]) {
    var (low, high, top) = (Symbols.count, 0, 0)
    for symbol in 0..<Symbols.count where frequencies[symbol] > 0 {
      low = min(low, symbol)
      high = symbol
      if frequencies[symbol] > frequencies[top] { top = symbol }
    }
    bytes.append(UInt8(low))
    bytes.append(UInt8(high - low))
    var writer = BitWriter(capacity: 256)
    var symbol = low
    while symbol <= high {
      let frequency = Int(frequencies[symbol])
      guard frequency > 0 else {
        let first = symbol
        while frequencies[symbol] == 0, symbol - first < longestRun { symbol += 1 }
        writer.write(UInt64(symbol - first - 1), count: 8)
        continue
      }
      let length = Int.bitWidth - frequency.leadingZeroBitCount
      if symbol == top {
        writer.write(rest, count: 4)
      } else {
        let stored = min(length - 1, mantissaBits)
        writer.write(UInt64(length), count: 4)
        let mantissa = frequency >> (length - 1 - stored)
        writer.write(UInt64(mantissa & ((1 << stored) - 1)), count: stored)
      }
      symbol += 1
    }
    writer.finish(into: &bytes)
  }

  /// Reads a table into all 256 `frequencies`.
  static func read(
    from reader: inout ByteReader, into frequencies: UnsafeMutablePointer<UInt16>
  ) throws(CodecError) {
    frequencies.update(repeating: 0, count: Symbols.count)
    var symbol = Int(try reader.byte())
    let high = symbol + Int(try reader.byte())
    var bits = BitReader(base: reader.pointer, byteCount: reader.left)
    var top: Int?
    var left = Symbols.slots
    while symbol <= high, high < Symbols.count, !bits.isExhausted {
      let length = bits.read(4)
      switch length {
      case 0: symbol += Int(bits.read(4))
      case 1...12:
        let stored = min(Int(length) - 1, mantissaBits)
        let mantissa = 1 << stored | Int(bits.read(stored))
        let frequency = mantissa << (Int(length) - 1 - stored)
        frequencies[symbol] = UInt16(frequency)
        left -= frequency
      case rest where top == nil: top = symbol
      default: throw CodecError(.malformed, "chunk table with a frequency of \(length) bits")
      }
      symbol += 1
    }
    guard symbol == high + 1, let top, left > 0, left < Symbols.slots else {
      throw CodecError(.malformed, "chunk table does not fill its slots")
    }
    frequencies[top] = UInt16(left)
    try reader.skip(bits.byteCount)
  }
}
