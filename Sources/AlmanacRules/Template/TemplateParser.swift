/// Reads the pieces of a template into nodes.
struct TemplateParser {
  private let name: String
  private let pieces: [TemplatePiece]
  private var position = 0
  private var line = 1
  /// Variables that are known here.
  private var variables: [String]
  /// Nesting of `range`, for `break` and `continue`.
  private var ranges = 0
  private var depth = 0
  private static let maximumDepth = 100

  private var tokens: [TemplateToken] = []
  private var token = 0

  init(_ pieces: [TemplatePiece], name: String, variables: [String]) {
    self.pieces = pieces
    self.name = name
    self.variables = [""] + variables
  }

  private func error(_ message: String) -> TemplateError {
    TemplateError("\(name):\(line): \(message)")
  }

  /// The whole template.
  mutating func template() throws(TemplateError) -> [TemplateNode] {
    let (nodes, end) = try list()
    if let end { throw error("unexpected {{\(end)}}") }
    return nodes
  }

  // MARK: - Actions

  /// Nodes up to `{{end}}` or `{{else}}`, and which of them ended the list.
  private mutating func list() throws(TemplateError) -> ([TemplateNode], String?) {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.maximumDepth else { throw error("too many actions inside of each other") }
    var nodes: [TemplateNode] = []
    while position < pieces.count {
      let piece = pieces[position]
      position += 1
      guard case .action(let words, let line) = piece else {
        if case .text(let text) = piece { nodes.append(.text(text)) }
        continue
      }
      self.line = line
      tokens = words
      token = 0
      guard case .word(let word)? = words.first else {
        nodes.append(.action(try whole("command")))
        continue
      }
      switch word {
      case "end", "else":
        token = 1
        if word == "end", tokens.count > 1 { throw error("unexpected token in end") }
        return (nodes, word)
      case "if", "with", "range":
        token = 1
        nodes.append(try control(word))
      case "break", "continue":
        guard ranges > 0 else { throw error("{{\(word)}} outside {{range}}") }
        nodes.append(word == "break" ? .stop : .next)
      case "define", "template", "block":
        throw error("{{\(word)}} is not supported")
      default: nodes.append(.action(try whole("command")))
      }
    }
    return (nodes, nil)
  }

  private mutating func control(_ word: String) throws(TemplateError) -> TemplateNode {
    let known = variables.count
    defer { variables.removeLast(variables.count - known) }
    let opening = line
    let pipeline = try whole(word)
    if word == "range" { ranges += 1 }
    let (then, end) = try list()
    if word == "range" { ranges -= 1 }
    var otherwise: [TemplateNode] = []
    if end == "else" {
      if token < tokens.count {
        // {{else if x}} is {{else}}{{if x}} that shares its {{end}}.
        guard case .word(let next) = tokens[token], next == word, word != "range" else {
          throw error("unexpected token in else")
        }
        token += 1
        otherwise = [try control(word)]
      } else {
        variables.removeLast(variables.count - known)
        let (nodes, last) = try list()
        guard last == "end" else {
          throw error(last == nil ? "unexpected EOF" : "expected end; found {{else}}")
        }
        otherwise = nodes
      }
    } else if end == nil {
      line = opening
      throw error("unexpected EOF: {{\(word)}} has no {{end}}")
    }
    switch word {
    case "if": return .condition(pipeline, then: then, otherwise: otherwise)
    case "with": return .with(pipeline, then: then, otherwise: otherwise)
    default: return .range(pipeline, each: then, otherwise: otherwise)
    }
  }

  // MARK: - Pipelines

  /// The pipeline that the rest of the words is.
  private mutating func whole(_ context: String) throws(TemplateError) -> TemplatePipeline {
    let pipeline = try self.pipeline(context)
    guard token == tokens.count else { throw error("unexpected \")\" in \(context)") }
    return pipeline
  }

  private mutating func pipeline(_ context: String) throws(TemplateError) -> TemplatePipeline {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.maximumDepth else { throw error("too many brackets inside of each other") }
    var pipeline = TemplatePipeline(line: line)
    try declaration(&pipeline, context)
    while true {
      let command = try self.command()
      if command.operands.isEmpty {
        throw error("missing value for \(context)")
      }
      pipeline.commands.append(command)
      guard token < tokens.count, tokens[token] == .pipe else { break }
      token += 1
    }
    for command in pipeline.commands.dropFirst() {
      switch command.operands[0] {
      case .function, .fields, .variable: break
      case .value, .dot, .pipeline:
        throw error("non executable command in pipeline stage 2")
      }
    }
    variables += pipeline.declares ? pipeline.variables : []
    return pipeline
  }

  private mutating func declaration(
    _ pipeline: inout TemplatePipeline, _ context: String
  ) throws(TemplateError) {
    guard case .variable(let first)? = peek(0) else { return }
    var names = [first]
    var length = 1
    if context == "range", peek(1) == .comma, case .variable(let second)? = peek(2) {
      names.append(second)
      length = 3
    }
    let mark = peek(length)
    guard mark == .declare || mark == .assign else { return }
    pipeline.variables = names
    pipeline.declares = mark == .declare
    if mark == .assign {
      for name in names where !variables.contains(name) {
        throw error("undefined variable \"$\(name)\"")
      }
    }
    token += length + 1
  }

  private func peek(_ offset: Int) -> TemplateToken? {
    token + offset < tokens.count ? tokens[token + offset] : nil
  }

  private mutating func command() throws(TemplateError) -> TemplateCommand {
    var operands: [TemplateOperand] = []
    while let operand = try operand() { operands.append(operand) }
    return TemplateCommand(operands: operands)
  }

  /// The next operand; nil at the end of the command.
  private mutating func operand() throws(TemplateError) -> TemplateOperand? {
    guard let next = peek(0) else { return nil }
    switch next {
    case .pipe, .close: return nil
    case .word(let word):
      token += 1
      switch word {
      case "true": return .value(.bool(true))
      case "false": return .value(.bool(false))
      case "nil": return .value(.null)
      default:
        guard TemplateFunction.names.contains(word) else {
          throw error("function \"\(word)\" not defined")
        }
        return .function(word)
      }
    case .variable(let name):
      token += 1
      guard variables.contains(name) else { throw error("undefined variable \"$\(name)\"") }
      return .variable(name, fields: fields())
    case .field(let name, _):
      token += 1
      return .fields([name] + fields())
    case .dot:
      token += 1
      return .dot
    case .number(let value):
      token += 1
      return .value(value)
    case .text(let text):
      token += 1
      return .value(.text(text))
    case .open:
      token += 1
      let inner = try pipeline("parenthesized pipeline")
      guard peek(0) == .close else { throw error("unclosed left paren") }
      token += 1
      return .pipeline(inner, fields: fields())
    case .declare, .assign, .comma: throw error("unexpected token in operand")
    }
  }

  /// `.a.b` that follows without a space.
  private mutating func fields() -> [String] {
    var fields: [String] = []
    while case .field(let name, false)? = peek(0) {
      fields.append(name)
      token += 1
    }
    return fields
  }
}
