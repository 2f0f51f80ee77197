internal import AlmanacCore
internal import AlmanacPattern

/// The functions of templates: Go's own, and those that Prometheus adds.
struct TemplateFunction {
  /// The names of all.
  static let names: Set<String> = [
    "and", "args", "eq", "externalURL", "first", "ge", "graphLink", "gt", "html", "humanize",
    "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "index",
    "label", "le", "len", "lt", "match", "ne", "not", "now", "or", "parseDuration", "pathPrefix",
    "print", "printf", "println", "query", "reReplaceAll", "safeHtml", "slice", "sortByLabel",
    "stripDomain", "stripPort", "strvalue", "tableLink", "title", "toDuration", "toLower",
    "toTime", "toUpper", "urlquery", "value",
  ]

  private let name: String
  private let context: TemplateContext

  init(_ name: String, _ context: TemplateContext) {
    self.name = name
    self.context = context
  }

  /// What it makes of its arguments, the piped one last.
  ///
  /// - Throws: `TemplateError` or `MissingQuery`.
  func call(_ arguments: [TemplateValue]) throws -> TemplateValue {
    switch name {
    case "eq", "ne", "lt", "le", "gt", "ge":
      return .bool(try TemplateComparison.compare(name, arguments))
    case "not": return .bool(!(try one(arguments).isTrue))
    case "len": return .integer(try length(try one(arguments)))
    case "index": return try index(arguments)
    case "slice": return try slice(arguments)
    case "print": return .text(GoFormat.print(arguments))
    case "println":
      return .text(arguments.map(\.text).joined(separator: " ") + "\n")
    case "printf":
      guard case .text(let format)? = arguments.first else {
        throw TemplateError("wrong type for value; expected string")
      }
      return .text(GoFormat.format(format, Array(arguments.dropFirst())))
    case "html", "urlquery":
      let text = GoFormat.print(arguments)
      return .text(name == "html" ? text.htmlEscaped : text.queryEscaped)
    case "args":
      return .arguments(
        Dictionary(uniqueKeysWithValues: arguments.enumerated().map { ("arg\($0)", $1) }))
    case "now": return .number(context.now)
    case "externalURL": return .text(context.externalURL)
    case "pathPrefix": return .text(pathPrefix)
    case "query": return .samples(try query(try texts(arguments, 1)[0]))
    case "first", "label", "value", "strvalue", "sortByLabel": return try ofSamples(arguments)
    case _ where name.hasPrefix("humanize"):
      return .text(try Humanized.text(name, try number(try one(arguments))))
    case "toTime": return try time(try number(try one(arguments)))
    case "toDuration":
      let nanoseconds = try number(try one(arguments)) * 1e9
      guard let length = Int64(exactly: nanoseconds.rounded(.towardZero)) else {
        throw TemplateError("cannot be represented as a duration")
      }
      return .duration(Interval(nanoseconds: length))
    default: return try ofTexts(arguments)
    }
  }

  // MARK: - Arguments

  private func wrongCount(_ wanted: Int, _ got: Int) -> TemplateError {
    TemplateError("wrong number of args for \(name): want \(wanted) got \(got)")
  }

  private func one(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    guard arguments.count == 1 else { throw wrongCount(1, arguments.count) }
    return arguments[0]
  }

  private func texts(
    _ arguments: [TemplateValue], _ count: Int
  ) throws(TemplateError) -> [String] {
    guard arguments.count == count else { throw wrongCount(count, arguments.count) }
    return try arguments.map { (value) throws(TemplateError) in
      guard case .text(let text) = value else {
        throw TemplateError("wrong type for value; expected string; got \(value.typeName)")
      }
      return text
    }
  }

  /// A number, or what reads as one.
  private func number(_ value: TemplateValue) throws(TemplateError) -> Double {
    switch value {
    case .number(let number): return number
    case .integer(let number): return Double(number)
    case .duration(let interval): return interval.seconds
    case .text(let text):
      guard let number = Double(text) else {
        throw TemplateError("strconv.ParseFloat: parsing \"\(text)\": invalid syntax")
      }
      return number
    default: throw TemplateError("can't convert \(value.typeName) to float")
    }
  }

  // MARK: - Samples

  private func query(_ text: String) throws -> [TemplateSample] {
    guard let known = context.queries[text] else { throw MissingQuery(text: text) }
    return try known.get()
  }

  private func ofSamples(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    guard let last = arguments.last else { throw wrongCount(1, 0) }
    switch (name, last) {
    case ("first", .samples(let samples)):
      guard let first = samples.first else {
        throw TemplateError("first() called on vector with no elements")
      }
      return .sample(first)
    case ("value", .sample(let sample)): return .number(sample.value)
    case ("strvalue", .sample(let sample)): return .text(sample.labels["__value__"] ?? "")
    case ("label", .sample(let sample)):
      return .text(sample.labels[try texts(Array(arguments.dropLast()), 1)[0]] ?? "")
    case ("sortByLabel", .samples(let samples)):
      let label = try texts(Array(arguments.dropLast()), 1)[0]
      return .samples(
        samples.enumerated().sorted {
          let (a, b) = ($0.element.labels[label] ?? "", $1.element.labels[label] ?? "")
          return a == b ? $0.offset < $1.offset : a.utf8.lexicographicallyPrecedes(b.utf8)
        }.map(\.element))
    default:
      throw TemplateError("wrong type for value; got \(last.typeName)")
    }
  }

  private func length(_ value: TemplateValue) throws(TemplateError) -> Int {
    switch value {
    case .text(let text): return text.utf8.count
    case .labels(let labels): return labels.count
    case .samples(let samples): return samples.count
    case .arguments(let arguments): return arguments.count
    default: throw TemplateError("len of type \(value.typeName)")
    }
  }

  private func index(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    guard var value = arguments.first else { throw wrongCount(1, 0) }
    for key in arguments.dropFirst() {
      switch (value, key) {
      case (.labels(let labels), .text(let name)): value = .text(labels[name] ?? "")
      case (.arguments(let values), .text(let name)): value = values[name] ?? .missing
      case (.samples(let samples), .integer(let position)):
        guard samples.indices.contains(position) else {
          throw TemplateError("index out of range: \(position)")
        }
        value = .sample(samples[position])
      case (.text(let text), .integer(let position)):
        let bytes = Array(text.utf8)
        guard bytes.indices.contains(position) else {
          throw TemplateError("index out of range: \(position)")
        }
        value = .integer(Int(bytes[position]))
      default: throw TemplateError("can't index item of type \(value.typeName)")
      }
    }
    return value
  }

  /// The bytes of a text from a position, up to another one.
  private func slice(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    guard case .text(let text)? = arguments.first, arguments.count <= 3 else {
      throw TemplateError("can't slice item of type \(arguments.first?.typeName ?? "<nil>")")
    }
    let bytes = Array(text.utf8)
    var bounds = [0, bytes.count]
    for (index, argument) in arguments.dropFirst().enumerated() {
      guard case .integer(let position) = argument, (0...bytes.count).contains(position) else {
        throw TemplateError("index out of range: \(argument.text)")
      }
      bounds[index] = position
    }
    guard bounds[0] <= bounds[1] else {
      throw TemplateError("invalid slice index: \(bounds[0]) > \(bounds[1])")
    }
    return .text(String(decoding: bytes[bounds[0]..<bounds[1]], as: UTF8.self))
  }

  // MARK: - Texts

  private func ofTexts(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    switch name {
    case "match":
      let texts = try texts(arguments, 2)
      return .bool(try TemplatePattern.replacement(texts[0], "").isFound(in: texts[1]))
    case "reReplaceAll":
      let texts = try texts(arguments, 3)
      return .text(try TemplatePattern.replacement(texts[0], texts[1]).apply(to: texts[2]))
    default: break
    }
    let text = try texts(arguments, 1)[0]
    switch name {
    case "title": return .text(text.titled)
    case "toUpper": return .text(text.uppercased())
    case "toLower": return .text(text.lowercased())
    case "safeHtml": return .text(text)
    case "graphLink", "tableLink":
      return .text("\(pathPrefix)/#q=\(text.queryEscaped)")
    case "stripPort": return .text(HostName.split(text)?.host ?? text)
    case "stripDomain": return .text(HostName.withoutDomain(text))
    case "parseDuration":
      guard let interval = RuleDuration.read(text) else {
        throw TemplateError("not a valid duration string: \"\(text)\"")
      }
      return .number(interval.seconds)
    default: throw TemplateError("function \"\(name)\" not defined")
    }
  }

  private func time(_ seconds: Double) throws(TemplateError) -> TemplateValue {
    guard seconds.isFinite else { throw TemplateError("value is NaN or Inf") }
    return .time(try Humanized.time(seconds))
  }

  /// The path of the external URL.
  private var pathPrefix: String {
    let withoutScheme = context.externalURL.split(separator: "://", maxSplits: 1).last ?? ""
    guard let slash = withoutScheme.firstIndex(of: "/") else { return "" }
    return String(withoutScheme[slash...])
  }
}
