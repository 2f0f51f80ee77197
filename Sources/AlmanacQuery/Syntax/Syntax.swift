/// What a text holds: statements, one after the other.
public struct Script: Sendable, Equatable {
  /// The statements in order; the parser returns at least one.
  public var statements: [Statement]
  /// The whole text from the first statement to the last.
  public var range: SourceRange

  /// Joins statements.
  public init(statements: [Statement], range: SourceRange = .synthetic) {
    self.statements = statements
    self.range = range
  }
}

/// One statement of a script.
public enum Statement: Sendable, Equatable {
  /// A query: answers with its value.
  case query(Expression)
  /// `let name@1(parameter=default) = body`
  case define(Definition)
  /// `explain body`, `explain analyze body`
  case explain(Explain)
  /// `train body refresh 1d`
  case train(Train)
  /// `show models`
  case show(Show)
  /// `cancel 7`
  case cancel(Cancel)
  /// `drop model "id"`
  case drop(Drop)

  /// Where the statement stands.
  public var range: SourceRange {
    switch self {
    case .query(let expression): expression.range
    case .define(let node): node.range
    case .explain(let node): node.range
    case .train(let node): node.range
    case .show(let node): node.range
    case .cancel(let node): node.range
    case .drop(let node): node.range
    }
  }
}

/// A name given to a pipeline; with a version it is stored, without one it lives for its script.
public struct Definition: Sendable, Equatable {
  /// The name.
  public var name: String
  /// The version, if the definition is to be stored.
  public var version: Int?
  /// The parameters, in order.
  public var parameters: [Parameter]
  /// What the name stands for. Names of parameters are `.reference` in it.
  public var body: Expression
  /// Where the name stands.
  public var nameRange: SourceRange
  /// Where the statement stands.
  public var range: SourceRange

  /// Names a pipeline.
  public init(
    name: String, version: Int? = nil, parameters: [Parameter] = [], body: Expression,
    nameRange: SourceRange = .synthetic, range: SourceRange = .synthetic
  ) {
    self.name = name
    self.version = version
    self.parameters = parameters
    self.body = body
    self.nameRange = nameRange
    self.range = range
  }
}

/// A parameter of a definition.
public struct Parameter: Sendable, Equatable {
  /// The name.
  public var name: String
  /// What the parameter is where a call leaves it out; nil if it must be given.
  public var defaultValue: Expression?
  /// Where name and default stand.
  public var range: SourceRange

  /// Names a parameter.
  public init(name: String, defaultValue: Expression? = nil, range: SourceRange = .synthetic) {
    self.name = name
    self.defaultValue = defaultValue
    self.range = range
  }
}

/// Asks what a query would do instead of its value.
public struct Explain: Sendable, Equatable {
  /// Whether the query is run as well, to say what it did cost.
  public var isAnalyze: Bool
  /// The query.
  public var body: Expression
  /// Where the statement stands.
  public var range: SourceRange

  /// Asks about a query.
  public init(isAnalyze: Bool = false, body: Expression, range: SourceRange = .synthetic) {
    self.isAnalyze = isAnalyze
    self.body = body
    self.range = range
  }
}

/// Trains the models of a query in the background.
public struct Train: Sendable, Equatable {
  /// The query.
  public var body: Expression
  /// Nanoseconds between two trainings; nil trains once.
  public var refresh: Int64?
  /// Where the statement stands.
  public var range: SourceRange

  /// Asks for a training.
  public init(body: Expression, refresh: Int64? = nil, range: SourceRange = .synthetic) {
    self.body = body
    self.refresh = refresh
    self.range = range
  }
}

/// Lists what the database holds.
public struct Show: Sendable, Equatable {
  /// What can be listed.
  public enum Subject: String, Sendable, CaseIterable {
    /// The cache of models.
    case models
    /// Trainings under way.
    case jobs
    /// Stored definitions.
    case lets
    /// The series.
    case series
    /// What was said of outliers.
    case feedback
  }

  /// What is listed.
  public var subject: Subject
  /// Lists only what belongs to these series.
  public var selector: Selector?
  /// Where the statement stands.
  public var range: SourceRange

  /// Asks for a list.
  public init(subject: Subject, selector: Selector? = nil, range: SourceRange = .synthetic) {
    self.subject = subject
    self.selector = selector
    self.range = range
  }
}

/// Cancels a training.
public struct Cancel: Sendable, Equatable {
  /// The number of the job.
  public var job: Int
  /// Where the statement stands.
  public var range: SourceRange

  /// Asks to cancel a job.
  public init(job: Int, range: SourceRange = .synthetic) {
    self.job = job
    self.range = range
  }
}

/// Removes a model or a stored definition.
public struct Drop: Sendable, Equatable {
  /// What can be removed.
  public enum Subject: String, Sendable, CaseIterable {
    /// A model of the cache.
    case model
    /// A stored definition.
    case `let`
    /// What was said of an outlier.
    case feedback
  }

  /// What is removed.
  public var subject: Subject
  /// The id of the model, the name of the definition or the number of the judgement.
  public var name: String
  /// The version of the definition; nil means all.
  public var version: Int?
  /// Where the statement stands.
  public var range: SourceRange

  /// Asks for a removal.
  public init(
    subject: Subject, name: String, version: Int? = nil, range: SourceRange = .synthetic
  ) {
    self.subject = subject
    self.name = name
    self.version = version
    self.range = range
  }
}
