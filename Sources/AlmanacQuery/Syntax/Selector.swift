/// Names a set of series by metric and labels.
public struct Selector: Sendable, Equatable {
  /// How the matchers are enclosed in the text.
  public enum Brackets: Sendable {
    /// Not at all: `memory`. The name may yet turn out to be a stored definition or a word.
    case none
    /// `memory<host=x>`
    case angle
    /// `memory{host="x"}`
    case brace
  }

  /// The metric; nil if only labels select.
  public var metric: String?
  /// What the labels must be; all of them must hold.
  public var matchers: [Matcher]
  /// How the matchers are enclosed.
  public var brackets: Brackets
  /// Whether the metric stands in backticks, so that it cannot be a definition. Where a function
  /// wants a string, PromQL means a string by it.
  public var isBackquoted: Bool
  /// Whether values are interpolated between the samples around a moment: `memory smoothed`.
  public var isSmoothed = false
  /// Where the selector stands.
  public var range: SourceRange

  /// Selects series.
  public init(
    metric: String?, matchers: [Matcher] = [], brackets: Brackets = .none,
    isBackquoted: Bool = false, range: SourceRange = .synthetic
  ) {
    self.metric = metric
    self.matchers = matchers
    self.brackets = brackets
    self.isBackquoted = isBackquoted
    self.range = range
  }

  /// The metric, if the selector is a bare word that may mean something else too.
  public var bareWord: String? {
    brackets == .none && !isBackquoted && !isSmoothed ? metric : nil
  }
}

/// What one label must be, or must not be.
public struct Matcher: Sendable, Equatable {
  /// How a label is compared.
  public enum Operation: String, Sendable, CaseIterable {
    /// The label is one of the values.
    case equal = "="
    /// The label is none of the values.
    case notEqual = "!="
    /// The label matches one of the regular expressions as a whole.
    case matches = "=~"
    /// The label matches none of the regular expressions as a whole.
    case doesNotMatch = "!~"
  }

  /// A value to compare with.
  public struct Value: Sendable, Equatable {
    /// The value itself.
    public var text: String
    /// Whether it stands in quotes.
    public var isQuoted: Bool
    /// Where it stands.
    public var range: SourceRange

    /// A value to compare with.
    public init(_ text: String, isQuoted: Bool = false, range: SourceRange = .synthetic) {
      self.text = text
      self.isQuoted = isQuoted
      self.range = range
    }
  }

  /// The name of the label.
  public var label: String
  /// How it is compared.
  public var operation: Operation
  /// The values, at least one.
  public var values: [Value]
  /// Where the matcher stands.
  public var range: SourceRange

  /// Compares a label.
  public init(
    label: String, operation: Operation = .equal, values: [Value],
    range: SourceRange = .synthetic
  ) {
    self.label = label
    self.operation = operation
    self.values = values
    self.range = range
  }
}
