public import AlmanacPattern

extension Query {
  /// What one statement of a script asks for. A database carries the steps out in order; the last
  /// one gives the answer.
  public enum Step: Sendable {
    /// Works out a query or explains one: `evaluate` of the query that this is a step of.
    case answer
    /// A query before the last statement: checked, not worked out.
    case skip(SourceRange)
    /// A definition that lives for its script, by its name.
    case define(String)
    /// Stores a definition; one that is there with the same body is stored already.
    case store(StoredLet)
    /// Forgets stored definitions.
    case dropLets([StoredLet])
    /// Forgets what was said of an outlier, by its number.
    case dropFeedback(String, SourceRange)
    /// Forgets a model, by its id.
    case dropModel(String, SourceRange)
    /// Trains the models of a query in the background.
    case train(Training)
    /// Lists what there is, of series that pass all matchers.
    case show(Show.Subject, [LabelMatcher])
    /// Ends a training, by the number of its job.
    case cancel(Int, SourceRange)
  }

  /// The models of a query that are to be trained.
  public struct Training: Sendable {
    /// The query in canonical form, definitions written out: a query of its own.
    public let text: String
    /// From one training to the next, in nanoseconds; nil trains once.
    public let refresh: Int64?
  }
}

/// A script whose names are resolved and whose queries are planned.
struct PlannedScript {
  private(set) var steps: [Query.Step] = []
  /// The plan of the last statement, where it is a query or explained.
  private(set) var plan: Plan?
  /// What explains it.
  private(set) var explanation: Explanation?
  private var definitions: Definitions
  private let durations: QueryDurations?

  /// Functions that train models.
  private static let trainers: Set<String> = ["forecast", "backtest", "tune"]

  /// Resolves and plans all statements of `script`, before any of them is carried out.
  ///
  /// - Parameter durations: what `step()` and `range()` in durations stand for, once that is known.
  init(
    _ script: Script, lets: [StoredLet], durations: QueryDurations? = nil
  ) throws(QueryError) {
    self.durations = durations
    definitions = Definitions(stored: lets)
    do throws(QueryError) {
      for (index, statement) in script.statements.enumerated() {
        try add(statement, isLast: index == script.statements.count - 1)
      }
    } catch {
      throw definitions.located(error)
    }
  }

  private mutating func add(_ statement: Statement, isLast: Bool) throws(QueryError) {
    switch statement {
    case .query(let expression):
      let (plan, _) = try plan(expression, isListed: false)
      if isLast { self.plan = plan }
      steps.append(isLast ? .answer : .skip(expression.range))
    case .explain(let node):
      let (plan, stages) = try plan(node.body, isListed: true)
      if isLast {
        self.plan = plan
        explanation = Explanation(plan, stages, isAnalyze: node.isAnalyze)
      }
      steps.append(isLast ? .answer : .skip(node.range))
    case .define(let node):
      if let new = try definitions.define(node) {
        steps.append(.store(new))
      } else {
        steps.append(.define(node.name))
      }
    case .drop(let node):
      switch node.subject {
      case .let: steps.append(.dropLets(try definitions.drop(node)))
      case .feedback: steps.append(.dropFeedback(node.name, node.range))
      case .model: steps.append(.dropModel(node.name, node.range))
      }
    case .train(let node): steps.append(.train(try training(node)))
    case .show(let node): steps.append(try show(node))
    case .cancel(let node): steps.append(.cancel(node.job, node.range))
    }
  }

  private mutating func plan(
    _ expression: Expression, isListed: Bool
  ) throws(QueryError) -> (Plan, StageList) {
    let stages = StageList(isListed: isListed)
    var planner = Planner()
    planner.stages = stages
    planner.durations = durations
    return (try planner.plan(try definitions.resolve(expression)), stages)
  }

  private mutating func training(_ node: Train) throws(QueryError) -> Query.Training {
    let body = try definitions.resolve(node.body)
    _ = try Planner().plan(body)
    guard body.calls(Self.trainers) else {
      throw QueryError(
        code: .type, message: "cannot train this: no model takes part in it",
        range: node.body.range, stage: "plan",
        hint: "write train memory<host=x>[30d] | forecast(7d)")
    }
    // Shorter would train without a pause.
    guard node.refresh.map({ $0 >= 60_000_000_000 }) ?? true else {
      throw QueryError(
        code: .type, message: "cannot refresh so often: a minute is the least", range: node.range,
        stage: "plan", hint: "write refresh 1d")
    }
    return Query.Training(text: Printer().print(body.untapped), refresh: node.refresh)
  }

  private func show(_ node: Show) throws(QueryError) -> Query.Step {
    guard let selector = node.selector else { return .show(node.subject, []) }
    guard node.subject != .lets else {
      throw QueryError(
        code: .type, message: "cannot list lets by series: they belong to none",
        range: selector.range, stage: "plan", hint: "write show lets")
    }
    guard case .select(let selection) = try Planner().plan(.selector(selector)) else {
      preconditionFailure("BUG: a selector selects")
    }
    return .show(node.subject, selection.matchers)
  }
}
