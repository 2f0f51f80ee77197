/// A part of a template that was read.
indirect enum TemplateNode: Sendable {
  case text(String)
  /// Prints what it comes to, unless it sets variables.
  case action(TemplatePipeline)
  case condition(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
  case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
  case range(TemplatePipeline, each: [TemplateNode], otherwise: [TemplateNode])
  case stop
  case next
}

/// Commands, each of which hands its value to the next one.
struct TemplatePipeline: Sendable {
  /// Variables that are set.
  var variables: [String] = []
  /// Whether they are new.
  var declares = false
  var commands: [TemplateCommand] = []
  /// The line that it stands in.
  var line: Int
}

/// A function with its arguments, or one value.
struct TemplateCommand: Sendable {
  var operands: [TemplateOperand]
}

/// One value.
indirect enum TemplateOperand: Sendable {
  case function(String)
  case value(TemplateValue)
  case dot
  case variable(String, fields: [String])
  case fields([String])
  case pipeline(TemplatePipeline, fields: [String])

  /// As it is written, for errors.
  var text: String {
    switch self {
    case .function(let name): name
    case .value(let value): value.text
    case .dot: "."
    case .variable(let name, let fields): "$" + ([name] + fields).joined(separator: ".")
    case .fields(let fields): "." + fields.joined(separator: ".")
    case .pipeline: "(...)"
    }
  }
}
