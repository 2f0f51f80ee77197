internal import AlmanacCore

/// Keeps what somebody says of outliers.
struct LabelPlan: Sendable {
  var input: Plan
  var verdict: Judgement.Verdict
  var note: String
  var author: String
  /// The selector of all series that it is meant for; empty for each series alone.
  var template: String
  /// Where errors point to.
  var range: SourceRange
}

extension Planner {
  func planLabel(_ call: Call, _ stage: String) throws(QueryError) -> LabelPlan {
    var arguments = try Arguments(call, stage: stage, positionalNames: ["verdict"])
    let input = try planJudged(arguments)
    let value = arguments.take("verdict")
    guard let verdict = value.flatMap(Judgement.Verdict.init) else {
      throw QueryError(
        code: .type,
        message: value == nil
          ? "cannot call label: it has no verdict"
          : "cannot call label: a verdict is false_alarm or true",
        range: value?.range ?? call.range, stage: stage,
        hint: "write label(outliers(memory<host=x>[7d]), false_alarm), or true in its place")
    }
    let note = try text(&arguments, "note")
    let author = try text(&arguments, "by")
    let isTemplate = try arguments.boolean("template") ?? false
    try arguments.finish()
    guard let template = isTemplate ? input.judgedSelector : "" else {
      throw QueryError(
        code: .type, message: "cannot call label: a template has one selector",
        range: call.range, stage: stage, hint: "leave template=true out")
    }
    return LabelPlan(
      input: input, verdict: verdict, note: note, author: author, template: template,
      range: call.range)
  }

  private func text(
    _ arguments: inout Arguments, _ name: String
  ) throws(QueryError) -> String {
    guard let value = arguments.take(name) else { return "" }
    guard let text = Arguments.text(value), text.utf8.count <= Judgement.longestText else {
      throw QueryError(
        code: .type, message: "cannot call label: \(name) must be a text of up to 1000 bytes",
        range: value.range, stage: arguments.stage, hint: "write \(name)=\"a backup\"")
    }
    return text
  }
}

extension Judgement {
  /// The most bytes of a note or a name.
  public static let longestText = 1000
}

extension Judgement.Verdict {
  fileprivate init?(_ value: Expression) {
    if case .boolean(let literal) = value {
      guard literal.value else { return nil }
      self = .event
      return
    }
    guard let text = Arguments.text(value), let verdict = Self(rawValue: text) else { return nil }
    self = verdict
  }
}
