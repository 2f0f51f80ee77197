/// A part of a query that has a value. Parentheses leave no trace in the tree.
public indirect enum Expression: Sendable, Equatable {
  /// `5`, `8Gi`, `-3`, `Inf`: a sign before a literal belongs to it.
  case number(Literal<Double>)
  /// `1h30m`, in nanoseconds; `-7d` too.
  case duration(Literal<Int64>)
  /// `"text"`
  case string(Literal<String>)
  /// `true`, `false`
  case boolean(Literal<Bool>)
  /// `auto`, `none`
  case keyword(Literal<Keyword>)
  /// `[1, 2]`
  case list(ListLiteral)
  /// `(a=1, b=[2, 3])`
  case record(RecordLiteral)
  /// `memory<host=x>`; also a bare word, which some arguments take for a string.
  case selector(Selector)
  /// A parameter of the definition around it, or a `let` without version earlier in the script.
  case reference(Reference)
  /// `f(x, a=1)`, `x | f(a=1)`
  case call(Call)
  /// `sum by (host) (x)`
  case aggregate(Aggregate)
  /// `-x`
  case unary(Unary)
  /// `a + on(host) b`
  case binary(Binary)
  /// `x[30d]`, `x[30d:5m]`
  case window(Window)
  /// `x offset 1w`
  case offset(Offset)
  /// `x @ end`
  case at(At)
  /// `x.lower`
  case projection(Projection)

  /// Where the expression stands.
  public var range: SourceRange {
    switch self {
    case .number(let node): node.range
    case .duration(let node): node.range
    case .string(let node): node.range
    case .boolean(let node): node.range
    case .keyword(let node): node.range
    case .list(let node): node.range
    case .record(let node): node.range
    case .selector(let node): node.range
    case .reference(let node): node.range
    case .call(let node): node.range
    case .aggregate(let node): node.range
    case .unary(let node): node.range
    case .binary(let node): node.range
    case .window(let node): node.range
    case .offset(let node): node.range
    case .at(let node): node.range
    case .projection(let node): node.range
    }
  }

  /// The expressions directly inside of this one, in the order of the text.
  public var children: [Expression] {
    switch self {
    case .number, .duration, .string, .boolean, .keyword, .selector, .reference: []
    case .list(let node): node.elements
    case .record(let node): node.fields.map(\.value)
    case .call(let node): node.arguments.map(\.value)
    case .aggregate(let node): node.arguments.map(\.value)
    case .unary(let node): [node.operand]
    case .binary(let node): [node.left, node.right]
    case .window(let node): [node.base]
    case .offset(let node): [node.base]
    case .at(let node): [node.base]
    case .projection(let node): [node.base]
    }
  }
}

/// A value that stands in the text itself.
public struct Literal<Value: Sendable & Equatable>: Sendable, Equatable {
  /// The value.
  public var value: Value
  /// Where it stands.
  public var range: SourceRange

  /// A value at a place.
  public init(_ value: Value, range: SourceRange = .synthetic) {
    self.value = value
    self.range = range
  }
}

/// Words that leave a choice to the engine.
public enum Keyword: String, Sendable, CaseIterable {
  /// The engine chooses.
  case auto
  /// Nothing of the kind.
  case none
}

/// Values in brackets.
public struct ListLiteral: Sendable, Equatable {
  /// The values in order.
  public var elements: [Expression]
  /// Where the list stands, brackets included.
  public var range: SourceRange

  /// A list of values.
  public init(elements: [Expression], range: SourceRange = .synthetic) {
    self.elements = elements
    self.range = range
  }
}

/// Named values in parentheses.
public struct RecordLiteral: Sendable, Equatable {
  /// A named value.
  public struct Field: Sendable, Equatable {
    /// The name.
    public var name: String
    /// The value.
    public var value: Expression
    /// Where name and value stand.
    public var range: SourceRange

    /// Names a value.
    public init(name: String, value: Expression, range: SourceRange = .synthetic) {
      self.name = name
      self.value = value
      self.range = range
    }
  }

  /// The fields in the order of the text, each name once.
  public var fields: [Field]
  /// Where the record stands, parentheses included.
  public var range: SourceRange

  /// A record of named values.
  public init(fields: [Field], range: SourceRange = .synthetic) {
    self.fields = fields
    self.range = range
  }
}

/// A name that stands for an expression elsewhere.
public struct Reference: Sendable, Equatable {
  /// The name of the parameter or definition.
  public var name: String
  /// Where it stands.
  public var range: SourceRange

  /// Refers to a name.
  public init(name: String, range: SourceRange = .synthetic) {
    self.name = name
    self.range = range
  }
}
