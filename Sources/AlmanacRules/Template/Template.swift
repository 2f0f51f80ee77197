/// A text with Go template actions, as Prometheus' rule files have them: read once, expanded often.
public struct Template: Sendable {
  private let name: String
  private let nodes: [TemplateNode]
  /// The text, where there is nothing to expand.
  private let plain: String?

  /// Reads `text`.
  ///
  /// - Parameters:
  ///   - name: what it is called in errors.
  ///   - variables: names that are defined from the start, without `$`.
  public init(_ text: String, name: String, variables: [String]) throws(TemplateError) {
    self.name = name
    guard text.contains("{{") else {
      nodes = []
      plain = text
      return
    }
    plain = nil
    var parser = TemplateParser(
      try TemplateLexer.pieces(of: text, name: name), name: name, variables: variables)
    nodes = try parser.template()
  }

  /// What it makes of `context`.
  ///
  /// - Throws: `TemplateError`, or `MissingQuery` where the result of a query is not known yet.
  func expand(_ context: TemplateContext) throws -> String {
    if let plain { return plain }
    var expansion = TemplateExpansion(context, name: name)
    return try expansion.expand(nodes)
  }
}

/// What a template sees.
struct TemplateContext: Sendable {
  /// `.`
  var dot: TemplateValue
  /// Variables by name, without `$`.
  var variables: [String: TemplateValue]
  /// Where links lead to, without a slash at the end.
  var externalURL: String
  /// Unix seconds of the evaluation.
  var now: Double
  /// Results of queries by their texts, as far as they are known; or why there is none.
  var queries: [String: Result<[TemplateSample], TemplateError>]
}

/// A template needs the result of a query.
struct MissingQuery: Error {
  let text: String
}
