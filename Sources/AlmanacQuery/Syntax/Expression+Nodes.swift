/// A value handed to a function.
public struct Argument: Sendable, Equatable {
  /// The name; nil if the position says what the argument is. No such one follows a named one.
  public var name: String?
  /// The value.
  public var value: Expression
  /// Where name and value stand.
  public var range: SourceRange

  /// A value for a function.
  public init(name: String? = nil, _ value: Expression, range: SourceRange = .synthetic) {
    self.name = name
    self.value = value
    self.range = range
  }
}

/// A function of some values.
public struct Call: Sendable, Equatable {
  /// The name of the function, as typed.
  public var name: String
  /// The version in `prep@3(...)`.
  public var version: Int?
  /// The arguments; in a pipe the first one is what comes through the pipe.
  public var arguments: [Argument]
  /// Whether the first argument was written before a `|`.
  public var isPiped: Bool
  /// Where the name and version stand.
  public var nameRange: SourceRange
  /// Where the call stands; in a pipe with all that comes before.
  public var range: SourceRange

  /// Calls a function.
  public init(
    name: String, version: Int? = nil, arguments: [Argument], isPiped: Bool = false,
    nameRange: SourceRange = .synthetic, range: SourceRange = .synthetic
  ) {
    self.name = name
    self.version = version
    self.arguments = arguments
    self.isPiped = isPiped
    self.nameRange = nameRange
    self.range = range
  }
}

/// One value out of many series at each time.
public struct Aggregate: Sendable, Equatable {
  /// How the values are combined.
  public enum Operation: String, Sendable, CaseIterable {
    // swift-format-ignore: AllPublicDeclarationsHaveDocumentation
    case sum, avg, min, max, count, median, stddev, stdvar, quantile, topk, bottomk, group, limitk
    /// Counts equal values.
    case countValues = "count_values"
    /// Keeps a share of the series.
    case limitRatio = "limit_ratio"
  }

  /// Which series are combined with each other.
  public struct Grouping: Sendable, Equatable {
    /// Whether the labels are those to drop instead of those to keep.
    public var isWithout: Bool
    /// The labels.
    public var labels: [String]
    /// Where the clause stands.
    public var range: SourceRange

    /// Groups series by labels.
    public init(isWithout: Bool = false, labels: [String], range: SourceRange = .synthetic) {
      self.isWithout = isWithout
      self.labels = labels
      self.range = range
    }
  }

  /// How the values are combined.
  public var operation: Operation
  /// The arguments as written, `topk(3, x)` with the number first; what comes through a pipe is
  /// the first one.
  public var arguments: [Argument]
  /// Which series are combined; nil combines all.
  public var grouping: Grouping?
  /// Whether the first argument was written before a `|`.
  public var isPiped: Bool
  /// Where the name stands.
  public var nameRange: SourceRange
  /// Where the aggregate stands.
  public var range: SourceRange

  /// Combines series.
  public init(
    operation: Operation, arguments: [Argument], grouping: Grouping? = nil,
    isPiped: Bool = false, nameRange: SourceRange = .synthetic, range: SourceRange = .synthetic
  ) {
    self.operation = operation
    self.arguments = arguments
    self.grouping = grouping
    self.isPiped = isPiped
    self.nameRange = nameRange
    self.range = range
  }
}

/// A sign before an expression that is no literal.
public struct Unary: Sendable, Equatable {
  /// The signs.
  public enum Operation: String, Sendable, CaseIterable {
    /// The value as it is.
    case plus = "+"
    /// The value times -1.
    case minus = "-"
  }

  /// The sign.
  public var operation: Operation
  /// What it stands before.
  public var operand: Expression
  /// Where sign and operand stand.
  public var range: SourceRange

  /// Puts a sign before an expression.
  public init(operation: Operation, operand: Expression, range: SourceRange = .synthetic) {
    self.operation = operation
    self.operand = operand
    self.range = range
  }
}

/// Two expressions with an operator between them.
public struct Binary: Sendable, Equatable {
  /// The operators.
  public enum Operation: String, Sendable, CaseIterable {
    // swift-format-ignore: AllPublicDeclarationsHaveDocumentation
    case or, and, unless
    /// `==`
    case equal = "=="
    /// `!=`
    case notEqual = "!="
    /// `<`
    case less = "<"
    /// `<=`
    case lessOrEqual = "<="
    /// `>`
    case greater = ">"
    /// `>=`
    case greaterOrEqual = ">="
    /// `+`
    case add = "+"
    /// `-`
    case subtract = "-"
    /// `*`
    case multiply = "*"
    /// `/`
    case divide = "/"
    /// `%`
    case remainder = "%"
    /// `^`
    case power = "^"
    /// `atan2`: the angle of the point (right, left) in radians.
    case atan2

    /// Whether the operator compares: those do not chain.
    public var isComparison: Bool { precedence == 3 }

    /// Whether the operator joins sets of series: `or`, `and`, `unless`.
    public var isSetOperation: Bool { precedence <= 2 }

    /// How tightly the operator binds; 1 the loosest, signs would be 6.
    public var precedence: Int {
      switch self {
      case .or: 1
      case .and, .unless: 2
      case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
      case .add, .subtract: 4
      case .multiply, .divide, .remainder, .atan2: 5
      case .power: 7
      }
    }
  }

  /// The operator.
  public var operation: Operation
  /// What stands before it.
  public var left: Expression
  /// What stands after it.
  public var right: Expression
  /// Which series meet; nil if nothing was said.
  public var matching: Matching?
  /// Whether a comparison answers 0 or 1 instead of dropping samples.
  public var returnsBool: Bool
  /// What stands for samples without a partner; nil leaves those out.
  public var fill: Fill?
  /// Where the operator stands.
  public var operatorRange: SourceRange
  /// Where the whole stands.
  public var range: SourceRange

  /// Combines two expressions.
  public init(
    operation: Operation, left: Expression, right: Expression, matching: Matching? = nil,
    returnsBool: Bool = false, operatorRange: SourceRange = .synthetic,
    range: SourceRange = .synthetic
  ) {
    self.operation = operation
    self.left = left
    self.right = right
    self.matching = matching
    self.returnsBool = returnsBool
    self.operatorRange = operatorRange
    self.range = range
  }
}

/// Which series of two sets meet in an operation.
public struct Matching: Sendable, Equatable {
  /// The side that may have many series for one of the other.
  public enum Side: String, Sendable, CaseIterable {
    /// Many on the left.
    case left = "group_left"
    /// Many on the right.
    case right = "group_right"
  }

  /// Whether `labels` are those to leave out instead of those to compare.
  public var isIgnoring: Bool
  /// The labels of `on` or `ignoring`.
  public var labels: [String]
  /// The side with many series; nil matches one to one.
  public var many: Side?
  /// The labels that the side with many takes from the other one.
  public var include: [String]
  /// Where the clauses stand.
  public var range: SourceRange

  /// Says which series meet.
  public init(
    isIgnoring: Bool = false, labels: [String], many: Side? = nil, include: [String] = [],
    range: SourceRange = .synthetic
  ) {
    self.isIgnoring = isIgnoring
    self.labels = labels
    self.many = many
    self.include = include
    self.range = range
  }
}

/// The history of an expression: `x[30d]`, or a subquery `x[30d:5m]`.
public struct Window: Sendable, Equatable {
  /// The distance of the values.
  public enum Step: Sendable, Equatable {
    /// `x[30d]`: the samples as they are.
    case samples
    /// `x[30d:]`: on the step of the query.
    case auto
    /// `x[30d:5m]`: every so many nanoseconds.
    case every(Int64)
  }

  /// What is looked back on.
  public var base: Expression
  /// How far, in nanoseconds.
  public var length: Int64
  /// The distance of the values.
  public var step: Step
  /// How the length is calculated, if it is; `length` is 0 then.
  public var lengthFormula: Expression?
  /// How the step is calculated, if it is; `step` is `.every(0)` then.
  public var stepFormula: Expression?
  /// What stands for the values at the ends of the window.
  public var boundary = Boundary.samples
  /// Where base and brackets stand.
  public var range: SourceRange

  /// Looks back.
  public init(
    base: Expression, length: Int64, step: Step = .samples, range: SourceRange = .synthetic
  ) {
    self.base = base
    self.length = length
    self.step = step
    self.range = range
  }
}

/// An expression as it was some time before: `x offset 1w`.
public struct Offset: Sendable, Equatable {
  /// What is moved.
  public var base: Expression
  /// How far back, in nanoseconds; negative looks ahead.
  public var nanoseconds: Int64
  /// How the duration is calculated, if it is; `nanoseconds` is 0 then.
  public var formula: Expression?
  /// Where base and clause stand.
  public var range: SourceRange

  /// Moves an expression in time.
  public init(base: Expression, nanoseconds: Int64, range: SourceRange = .synthetic) {
    self.base = base
    self.nanoseconds = nanoseconds
    self.range = range
  }
}

/// An expression at a fixed time: `x @ end`.
public struct At: Sendable, Equatable {
  /// A time.
  public enum Moment: Sendable, Equatable {
    /// Seconds since 1970.
    case seconds(Double)
    /// A time in RFC 3339, not yet read.
    case text(String)
    /// The start of the range of the query.
    case start
    /// Its end.
    case end
    /// Now.
    case now
    /// So many nanoseconds from the time of the query; `-7d` is a week earlier.
    case relative(Int64)
  }

  /// What is evaluated.
  public var base: Expression
  /// When.
  public var moment: Moment
  /// Where base and clause stand.
  public var range: SourceRange

  /// Fixes the time of an expression.
  public init(base: Expression, moment: Moment, range: SourceRange = .synthetic) {
    self.base = base
    self.moment = moment
    self.range = range
  }
}

/// One part of a result: `x.lower`.
public struct Projection: Sendable, Equatable {
  /// The result.
  public var base: Expression
  /// The name of the part.
  public var name: String
  /// Where the name stands.
  public var nameRange: SourceRange
  /// Where base and name stand.
  public var range: SourceRange

  /// Takes a part of a result.
  public init(
    base: Expression, name: String, nameRange: SourceRange = .synthetic,
    range: SourceRange = .synthetic
  ) {
    self.base = base
    self.name = name
    self.nameRange = nameRange
    self.range = range
  }
}
