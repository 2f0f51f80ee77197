internal import AlmanacCore
internal import AlmanacQuery

/// The tree of a query as Prometheus' `/api/v1/parse_query` writes it. Nodes that PromQL does not
/// know are written in the same spirit: a `type`, and what they are made of.
extension JSONText {
  /// Appends a tree.
  mutating func tree(_ expression: Expression) {
    switch expression {
    case .number(let node): leaf("numberLiteral", Printer.number(node.value))
    case .duration(let node): leaf("durationLiteral", Printer.duration(node.value))
    case .string(let node): leaf("stringLiteral", node.value)
    case .boolean(let node): leaf("booleanLiteral", node.value ? "true" : "false")
    case .keyword(let node): leaf("keyword", node.value.rawValue)
    case .reference(let node): leaf("reference", node.name)
    case .list(let node):
      begin("list")
      trees("elements", node.elements)
      raw("}")
    case .record(let node):
      begin("record")
      trees("fields", node.fields.map { ($0.name, $0.value) })
      raw("}")
    case .selector, .window, .offset, .at: moved(expression)
    case .call(let node): call(node)
    case .aggregate(let node): aggregate(node)
    case .unary(let node):
      begin("unaryExpr")
      field("op", node.operation.rawValue)
      tree("expr", node.operand)
      raw("}")
    case .binary(let node): binary(node)
    case .projection(let node):
      begin("projection")
      field("name", node.name)
      tree("expr", node.base)
      raw("}")
    }
  }

  // MARK: - Time

  /// Where a node stands in time: Prometheus writes that into the node itself.
  private struct Place {
    var offset: Int64 = 0
    var at: At.Moment?
  }

  private mutating func moved(_ expression: Expression) {
    var place = Place()
    var inner = expression
    while true {
      switch inner {
      case .offset(let node):
        place.offset &+= node.nanoseconds
        inner = node.base
        continue
      case .at(let node) where place.at == nil:
        place.at = node.moment
        inner = node.base
        continue
      default: break
      }
      break
    }
    switch inner {
    case .selector(let node): selector("vectorSelector", node, place)
    case .window(let node): window(node, place)
    default:
      begin("moved")
      tree("expr", inner)
      self.place(place)
      raw("}")
    }
  }

  private mutating func window(_ node: Window, _ place: Place) {
    if case .samples = node.step {
      if case .selector(let base) = node.base {
        return selector("matrixSelector", base, place, range: node.length)
      }
      begin("window")
      tree("expr", node.base)
    } else {
      begin("subquery")
      tree("expr", node.base)
      var step: Int64 = 0
      if case .every(let written) = node.step { step = written }
      milliseconds("step", step)
    }
    milliseconds("range", node.length)
    self.place(place)
    raw("}")
  }

  private mutating func selector(
    _ type: StaticString, _ node: Selector, _ place: Place, range: Int64? = nil
  ) {
    begin(type)
    field("name", node.metric ?? "")
    if let range { milliseconds("range", range) }
    self.place(place)
    raw(",\"matchers\":[")
    if let metric = node.metric {
      matcher(SeriesKey.metricLabel, "=", [metric])
      if !node.matchers.isEmpty { raw(",") }
    }
    for (index, one) in node.matchers.enumerated() {
      if index > 0 { raw(",") }
      matcher(one.label, one.operation.rawValue, one.values.map(\.text))
    }
    raw("]}")
  }

  /// Several values, which PromQL does not know, are a list under `values`.
  private mutating func matcher(_ name: String, _ type: String, _ values: [String]) {
    raw("{\"name\":")
    string(name)
    field("type", type)
    if values.count == 1 {
      field("value", values[0])
    } else {
      raw(",\"values\":")
      list(values)
    }
    raw("}")
  }

  private mutating func place(_ place: Place) {
    milliseconds("offset", place.offset)
    raw(",\"timestamp\":")
    switch place.at {
    case .seconds(let seconds): number((seconds * 1000).rounded())
    case .text(let text): string(text)
    case .now: raw("\"now\"")
    case .relative(let distance): string(Printer.duration(distance))
    case .start, .end, nil: raw("null")
    }
    raw(",\"startOrEnd\":")
    switch place.at {
    case .start: raw("\"start\"")
    case .end: raw("\"end\"")
    default: raw("null")
    }
  }

  // MARK: - Operations

  private mutating func call(_ node: Call) {
    begin("call")
    raw(",\"func\":{\"name\":")
    string(node.name)
    if let version = node.version {
      raw(",\"version\":")
      integer(version)
    }
    raw("}")
    raw(",\"args\":[")
    for (index, argument) in node.arguments.enumerated() {
      if index > 0 { raw(",") }
      if let name = argument.name {
        named(name, argument.value)
      } else {
        tree(argument.value)
      }
    }
    raw("]}")
  }

  private mutating func aggregate(_ node: Aggregate) {
    begin("aggregation")
    field("op", node.operation.rawValue)
    // PromQL writes the parameter before the series; what comes through a pipe is first.
    let arguments = node.arguments.map(\.value)
    let isParameterFirst = arguments.count > 1 && !node.isPiped
    tree("expr", isParameterFirst ? arguments.last : arguments.first)
    tree("param", arguments.count < 2 ? nil : isParameterFirst ? arguments.first : arguments.last)
    raw(",\"grouping\":")
    list(node.grouping?.labels ?? [])
    boolean("without", node.grouping?.isWithout ?? false)
    raw("}")
  }

  private mutating func binary(_ node: Binary) {
    begin("binaryExpr")
    field("op", node.operation.rawValue)
    tree("lhs", node.left)
    tree("rhs", node.right)
    raw(",\"matching\":")
    if let matching = node.matching {
      let card =
        switch matching.many {
        case .left: "many-to-one"
        case .right: "one-to-many"
        case nil: node.operation.isSetOperation ? "many-to-many" : "one-to-one"
        }
      raw("{\"card\":")
      string(card)
      raw(",\"labels\":")
      list(matching.labels)
      boolean("on", !matching.isIgnoring)
      raw(",\"include\":")
      list(matching.include)
      raw("}")
    } else {
      raw("null")
    }
    boolean("bool", node.returnsBool)
    raw("}")
  }

  // MARK: - Pieces

  private mutating func begin(_ type: StaticString) {
    raw("{\"type\":\"")
    raw(type)
    raw("\"")
  }

  private mutating func leaf(_ type: StaticString, _ value: String) {
    begin(type)
    field("val", value)
    raw("}")
  }

  private mutating func name(_ name: StaticString) {
    raw(",\"")
    raw(name)
    raw("\":")
  }

  private mutating func field(_ name: StaticString, _ value: String) {
    self.name(name)
    string(value)
  }

  private mutating func boolean(_ name: StaticString, _ value: Bool) {
    self.name(name)
    raw(value ? "true" : "false")
  }

  private mutating func milliseconds(_ name: StaticString, _ nanoseconds: Int64) {
    self.name(name)
    number(Double(nanoseconds) / 1e6)
  }

  private mutating func tree(_ name: StaticString, _ expression: Expression?) {
    self.name(name)
    if let expression { tree(expression) } else { raw("null") }
  }

  private mutating func trees(_ name: StaticString, _ elements: [Expression]) {
    self.name(name)
    raw("[")
    for (index, element) in elements.enumerated() {
      if index > 0 { raw(",") }
      tree(element)
    }
    raw("]")
  }

  private mutating func trees(_ name: StaticString, _ fields: [(String, Expression)]) {
    self.name(name)
    raw("[")
    for (index, field) in fields.enumerated() {
      if index > 0 { raw(",") }
      named(field.0, field.1)
    }
    raw("]")
  }

  private mutating func named(_ name: String, _ value: Expression) {
    begin("named")
    field("name", name)
    tree("expr", value)
    raw("}")
  }
}
