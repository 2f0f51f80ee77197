/// A regular expression, or several of which one will do, that a whole label value must match.
///
/// Prometheus' own: the syntax of RE2, anchored at both ends, a dot matches line ends, and time
/// linear in the value. Alternations of plain words and `.*literal.*`, most of what dashboards
/// send, are compared as such; RE2 does the rest.
public struct Pattern: Sendable {
  private enum Form {
    /// Distinct words in order of bytes.
    case words([[UInt8]])
    case literal(PaddedLiteral)
    case general(CompiledPattern)
  }

  /// The words that match and nothing else does, where the pattern is a list of such.
  public let words: [String]?
  private let form: Form

  /// A pattern that matches what at least one of `texts` matches; none match nothing.
  public init(anyOf texts: [String]) throws(PatternError) {
    let lists = texts.compactMap(Self.words(of:))
    if lists.count == texts.count {
      let distinct = Set(lists.joined().map { Array($0.utf8) })
      let sorted = distinct.sorted { $0.lexicographicallyPrecedes($1) }
      form = .words(sorted)
      words = sorted.map { String(decoding: $0, as: UTF8.self) }
      return
    }
    words = nil
    if texts.count == 1, let literal = PaddedLiteral(texts[0]) {
      form = .literal(literal)
      return
    }
    for (index, text) in texts.enumerated() {
      do {
        _ = try CompiledPattern(text)
      } catch {
        throw PatternError(index: index, reason: error.reason)
      }
    }
    form = .general(
      try CompiledPattern(
        texts.count == 1 ? texts[0] : texts.map { "(?:\($0))" }.joined(separator: "|")))
  }

  /// The pattern `text`.
  public init(_ text: String) throws(PatternError) {
    try self.init(anyOf: [text])
  }

  /// Whether all of `bytes`, a text in UTF-8, matches.
  public func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
    switch form {
    case .words(let words): Self.contains(bytes, in: words)
    case .literal(let literal): literal.matches(bytes)
    case .general(let compiled): compiled.matches(bytes)
    }
  }

  /// Whether all of `text` matches.
  public func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
  }

  /// What every match lies between in order of bytes, such as `web-` to `web.` for `web-[0-9]+`;
  /// nil where nothing is known.
  public func range() -> ClosedByteRange? {
    switch form {
    case .words(let words):
      guard let first = words.first, let last = words.last else { return nil }
      return ClosedByteRange(lower: first, upper: last)
    case .literal(let literal): return literal.range
    case .general(let compiled): return compiled.range()
    }
  }

  // MARK: - Words

  private static func contains(_ bytes: UnsafeRawBufferPointer, in words: [[UInt8]]) -> Bool {
    var low = 0
    var high = words.count
    while low < high {
      let middle = (low + high) / 2
      if words[middle].lexicographicallyPrecedes(bytes) { low = middle + 1 } else { high = middle }
    }
    return low < words.count && bytes.elementsEqual(words[low])
  }

  private static let special = Set("\\^$.|?*+()[]{}".utf8)

  /// The words of `a|b|c`, in brackets or not, with special characters escaped; nil for others.
  private static func words(of text: String) -> [String]? {
    var inner = Substring(text)
    if inner.hasPrefix("("), inner.hasSuffix(")") {
      inner = inner.dropFirst(inner.hasPrefix("(?:") ? 3 : 1).dropLast()
    }
    var words: [[UInt8]] = [[]]
    var isEscaped = false
    for byte in inner.utf8 {
      if isEscaped {
        guard special.contains(byte) || byte == UInt8(ascii: "-") else { return nil }
        words[words.count - 1].append(byte)
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "|") {
        words.append([])
      } else {
        guard !special.contains(byte) else { return nil }
        words[words.count - 1].append(byte)
      }
    }
    return isEscaped ? nil : words.map { String(decoding: $0, as: UTF8.self) }
  }

  /// `text` with its escapes taken away where it stands for itself alone.
  static func plain(_ text: Substring) -> [UInt8]? {
    guard text.first != "(", let words = words(of: String(text)), words.count == 1 else {
      return nil
    }
    return Array(words[0].utf8)
  }
}
