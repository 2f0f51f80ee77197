/// How the integers of one column (times or values) are written.
///
/// A number is predicted from those before; the residual less an offset is split into a symbol, which is entropy coded, and `shift` low bits,
/// which are stored as they are.
struct ColumnHead {
  /// What a number is predicted by.
  enum Predictor: Int {
    /// Nothing.
    case none = 0
    /// The number before.
    case last = 1
    /// The line through the two numbers before.
    case line = 2
    /// `SmoothedMean`.
    case smoothed = 3

    /// How many numbers at the beginning are written as they are.
    var firsts: Int {
      switch self {
      case .none: 0
      case .last, .smoothed: 1
      case .line: 2
      }
    }
  }

  /// Where the probabilities of symbols come from.
  enum Model: Equatable {
    /// A table of `FixedTables`.
    case fixed(family: FixedTables.Family, scale: Int)
    /// A table in the chunk.
    case explicit
    /// All symbols are 0 but for the patches.
    case sparse
  }

  /// Fields beside the symbols that are there; the low bits of a byte whose high bits the owner of
  /// the column uses.
  struct Extras: OptionSet {
    let rawValue: UInt8
    static let offset = Extras(rawValue: 1)
    static let patches = Extras(rawValue: 2)
    static let multiplier = Extras(rawValue: 4)
    static let all: Extras = [.offset, .patches, .multiplier]
  }

  /// The greatest shift: low bits and a bit offset fit into a word.
  static let maximumShift = 57

  var predictor = Predictor.last
  var model = Model.sparse
  var shift = 0
  var extras: Extras = []

  /// Half of what one symbol stands for: symbols are centred at zero.
  var half: Int64 { shift == 0 ? 0 : 1 &<< Int64(shift &- 1) }

  /// Whether a line goes through all numbers.
  var isLine: Bool {
    predictor != .smoothed && model == .sparse && shift == 0 && !extras.contains(.patches)
  }

  /// Bytes of the low bits of `count` symbols. With a serial coder the last 8 to 15 bits, or all
  /// where they are fewer, are the tail of the symbols instead: most of it costs nothing there.
  func lowBytes(count: Int) -> Int {
    let bits = count &* shift
    return hasTail(count: count) ? max(0, bits &>> 3 &- 1) : (bits &+ 7) &>> 3
  }

  /// Whether some low bits are the tail of the symbols.
  func hasTail(count: Int) -> Bool { model != .sparse && count < SymbolCoder.interleaved }

  /// Whether `count` symbols have four states.
  func isInterleaved(count: Int) -> Bool {
    model != .sparse && count >= SymbolCoder.interleaved
  }

  /// The place of a fixed table among all.
  static func table(_ family: FixedTables.Family, _ scale: Int) -> Int {
    family.rawValue &* FixedTables.scaleCount &+ scale
  }

  /// The head in 12 bits: predictor, source of the table, and scale or shift.
  var code: UInt16 {
    let source: Int
    let detail: Int
    switch model {
    case .fixed(let family, let scale):
      source = family.rawValue
      detail = shift == 0 ? scale : scale + FixedTables.octave * shift
    case .explicit: (source, detail) = (3, shift)
    case .sparse: (source, detail) = (3, 64 + shift)
    }
    return UInt16(predictor.rawValue | source << 2 | detail << 4)
  }

  /// The head in 6 bits, for what is most frequent: the number before and a Gaussian table (0...60), sparse
  /// (61) or a table of its own (62) without low bits; else nil.
  var shortCode: UInt8? {
    guard predictor == .last else { return nil }
    switch model {
    case .fixed(.gaussian, _):
      let detail = code >> 4
      return detail < Self.shortSparse ? UInt8(detail) : nil
    case .fixed: return nil
    case .sparse: return shift == 0 ? Self.shortSparse : nil
    case .explicit: return shift == 0 ? Self.shortExplicit : nil
    }
  }

  private static let shortSparse: UInt8 = 61
  private static let shortExplicit: UInt8 = 62

  /// A head for `write`.
  init() {}

  /// The head of `shortCode`.
  init(shortCode: UInt8, extras: UInt8) throws(CodecError) {
    switch shortCode {
    case Self.shortSparse: break
    case Self.shortExplicit: model = .explicit
    case 0..<Self.shortSparse: self = try ColumnHead(code: 1 | UInt16(shortCode) << 4, extras: 0)
    default: throw CodecError(.malformed, "chunk column with short head \(shortCode)")
    }
    self.extras = Extras(rawValue: extras).intersection(.all)
  }

  /// The head of `code`.
  init(code: UInt16, extras: UInt8) throws(CodecError) {
    predictor = Predictor(rawValue: Int(code & 3)) ?? .none
    let detail = Int(code >> 4)
    if let family = FixedTables.Family(rawValue: Int(code >> 2 & 3)) {
      let octaves = max(0, detail - FixedTables.scaleCount + FixedTables.octave)
      shift = octaves / FixedTables.octave
      model = .fixed(family: family, scale: detail - shift * FixedTables.octave)
    } else {
      shift = detail & 63
      model = detail < 64 ? .explicit : .sparse
    }
    guard shift <= Self.maximumShift, code >> 2 & 3 < 3 || detail < 128 else {
      throw CodecError(.malformed, "chunk column with head \(code)")
    }
    self.extras = Extras(rawValue: extras).intersection(.all)
  }
}
