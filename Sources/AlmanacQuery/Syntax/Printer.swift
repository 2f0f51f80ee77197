/// Writes trees as text that reads back to the same tree.
///
/// Canonical: `memory<host=x>`, one space around operators, grouping before the arguments, numbers
/// as short as they can be, durations in their largest whole units up to days.
public struct Printer: Sendable {
  /// How selectors are written.
  public enum Style: Sendable {
    /// `memory<host=x>`, quotes only where they must be.
    case canonical
    /// With the brackets and quotes that were typed.
    case keep
  }

  /// How selectors are written.
  public var style: Style

  /// Writes in a style.
  public init(style: Style = .canonical) {
    self.style = style
  }

  /// Writes a script, its statements separated by `; `.
  public func print(_ script: Script) -> String {
    script.statements.map { print($0) }.joined(separator: "; ")
  }

  /// Writes a statement.
  public func print(_ statement: Statement) -> String {
    switch statement {
    case .query(let expression): return print(expression)
    case .define(let node): return definition(node)
    case .explain(let node):
      return "explain \(node.isAnalyze ? "analyze " : "")\(print(node.body))"
    case .train(let node):
      let refresh = node.refresh.map { " refresh \(Self.duration($0))" } ?? ""
      return "train \(print(node.body))\(refresh)"
    case .show(let node):
      return "show \(node.subject.rawValue)" + (node.selector.map { " \(selector($0))" } ?? "")
    case .cancel(let node): return "cancel \(node.job)"
    case .drop(let node):
      let name = Words.isName(node.name) ? node.name : Self.quoted(node.name)
      return "drop \(node.subject.rawValue) \(name)\(Self.version(node.version))"
    }
  }

  /// Writes an expression.
  public func print(_ expression: Expression) -> String {
    text(expression, atLeast: .pipeline)
  }

  private func definition(_ node: Definition) -> String {
    let parameters = node.parameters.map { parameter in
      parameter.name + (parameter.defaultValue.map { "=\(print($0))" } ?? "")
    }
    let list = parameters.isEmpty ? "" : "(\(parameters.joined(separator: ", ")))"
    return "let \(node.name)\(Self.version(node.version))\(list) = \(print(node.body))"
  }

  /// Writes `@3`.
  static func version(_ version: Int?) -> String {
    version.map { "@\($0)" } ?? ""
  }
}

/// Literals.
extension Printer {
  /// The shortest text that reads back to `value`; whole numbers without `.0`.
  public static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "Inf" }
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A duration in its largest whole units up to days: `7d`, `1h30m`, `1m30s`.
  public static func duration(_ nanoseconds: Int64) -> String {
    var rest = nanoseconds.magnitude
    if rest == 0 { return "0s" }
    var text = nanoseconds < 0 ? "-" : ""
    for unit in ["d", "h", "m", "s", "ms", "us", "ns"] {
      guard let size = Lexer.units.first(where: { $0.name == unit })?.nanoseconds.magnitude else {
        continue
      }
      if rest >= size { text += "\(rest / size)\(unit)" }
      rest %= size
    }
    return text
  }

  /// A string in double quotes.
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          let code = String(scalar.value, radix: 16)
          result += "\\x" + (code.count < 2 ? "0" : "") + code
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}

/// Selectors.
extension Printer {
  /// Writes a selector.
  func selector(_ node: Selector) -> String {
    guard let metric = node.metric else { return "{\(matchers(node.matchers))}" }
    guard let name = name(of: metric, isBackquoted: node.isBackquoted) else {
      // No other form can hold a backtick in the name.
      let rest = node.matchers.isEmpty ? "" : ", \(matchers(node.matchers))"
      return "{\(Self.quoted(metric))\(rest)}"
    }
    if node.brackets == .none, node.matchers.isEmpty { return name }
    let needsBraces = node.matchers.contains { !Words.isName($0.label) }
    if needsBraces || style == .keep && node.brackets == .brace {
      return "\(name){\(matchers(node.matchers))}"
    }
    return "\(name)<\(matchers(node.matchers))>"
  }

  private func name(of metric: String, isBackquoted: Bool) -> String? {
    let first = metric.prefix { $0 != "." }
    if !isBackquoted, Words.isMetric(metric), !Words.isReserved(String(first)) { return metric }
    return metric.isEmpty || metric.utf8.contains(UInt8(ascii: "`")) ? nil : "`\(metric)`"
  }

  private func matchers(_ list: [Matcher]) -> String {
    list.map { matcher in
      let label = Words.isName(matcher.label) ? matcher.label : Self.quoted(matcher.label)
      let isExpression = matcher.operation == .matches || matcher.operation == .doesNotMatch
      let values = matcher.values.map { value in
        let isBare =
          !isExpression && Words.isBareword(value.text) && !(style == .keep && value.isQuoted)
        return isBare ? value.text : Self.quoted(value.text)
      }
      let text = values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]"
      return "\(label)\(matcher.operation.rawValue)\(text)"
    }.joined(separator: ", ")
  }
}
