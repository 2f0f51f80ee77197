/// The smallest part of a query that means something.
struct Token: Sendable, Equatable {
  /// What a token is, with its value.
  enum Kind: Sendable, Equatable {
    /// A name without dots.
    case name(String)
    /// A number, its suffix already applied.
    case number(Double)
    /// A duration in nanoseconds, never negative.
    case duration(Int64)
    /// A string in quotes, its escapes resolved.
    case string(String)
    /// Whatever stood between backticks.
    case backquoted(String)
    /// An operator or a bracket.
    case symbol(Symbol)
    /// The end of the text.
    case end
  }

  /// Operators and brackets.
  enum Symbol: String, Sendable {
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case leftBrace = "{"
    case rightBrace = "}"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case assign = "="
    case matches = "=~"
    case doesNotMatch = "!~"
    case plus = "+"
    case minus = "-"
    case star = "*"
    case slash = "/"
    case percent = "%"
    case caret = "^"
    case pipe = "|"
    case comma = ","
    case semicolon = ";"
    case colon = ":"
    case dot = "."
    case at = "@"
  }

  /// What the token is.
  var kind: Kind
  /// Where it stands.
  var range: SourceRange
  /// Whether a space, a line break or a comment stands directly before it.
  var followsSpace: Bool

  /// The name, if it is one.
  var name: String? {
    if case .name(let name) = kind { name } else { nil }
  }

  /// Whether the token is this symbol.
  func `is`(_ symbol: Symbol) -> Bool { kind == .symbol(symbol) }

  /// Whether the token is this word, in letters of either case.
  func isWord(_ word: String) -> Bool { name?.lowercased() == word }
}

/// The words that mean something by themselves.
enum Words {
  /// Words that a metric of the same name must be quoted for.
  static let reserved: Set<String> = [
    "let", "explain", "analyze", "train", "refresh", "show", "cancel", "drop",
    "or", "and", "unless", "atan2", "bool", "on", "ignoring", "group_left", "group_right",
    "offset", "by", "without", "true", "false", "auto", "none", "inf", "nan",
  ]

  /// Whether `name` is reserved, in letters of either case.
  static func isReserved(_ name: String) -> Bool { reserved.contains(name.lowercased()) }

  /// Whether `text` reads as one name: a letter or `_`, then letters, digits, `_` and `:`.
  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, Lexer.beginsName(first) else { return false }
    return text.utf8.allSatisfy(Lexer.continuesName)
  }

  /// Whether `text` reads as a bare word in a selector.
  static func isBareword(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy(Lexer.isBareword)
  }

  /// Whether `text` reads as a metric: names with dots between them.
  static func isMetric(_ text: String) -> Bool {
    !text.isEmpty
      && text.split(separator: ".", omittingEmptySubsequences: false)
        .allSatisfy { isName(String($0)) }
  }
}
