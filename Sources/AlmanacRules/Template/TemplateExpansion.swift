/// One run of a template.
struct TemplateExpansion {
  /// What one template may print, in bytes: a guard against loops in loops.
  private static let limit = 1 << 20

  private let context: TemplateContext
  private let name: String
  private var variables: [(name: String, value: TemplateValue)]
  private var output = ""

  /// How a list of nodes ended.
  private enum Flow {
    case goesOn, stop, next
  }

  init(_ context: TemplateContext, name: String) {
    self.context = context
    self.name = name
    variables =
      [("", context.dot)] + context.variables.map { ($0.key, $0.value) }
  }

  mutating func expand(_ nodes: [TemplateNode]) throws -> String {
    _ = try walk(nodes, context.dot)
    return output
  }

  private func error(_ line: Int, _ place: String, _ message: String) -> TemplateError {
    TemplateError(
      "error executing template \(name): template: \(name):\(line): executing \"\(name)\" at "
        + "<\(place)>: \(message)")
  }

  // MARK: - Nodes

  private mutating func walk(_ nodes: [TemplateNode], _ dot: TemplateValue) throws -> Flow {
    for node in nodes {
      switch node {
      case .text(let text): output += text
      case .action(let pipeline):
        let value = try evaluate(pipeline, dot)
        if pipeline.variables.isEmpty { output += value.text }
      case .condition(let pipeline, let then, let otherwise):
        let flow = try scoped { (run) throws in
          let isTrue = try run.evaluate(pipeline, dot).isTrue
          return try run.walk(isTrue ? then : otherwise, dot)
        }
        if flow != .goesOn { return flow }
      case .with(let pipeline, let then, let otherwise):
        let flow = try scoped { (run) throws in
          let value = try run.evaluate(pipeline, dot)
          return try run.walk(value.isTrue ? then : otherwise, value.isTrue ? value : dot)
        }
        if flow != .goesOn { return flow }
      case .range(let pipeline, let each, let otherwise):
        let flow = try scoped { (run) throws in
          try run.range(pipeline, each, otherwise, dot)
        }
        if flow != .goesOn { return flow }
      case .stop: return .stop
      case .next: return .next
      }
      guard output.utf8.count <= Self.limit else {
        throw TemplateError("error executing template \(name): its text is over 1 MiB")
      }
    }
    return .goesOn
  }

  /// Runs `body`, after which the variables that it made are gone.
  private mutating func scoped(
    _ body: (inout TemplateExpansion) throws -> Flow
  ) rethrows -> Flow {
    let known = variables.count
    defer { variables.removeLast(variables.count - known) }
    return try body(&self)
  }

  private mutating func range(
    _ pipeline: TemplatePipeline, _ each: [TemplateNode], _ otherwise: [TemplateNode],
    _ dot: TemplateValue
  ) throws -> Flow {
    var plain = pipeline
    plain.variables = []
    let value = try evaluate(plain, dot)
    let elements: [(key: TemplateValue, value: TemplateValue)]
    switch value {
    case .samples(let samples):
      elements = samples.enumerated().map { (.integer($0.offset), .sample($0.element)) }
    case .labels(let labels):
      elements = Self.sorted(labels).map { (.text($0.key), .text($0.value)) }
    case .arguments(let arguments):
      elements = Self.sorted(arguments).map { (.text($0.key), $0.value) }
    case .integer(let count):
      elements = (0..<min(max(count, 0), 100_000)).map { (.integer($0), .integer($0)) }
    case .missing, .null: elements = []
    default:
      throw error(pipeline.line, "range", "range can't iterate over \(value.text)")
    }
    if elements.isEmpty { return try walk(otherwise, dot) }
    for element in elements {
      let known = variables.count
      defer { variables.removeLast(variables.count - known) }
      switch pipeline.variables.count {
      case 1: set(pipeline.variables[0], element.value, isNew: pipeline.declares)
      case 2:
        set(pipeline.variables[0], element.key, isNew: pipeline.declares)
        set(pipeline.variables[1], element.value, isNew: pipeline.declares)
      default: break
      }
      if try walk(each, element.value) == .stop { break }
    }
    return .goesOn
  }

  private static func sorted<Value>(_ values: [String: Value]) -> [(key: String, value: Value)] {
    values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  private mutating func set(_ name: String, _ value: TemplateValue, isNew: Bool) {
    if isNew {
      variables.append((name, value))
    } else if let index = variables.lastIndex(where: { $0.name == name }) {
      variables[index].value = value
    }
  }

  // MARK: - Values

  private mutating func evaluate(
    _ pipeline: TemplatePipeline, _ dot: TemplateValue
  ) throws -> TemplateValue {
    var value: TemplateValue?
    for command in pipeline.commands {
      value = try evaluate(command, dot, piped: value, pipeline.line)
    }
    let result = value ?? .missing
    for name in pipeline.variables { set(name, result, isNew: pipeline.declares) }
    return result
  }

  private mutating func evaluate(
    _ command: TemplateCommand, _ dot: TemplateValue, piped: TemplateValue?, _ line: Int
  ) throws -> TemplateValue {
    let first = command.operands[0]
    guard case .function(let name) = first else {
      guard command.operands.count == 1, piped == nil else {
        throw error(line, first.text, "can't give argument to non-function \(first.text)")
      }
      return try evaluate(first, dot, line)
    }
    if name == "and" || name == "or" {
      return try choose(name == "and", command.operands.dropFirst(), dot, piped, line)
    }
    var arguments: [TemplateValue] = []
    for operand in command.operands.dropFirst() {
      arguments.append(try evaluate(operand, dot, line))
    }
    if let piped { arguments.append(piped) }
    return try call(name, arguments, line)
  }

  /// `and` and `or` look no further than they must.
  private mutating func choose(
    _ isAnd: Bool, _ operands: ArraySlice<TemplateOperand>, _ dot: TemplateValue,
    _ piped: TemplateValue?, _ line: Int
  ) throws -> TemplateValue {
    var last: TemplateValue?
    for operand in operands {
      let value = try evaluate(operand, dot, line)
      if value.isTrue != isAnd { return value }
      last = value
    }
    guard let result = piped ?? last else {
      throw error(
        line, isAnd ? "and" : "or",
        "wrong number of args for \(isAnd ? "and" : "or"): want at least 1 got 0")
    }
    return result
  }

  private func call(_ name: String, _ arguments: [TemplateValue], _ line: Int) throws
    -> TemplateValue
  {
    do {
      return try TemplateFunction(name, context).call(arguments)
    } catch let failure as TemplateError {
      throw error(line, name, "error calling \(name): \(failure.message)")
    }
  }

  private mutating func evaluate(
    _ operand: TemplateOperand, _ dot: TemplateValue, _ line: Int
  ) throws -> TemplateValue {
    switch operand {
    case .value(let value): return value
    case .dot: return dot
    case .function(let name): return try call(name, [], line)
    case .fields(let names): return try field(names, of: dot, operand, line)
    case .variable(let name, let names):
      let value = variables.last { $0.name == name }?.value ?? .missing
      return try field(names, of: value, operand, line)
    case .pipeline(let pipeline, let names):
      return try field(names, of: try evaluate(pipeline, dot), operand, line)
    }
  }

  private func field(
    _ names: [String], of value: TemplateValue, _ operand: TemplateOperand, _ line: Int
  ) throws -> TemplateValue {
    var value = value
    for name in names {
      switch value {
      case .labels(let labels): value = .text(labels[name] ?? "")
      case .arguments(let arguments): value = arguments[name] ?? .missing
      case .fields(let fields) where fields[name] != nil: value = fields[name] ?? .missing
      case .sample(let sample) where name == "Labels": value = .labels(sample.labels)
      case .sample(let sample) where name == "Value": value = .number(sample.value)
      case .missing, .null:
        throw error(line, operand.text, "nil pointer evaluating interface {}.\(name)")
      default:
        throw error(
          line, operand.text, "can't evaluate field \(name) in type \(value.typeName)")
      }
    }
    return value
  }
}
