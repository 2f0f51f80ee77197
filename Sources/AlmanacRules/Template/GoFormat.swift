internal import AlmanacCore
internal import AlmanacQuery
internal import Foundation

/// Go's `fmt`: `Sprint` and `Sprintf` for the types that templates have.
enum GoFormat {
  /// `Sprint`: a space between operands of which neither is a string.
  static func print(_ arguments: [TemplateValue]) -> String {
    var text = ""
    for (index, argument) in arguments.enumerated() {
      if index > 0, !argument.isText, !arguments[index - 1].isText { text += " " }
      text += argument.text
    }
    return text
  }

  /// What stands between `%` and the verb.
  fileprivate struct Directive {
    var flags: Set<Character> = []
    var width: Int?
    var precision: Int?
  }

  /// `Sprintf`; wrong verbs and numbers of arguments leave Go's notes in the text.
  static func format(_ format: String, _ arguments: [TemplateValue]) -> String {
    var text = ""
    var rest = Substring(format)
    var next = 0
    while let character = rest.popFirst() {
      guard character == "%" else {
        text.append(character)
        continue
      }
      let directive = read(&rest)
      guard let verb = rest.popFirst() else {
        text += "%!(NOVERB)"
        break
      }
      if verb == "%" {
        text.append("%")
        continue
      }
      guard next < arguments.count else {
        text += "%!\(verb)(MISSING)"
        continue
      }
      text += directive.padded(one(directive, verb, arguments[next]), arguments[next])
      next += 1
    }
    if next < arguments.count {
      let extra = arguments[next...].map { "\($0.typeName)=\($0.text)" }
      text += "%!(EXTRA \(extra.joined(separator: ", ")))"
    }
    return text
  }

  private static func read(_ rest: inout Substring) -> Directive {
    var directive = Directive()
    while let flag = rest.first, "+-# 0".contains(flag) {
      directive.flags.insert(flag)
      rest.removeFirst()
    }
    directive.width = number(&rest)
    if rest.first == "." {
      rest.removeFirst()
      directive.precision = number(&rest) ?? 0
    }
    return directive
  }

  /// Digits, at most a thousand: nobody pads more.
  private static func number(_ rest: inout Substring) -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest[digits.endIndex...]
    return Int(digits).map { min($0, 1000) }
  }

  private static func one(
    _ directive: Directive, _ verb: Character, _ value: TemplateValue
  ) -> String {
    switch (verb, value) {
    case ("v", .number(let number)):
      return directive.signed(float(number, directive, "g"), number < 0)
    case ("v", .integer(let number)): return directive.signed(String(number), number < 0)
    case ("v", .text(let text)): return directive.cut(text)
    case ("v", _): return value.text
    case ("s", .integer), ("s", .number), ("s", .bool): break
    case ("s", _): return directive.cut(value.text)
    case ("q", .text(let text)): return Printer.quoted(text)
    case ("t", .bool(let value)): return String(value)
    case ("d", .integer(let number)): return directive.signed(String(number), number < 0)
    case ("d", .duration(let interval)): return String(interval.nanoseconds)
    case ("x", .integer(let number)): return String(number, radix: 16)
    case ("X", .integer(let number)): return String(number, radix: 16, uppercase: true)
    case ("o", .integer(let number)): return String(number, radix: 8)
    case ("b", .integer(let number)): return String(number, radix: 2)
    case ("c", .integer(let number)):
      return Unicode.Scalar(UInt32(clamping: number)).map { String($0) } ?? "\u{FFFD}"
    case ("x", .text(let text)):
      return text.utf8.map { String(format: "%02x", $0) }.joined()
    case ("e", .number(let number)), ("f", .number(let number)), ("g", .number(let number)),
      ("E", .number(let number)), ("F", .number(let number)), ("G", .number(let number)):
      return directive.signed(float(number, directive, verb), number < 0)
    default: break
    }
    return "%!\(verb)(\(value.typeName)=\(value.text))"
  }

  private static func float(
    _ value: Double, _ directive: Directive, _ verb: Character
  ) -> String {
    if verb == "g" || verb == "G" {
      guard let precision = directive.precision else {
        let text = GoNumber.general(value)
        return verb == "G" ? text.uppercased() : text
      }
      return GoNumber.formatted(value, precision: precision, verb: verb)
    }
    return GoNumber.formatted(
      value, precision: directive.precision ?? 6, verb: verb == "F" ? "f" : verb)
  }
}

extension GoFormat.Directive {
  /// The text with a sign in front where one was asked for.
  fileprivate func signed(_ text: String, _ isNegative: Bool) -> String {
    guard !isNegative, !text.hasPrefix("+"), !text.hasPrefix("-") else { return text }
    if flags.contains("+") { return "+" + text }
    return flags.contains(" ") ? " " + text : text
  }

  /// As many characters as the precision says.
  fileprivate func cut(_ text: String) -> String {
    precision.map { String(text.unicodeScalars.prefix($0)) } ?? text
  }

  fileprivate func padded(_ text: String, _ value: TemplateValue) -> String {
    let missing = (width ?? 0) - text.unicodeScalars.count
    guard missing > 0 else { return text }
    if flags.contains("-") { return text + String(repeating: " ", count: missing) }
    guard flags.contains("0") else { return String(repeating: " ", count: missing) + text }
    let sign = text.prefix { $0 == "-" || $0 == "+" }
    return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
  }
}

extension TemplateValue {
  fileprivate var isText: Bool { if case .text = self { true } else { false } }
}
