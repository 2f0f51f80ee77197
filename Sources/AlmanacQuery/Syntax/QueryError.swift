/// Why a query was refused, or failed: what was wrong, where, and what to write instead.
public struct QueryError: Error, Sendable, Equatable {
  /// The kind of a failure. Others may be added, so it is no enumeration.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code as it is logged.
    public let description: String

    /// A code with its own name.
    public init(_ description: String) {
      self.description = description
    }

    /// The text holds something that is no word of the language.
    public static let lex = Code("lex")
    /// The words do not make a sentence.
    public static let parse = Code("parse")
    /// A function was given a value of the wrong type.
    public static let type = Code("type")
    /// There is no function, argument, let or column of this name.
    public static let name = Code("name")
    /// The query was understood but its evaluation failed.
    public static let evaluation = Code("evaluation")
    /// The query would cost more samples or bytes than it may.
    public static let budget = Code("budget")
    /// The query took longer than it may.
    public static let deadline = Code("deadline")
    /// The query was cancelled.
    public static let cancelled = Code("cancelled")
    /// What the query needs is not there yet.
    public static let unavailable = Code("unavailable")
  }

  private struct Contents: Sendable, Equatable {
    var code: Code
    var message: String
    var range: SourceRange?
    var stage: String
    var hint: String?
  }

  /// Keeps the contents off the stack: every `try` has room for an error in its frame, and parser
  /// and evaluator are deeply recursive.
  private final class Box: Sendable {
    let contents: Contents
    init(_ contents: Contents) { self.contents = contents }
  }

  private var box: Box

  private var contents: Contents {
    get { box.contents }
    set { box = Box(newValue) }
  }

  /// The kind of failure.
  public var code: Code {
    get { contents.code }
    set { contents.code = newValue }
  }

  /// What was wrong: "cannot <verb> <what>: <cause>".
  public var message: String {
    get { contents.message }
    set { contents.message = newValue }
  }

  /// The text to blame, if one part of it is.
  public var range: SourceRange? {
    get { contents.range }
    set { contents.range = newValue }
  }

  /// The part of the work that failed: "parse", "plan", or "stage 3 `scale`".
  public var stage: String {
    get { contents.stage }
    set { contents.stage = newValue }
  }

  /// What to write or do instead.
  public var hint: String? {
    get { contents.hint }
    set { contents.hint = newValue }
  }

  /// Describes a failure.
  public init(
    code: Code, message: String, range: SourceRange? = nil, stage: String, hint: String? = nil
  ) {
    box = Box(
      Contents(code: code, message: message, range: range, stage: stage, hint: hint))
  }

  /// Whether both say the same about the same text.
  public static func == (left: QueryError, right: QueryError) -> Bool {
    left.contents == right.contents
  }

  /// The line of the text to blame, counted from 1.
  public var line: Int? { range?.start.line }

  /// The column of the text to blame, in characters, counted from 1.
  public var column: Int? { range?.start.column }
}

extension QueryError: CustomStringConvertible {
  /// One line for people: place, message, hint.
  public var description: String {
    var text = message
    if let line, let column { text = "line \(line), column \(column): \(text)" }
    if let hint { text += " (\(hint))" }
    return text
  }
}
