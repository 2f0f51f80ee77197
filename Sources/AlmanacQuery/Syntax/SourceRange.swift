/// A place in the text of a query.
public struct SourcePosition: Sendable, Hashable, Comparable {
  /// Bytes of UTF-8 before this place.
  public var offset: Int
  /// The line, counted from 1.
  public var line: Int
  /// The column in characters, counted from 1.
  public var column: Int

  /// Names a place.
  public init(offset: Int, line: Int, column: Int) {
    self.offset = offset
    self.line = line
    self.column = column
  }

  /// The first character of the text.
  public static let start = SourcePosition(offset: 0, line: 1, column: 1)

  /// Whether `left` comes before `right` in the text.
  public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    left.offset < right.offset
  }
}

/// A stretch of the text of a query, `end` excluded.
public struct SourceRange: Sendable, Hashable {
  /// The first character.
  public var start: SourcePosition
  /// The place after the last character.
  public var end: SourcePosition

  /// Spans the text from `start` up to `end`.
  public init(start: SourcePosition, end: SourcePosition) {
    self.start = start
    self.end = end
  }

  /// The range of nodes that stand in no text, because a program made them.
  public static let synthetic = SourceRange(start: .start, end: .start)

  /// The smallest range that covers this one and `other`.
  public func union(_ other: SourceRange) -> SourceRange {
    SourceRange(start: min(start, other.start), end: max(end, other.end))
  }

  /// The part of `text` that the range covers; empty where it lies outside of the text.
  public func text(in text: String) -> String {
    let bytes = Array(text.utf8)
    guard start.offset >= 0, start.offset <= end.offset, end.offset <= bytes.count else {
      return ""
    }
    return String(decoding: bytes[start.offset..<end.offset], as: UTF8.self)
  }
}
