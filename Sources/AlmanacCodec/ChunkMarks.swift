/// Places in a long chunk where decoding can begin, for those who want its end only.
///
/// They are no part of the format: who decodes a chunk up to its end is given them, and may keep
/// them for the next time.
public struct ChunkMarks: Sendable {
  /// The fewest samples of a chunk that has marks.
  public static let minimumCount = SymbolCoder.interleaved

  var marks: [ColumnMark] = []

  /// No marks.
  public init() {}

  /// How many places there are.
  public var count: Int { marks.count }

  /// Whether there are none.
  public var isEmpty: Bool { marks.isEmpty }
}

/// What a decoder of a column knew at one of its numbers.
struct ColumnMark: Sendable {
  /// Residuals from one mark to the next.
  static let distance = 256

  var states: SymbolStates
  /// Symbols before it that are patched.
  var patches: Int32 = 0
  /// The number before it.
  var number: Int64 = 0
  /// Of a line what that is more than the one before, of a smoothed mean the mean.
  var slope: Int64 = 0
}

/// What is wanted of a column, and what helps to find it.
struct ColumnPart {
  /// The numbers that are wanted.
  var wanted: Range<Int>
  /// Marks of the column from the first on, or none.
  var marks: [ColumnMark] = []
  /// Whether marks are to be made; the column is then decoded as a whole.
  var makesMarks = false

  /// Which of `count` residuals behind `firsts` numbers are to be decoded, and the mark that they
  /// begin at.
  func residuals(_ count: Int, behind firsts: Int) -> (Range<Int>, ColumnMark?) {
    // Four at once, and a run of marks from its beginning.
    let end = makesMarks ? count : min(count, max(0, wanted.upperBound - firsts + 3) & ~3)
    let place = min((wanted.lowerBound - firsts) / ColumnMark.distance, marks.count)
    guard place > 0, place * ColumnMark.distance <= end else { return (0..<end, nil) }
    return (place * ColumnMark.distance..<end, marks[place - 1])
  }
}
