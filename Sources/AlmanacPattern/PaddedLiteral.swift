internal import Glibc

/// A pattern of plain text with `.*` or `.+` before it, after it, or both.
struct PaddedLiteral: Sendable {
  /// What may stand on one side of the text.
  private enum Padding {
    case nothing
    case anything
    case something
  }

  private let text: [UInt8]
  private let before: Padding
  private let after: Padding

  /// Reads `pattern`, or nil where it is of another form.
  init?(_ pattern: String) {
    var rest = Substring(pattern)
    var before = Padding.nothing
    if rest.hasPrefix(".*") || rest.hasPrefix(".+") {
      before = rest.hasPrefix(".*") ? .anything : .something
      rest = rest.dropFirst(2)
    }
    var after = Padding.nothing
    if rest.hasSuffix(".*") || rest.hasSuffix(".+") {
      // An escaped dot leaves a backslash behind, which is no plain text.
      after = rest.hasSuffix(".*") ? .anything : .something
      rest = rest.dropLast(2)
    }
    guard let text = Pattern.plain(rest) else { return nil }
    // Without text `.+.+` asks for two characters, which may be any number of bytes.
    if text.isEmpty, before != .nothing, after != .nothing { return nil }
    self.text = text
    self.before = before
    self.after = after
  }

  func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let least = (before == .something ? 1 : 0) + (after == .something ? 1 : 0)
    guard bytes.count >= text.count + least else { return false }
    switch (before, after) {
    case (.nothing, .nothing): return bytes.count == text.count && isText(bytes, at: 0)
    case (.nothing, _): return isText(bytes, at: 0)
    case (_, .nothing): return isText(bytes, at: bytes.count - text.count)
    default:
      let first = before == .something ? 1 : 0
      let last = bytes.count - text.count - (after == .something ? 1 : 0)
      return isText(bytes, somewhereFrom: first, to: last)
    }
  }

  /// What starts with the text, where nothing stands before it.
  var range: ClosedByteRange? {
    guard before == .nothing, let last = text.last else { return nil }
    // The last byte of UTF-8 is never 255.
    return ClosedByteRange(
      lower: text, upper: after == .nothing ? text : text.dropLast() + [last + 1])
  }

  private func isText(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + text.count]).elementsEqual(text)
  }

  private func isText(
    _ bytes: UnsafeRawBufferPointer, somewhereFrom first: Int, to last: Int
  ) -> Bool {
    guard let start = bytes.baseAddress else { return false }
    var offset = first
    // The first byte is looked for by machine words.
    while offset <= last, let hit = memchr(start + offset, Int32(text[0]), last - offset + 1) {
      offset = UnsafeRawPointer(hit) - start
      if isText(bytes, at: offset) { return true }
      offset += 1
    }
    return false
  }
}
