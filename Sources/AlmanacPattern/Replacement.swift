internal import CRE2

/// A regular expression whose matches anywhere in a text are replaced: `$1`, `${name}` and `$$` as
/// in `Substitution`; a dot matches no line ends, as in Go.
public struct Replacement: Sendable {
  private let pattern: CapturingProgram
  private let template: CaptureTemplate

  /// Reads the expression `pattern`; groups of `template` that it does not have are empty.
  public init(pattern: String, template: String) throws(PatternError) {
    let program = try CapturingProgram("(?-s:\(pattern))")
    self.pattern = program
    self.template = CaptureTemplate(template, of: program)
  }

  /// Whether it matches somewhere in `text`.
  public func isFound(in text: String) -> Bool {
    pattern.find(in: Array(text.utf8), from: 0) != nil
  }

  /// `text` with every match replaced. An empty match behind another one is left out.
  public func apply(to text: String) -> String {
    let bytes = Array(text.utf8)
    var replaced: [UInt8] = []
    var copied = 0
    var position = 0
    var last = -1
    while position <= bytes.count, let found = pattern.find(in: bytes, from: position) {
      let (start, end) = (found[0].lowerBound, found[0].upperBound)
      if end > start || start != last {
        replaced += bytes[copied..<start]
        replaced += template.text(found.map { String(decoding: bytes[$0], as: UTF8.self) }).utf8
        copied = end
        last = end
      }
      position = end > start ? end : end + 1
      // Not into the middle of a character.
      while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
    }
    return String(decoding: replaced + bytes[copied...], as: UTF8.self)
  }
}
