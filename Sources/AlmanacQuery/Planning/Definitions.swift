internal import AlmanacCore

/// What names stand for in one script: definitions without version from the script itself, those
/// with one from the database. Resolving writes their bodies out.
///
/// Bodies are resolved when they are defined and know nothing but their parameters after that. So
/// a name in a body cannot be caught by the script that uses it, no definition can use itself, and
/// what was planned does not change when another version comes.
struct Definitions {
  /// A body with the parameters that it refers to.
  private struct Meaning {
    var name: String
    var parameters: [Parameter]
    var body: Expression
    /// Whether the body stands in another text than the query's.
    var isStored: Bool
  }

  /// The most expressions that one script may come to when all is written out.
  private static let maximumCount = 20_000

  private var local: [String: Meaning] = [:]
  private var stored: [StoredLet]
  /// Expressions written out so far.
  private var count = 0
  /// Where stored bodies were written out: errors there are about them.
  private var places: [SourceRange: String] = [:]

  /// Knows what is stored.
  init(stored: [StoredLet] = []) {
    self.stored = stored
  }

  // MARK: - Statements

  /// Takes in a definition. One with a version is returned, to be stored.
  mutating func define(_ node: Definition) throws(QueryError) -> StoredLet? {
    var parameters = node.parameters
    for index in parameters.indices {
      guard let value = parameters[index].defaultValue else { continue }
      parameters[index].defaultValue = try resolved(value, inside: node)
    }
    let body = try resolved(node.body, inside: node)
    guard let version = node.version else {
      local[node.name] = Meaning(
        name: node.name, parameters: parameters, body: body, isStored: false)
      return nil
    }
    var whole = node
    whole.parameters = parameters
    whole.body = body
    let new = StoredLet(
      name: node.name, version: version, text: Printer().print(.define(whole)))
    guard let old = stored.first(where: { $0.id == new.id }) else {
      stored.append(new)
      return new
    }
    if old.text == new.text { return old }
    let next = (stored.filter { $0.name == node.name }.map(\.version).max() ?? version) + 1
    throw QueryError(
      code: .name, message: "cannot define \(new.id): it is there with another body",
      range: node.nameRange, stage: "plan",
      hint: "use the next version: let \(node.name)@\(next) = ...; "
        + "what uses \(new.id) keeps its meaning")
  }

  /// Forgets stored definitions; which of them, in order of version.
  mutating func drop(_ node: Drop) throws(QueryError) -> [StoredLet] {
    let dropped = stored.filter {
      $0.name == node.name && (node.version == nil || $0.version == node.version)
    }
    guard !dropped.isEmpty else {
      throw unknown(node.name, node.version, node.range)
    }
    stored.removeAll { dropped.contains($0) }
    return dropped.sorted { $0.version < $1.version }
  }

  /// `expression` with every definition written out.
  mutating func resolve(_ expression: Expression) throws(QueryError) -> Expression {
    try resolve(expression, keeping: [])
  }

  /// `error` with the name of the stored definition that it is in, if it is in one.
  func located(_ error: QueryError) -> QueryError {
    guard let range = error.range, let name = places[range] else { return error }
    var error = error
    error.message += " (inside \(name))"
    return error
  }

  // MARK: - Resolving

  private mutating func resolved(
    _ expression: Expression, inside node: Definition
  ) throws(QueryError) -> Expression {
    if let call = selfCall(in: expression, of: node) {
      throw QueryError(
        code: .name, message: "cannot define \(node.name): it uses itself", range: call.nameRange,
        stage: "plan", hint: "a definition may use earlier ones only")
    }
    return try resolve(expression, keeping: Set(node.parameters.map(\.name)))
  }

  /// A call of what is being defined.
  private func selfCall(in expression: Expression, of node: Definition) -> Call? {
    if case .call(let call) = expression, call.name == node.name, call.version == node.version,
      node.version != nil || local[node.name] == nil && !Planner.functions.contains(node.name)
    {
      return call
    }
    for child in expression.children {
      if let call = selfCall(in: child, of: node) { return call }
    }
    return nil
  }

  /// - Parameter keeping: parameters of the definition around it, which stay as they are.
  private mutating func resolve(
    _ expression: Expression, keeping: Set<String>
  ) throws(QueryError) -> Expression {
    switch expression {
    case .reference(let node):
      if keeping.contains(node.name) { return expression }
      guard let meaning = local[node.name] else {
        throw QueryError(
          code: .name, message: "there is no let \(node.name)", range: node.range, stage: "plan",
          hint: "define it before it is used")
      }
      return try apply(
        meaning, to: Call(name: node.name, arguments: [], nameRange: node.range, range: node.range))
    case .call(var call):
      for index in call.arguments.indices {
        call.arguments[index].value = try resolve(call.arguments[index].value, keeping: keeping)
      }
      guard let meaning = try meaning(of: call) else { return .call(call) }
      return try apply(meaning, to: call)
    default:
      return try expression.mapChildren { (child: Expression) throws(QueryError) -> Expression in
        try resolve(child, keeping: keeping)
      }
    }
  }

  /// What a call stands for; nil where it is one of the language's own functions.
  private func meaning(of call: Call) throws(QueryError) -> Meaning? {
    guard let version = call.version else {
      if let meaning = local[call.name] { return meaning }
      let versions = stored.filter { $0.name == call.name }.map(\.version)
      guard let newest = versions.max(), !Planner.functions.contains(call.name) else { return nil }
      throw QueryError(
        code: .name, message: "there is no function \(call.name)", range: call.nameRange,
        stage: "plan", hint: "a stored let needs its version: \(call.name)@\(newest)")
    }
    guard let found = stored.first(where: { $0.name == call.name && $0.version == version }) else {
      throw unknown(call.name, version, call.nameRange)
    }
    guard let script = try? Parser.parse(found.text),
      case .define(let node)? = script.statements.first
    else {
      throw QueryError(
        code: .evaluation, message: "cannot read the stored let \(found.id)",
        range: call.nameRange, stage: "plan", hint: "drop let \(found.id), and define it anew")
    }
    return Meaning(
      name: found.id, parameters: node.parameters, body: node.body, isStored: true)
  }

  private func unknown(
    _ name: String, _ version: Int?, _ range: SourceRange
  ) -> QueryError {
    let versions = stored.filter { $0.name == name }.map(\.version).sorted()
    let hint: String
    if !versions.isEmpty {
      hint = "there is " + versions.map { "\(name)@\($0)" }.joined(separator: ", ")
    } else if let near = Suggestion.nearest(to: name, in: stored.map(\.name)) {
      hint = "did you mean \(near)? `show lets` lists them"
    } else {
      hint = "`show lets` lists them"
    }
    return QueryError(
      code: .name, message: "there is no let \(name)\(Printer.version(version))", range: range,
      stage: "plan", hint: hint)
  }

  // MARK: - Writing out

  /// The body with the arguments of `call` in place of its parameters.
  private mutating func apply(
    _ meaning: Meaning, to call: Call
  ) throws(QueryError) -> Expression {
    let place: SourceRange? = meaning.isStored ? call.nameRange : nil
    if let place { places[place] = meaning.name }
    let values = try bind(meaning, to: call, place)
    let body = place.map { meaning.body.placed(at: $0) } ?? meaning.body
    let result = try Self.substitute(body, values)
    let size = result.size
    count += size.count
    guard count <= Self.maximumCount, size.height <= Parser.maximumHeight else {
      throw QueryError(
        code: .budget, message: "cannot write out \(meaning.name): the query becomes too long",
        range: call.nameRange, stage: "plan", hint: "use fewer definitions inside of each other")
    }
    return result
  }

  /// The value of each parameter.
  private func bind(
    _ meaning: Meaning, to call: Call, _ place: SourceRange?
  ) throws(QueryError) -> [String: Expression] {
    let names = meaning.parameters.map(\.name)
    var values: [String: Expression] = [:]
    for (index, argument) in call.arguments.enumerated() {
      let name: String
      if let given = argument.name {
        name = given
      } else {
        guard index < names.count else {
          let what = names.count == 1 ? "1 argument" : "\(names.count) arguments"
          throw wrong(
            meaning, "it takes \(what), got \(call.arguments.count)", argument.value.range,
            usage(meaning))
        }
        name = names[index]
      }
      guard names.contains(name) else {
        let near = Suggestion.nearest(to: name, in: names)
        throw wrong(
          meaning, "it has no argument \(name)", argument.range,
          near.map { "did you mean \($0)?" } ?? usage(meaning))
      }
      guard values.updateValue(argument.value, forKey: name) == nil else {
        throw wrong(
          meaning, "\(name) is given twice", argument.range, "leave one of them out")
      }
    }
    for parameter in meaning.parameters where values[parameter.name] == nil {
      guard let value = parameter.defaultValue else {
        throw wrong(meaning, "it needs \(parameter.name)", call.nameRange, usage(meaning))
      }
      values[parameter.name] = try Self.substitute(
        place.map { value.placed(at: $0) } ?? value, values)
    }
    return values
  }

  private static func substitute(
    _ expression: Expression, _ values: [String: Expression]
  ) throws(QueryError) -> Expression {
    if case .reference(let node) = expression { return values[node.name] ?? expression }
    return try expression.mapChildren { (child: Expression) throws(QueryError) -> Expression in
      try substitute(child, values)
    }
  }

  private func wrong(
    _ meaning: Meaning, _ cause: String, _ range: SourceRange, _ hint: String
  ) -> QueryError {
    QueryError(
      code: .type, message: "cannot call \(meaning.name): \(cause)", range: range, stage: "plan",
      hint: hint)
  }

  private func usage(_ meaning: Meaning) -> String {
    let parameters = meaning.parameters.map { parameter in
      parameter.name + (parameter.defaultValue.map { "=" + Printer().print($0) } ?? "")
    }
    return "write \(meaning.name)(\(parameters.joined(separator: ", ")))"
  }
}
