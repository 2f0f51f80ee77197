internal import AlmanacCore

/// What a function of series or numbers takes.
struct FunctionSignature: Sendable {
  enum Kind: Sendable {
    case series, number, text
  }

  struct Parameter: Sendable {
    var name: String
    var kind: Kind
    var isOptional = false
  }

  var name: String
  var parameters: [Parameter]
  /// Whether the last parameter may come any number of times.
  var isVariadic = false

  /// All functions by their names.
  static let all: [String: FunctionSignature] = Dictionary(
    uniqueKeysWithValues: (ElementaryFunction.all.keys.map { FunctionSignature($0, [.series]) }
      + ElementaryFunction.calendar.keys.map { FunctionSignature($0, [.optional(.series)]) }
      + [
        FunctionSignature("round", [.series, .optional(.number("to"))]),
        FunctionSignature("clamp", [.series, .number("min"), .number("max")]),
        FunctionSignature("clamp_min", [.series, .number("min")]),
        FunctionSignature("clamp_max", [.series, .number("max")]),
        FunctionSignature("pi", []),
        FunctionSignature("time", []),
        FunctionSignature("start", []),
        FunctionSignature("end", []),
        FunctionSignature("step", []),
        FunctionSignature("range", []),
        FunctionSignature("min_of", [.number("a"), .number("b")]),
        FunctionSignature("max_of", [.number("a"), .number("b")]),
        FunctionSignature("scalar", [.series]),
        FunctionSignature("vector", [.number("value")]),
        FunctionSignature("timestamp", [.series]),
        FunctionSignature("absent", [.series]),
        FunctionSignature("sort", [.series]),
        FunctionSignature("sort_desc", [.series]),
        FunctionSignature("sort_by_label", [.series, .text("label")], isVariadic: true),
        FunctionSignature("sort_by_label_desc", [.series, .text("label")], isVariadic: true),
        FunctionSignature(
          "label_replace",
          [
            .series, .text("to"), .text("replacement"), .text("from"), .text("pattern"),
          ]),
        FunctionSignature(
          "label_join", [.series, .text("to"), .text("separator"), .text("from")],
          isVariadic: true),
        FunctionSignature("histogram_quantile", [.number("share"), .series]),
        FunctionSignature(
          "histogram_quantiles", [.series, .text("label"), .number("share")], isVariadic: true),
        FunctionSignature(
          "histogram_fraction", [.number("lower"), .number("upper"), .series]),
      ]).map { ($0.name, $0) })

  private init(_ name: String, _ parameters: [Parameter], isVariadic: Bool = false) {
    self.name = name
    self.parameters = parameters
    self.isVariadic = isVariadic
  }

  /// The call as it is written, for hints.
  var usage: String {
    let all = parameters.map { parameter in
      switch parameter.kind {
      case .series: "memory<host=x>"
      case .number: parameter.name
      case .text: "\"\(parameter.name)\""
      }
    }
    return "\(name)(\(all.joined(separator: ", "))\(isVariadic ? ", ..." : ""))"
  }

  /// The arguments of `call` by parameter, in the order of PromQL; in a pipe the series come first.
  /// A parameter that was not given has none.
  func bind(_ call: Call, stage: String) throws(QueryError) -> [[Expression]] {
    var bound = [[Expression]](repeating: [], count: parameters.count)
    for argument in call.arguments {
      guard let name = argument.name else { continue }
      guard let index = parameters.firstIndex(where: { $0.name == name }) else {
        let near = Suggestion.nearest(to: name, in: parameters.map(\.name))
        throw QueryError(
          code: .name, message: "cannot call \(self.name): it has no argument \(name)",
          range: argument.range, stage: stage,
          hint: near.map { "did you mean \($0)?" } ?? "write \(usage)")
      }
      bound[index].append(argument.value)
    }
    var open = parameters.indices.filter { bound[$0].isEmpty }
    if call.isPiped, let series = open.firstIndex(where: { parameters[$0].kind == .series }) {
      open.insert(open.remove(at: series), at: 0)
    }
    for (position, argument) in call.arguments.filter({ $0.name == nil }).enumerated() {
      if position < open.count {
        bound[open[position]].append(argument.value)
      } else if isVariadic, let last = open.last, last == parameters.count - 1 {
        bound[last].append(argument.value)
      } else {
        let most = parameters.count
        throw QueryError(
          code: .type,
          message: "cannot call \(name): it takes \(most == 1 ? "1 argument" : "\(most) arguments")"
            + ", got \(call.arguments.count)",
          range: argument.range, stage: stage, hint: "write \(usage)")
      }
    }
    for (index, parameter) in parameters.enumerated() where bound[index].isEmpty {
      if parameter.isOptional || isVariadic && index == parameters.count - 1 { continue }
      throw QueryError(
        code: .type,
        message: "cannot call \(name): it has no "
          + (parameter.kind == .series ? "series to work on" : parameter.name),
        range: call.range, stage: stage, hint: "write \(usage)")
    }
    return bound
  }
}

extension FunctionSignature.Parameter {
  fileprivate static let series = Self(name: "series", kind: .series)

  fileprivate static func number(_ name: String) -> Self { Self(name: name, kind: .number) }

  fileprivate static func text(_ name: String) -> Self { Self(name: name, kind: .text) }

  fileprivate static func optional(_ parameter: Self) -> Self {
    Self(name: parameter.name, kind: parameter.kind, isOptional: true)
  }
}
