/// Making one tree of another.
extension Expression {
  /// This with `change` made to each expression directly inside of it.
  func mapChildren(
    _ change: (Expression) throws(QueryError) -> Expression
  ) throws(QueryError) -> Expression {
    switch self {
    case .number, .duration, .string, .boolean, .keyword, .selector, .reference: return self
    case .list(var node):
      for index in node.elements.indices { node.elements[index] = try change(node.elements[index]) }
      return .list(node)
    case .record(var node):
      for index in node.fields.indices {
        node.fields[index].value = try change(node.fields[index].value)
      }
      return .record(node)
    case .call(var node):
      try Self.change(&node.arguments, change)
      return .call(node)
    case .aggregate(var node):
      try Self.change(&node.arguments, change)
      return .aggregate(node)
    case .unary(var node):
      node.operand = try change(node.operand)
      return .unary(node)
    case .binary(var node):
      node.left = try change(node.left)
      node.right = try change(node.right)
      return .binary(node)
    case .window(var node):
      node.base = try change(node.base)
      return .window(node)
    case .offset(var node):
      node.base = try change(node.base)
      return .offset(node)
    case .at(var node):
      node.base = try change(node.base)
      return .at(node)
    case .projection(var node):
      node.base = try change(node.base)
      return .projection(node)
    }
  }

  private static func change(
    _ arguments: inout [Argument], _ change: (Expression) throws(QueryError) -> Expression
  ) throws(QueryError) {
    for index in arguments.indices { arguments[index].value = try change(arguments[index].value) }
  }

  /// The same tree with every part of it at `place`: what errors point to where its own text is
  /// not the query's.
  func placed(at place: SourceRange) -> Expression {
    guard var moved = try? mapChildren({ $0.placed(at: place) }) else {
      preconditionFailure("BUG: placing cannot fail")
    }
    moved.place(at: place)
    return moved
  }

  private mutating func place(at place: SourceRange) {
    switch self {
    case .number(let node): self = .number(Literal(node.value, range: place))
    case .duration(let node): self = .duration(Literal(node.value, range: place))
    case .string(let node): self = .string(Literal(node.value, range: place))
    case .boolean(let node): self = .boolean(Literal(node.value, range: place))
    case .keyword(let node): self = .keyword(Literal(node.value, range: place))
    case .list(var node):
      node.range = place
      self = .list(node)
    case .record(var node):
      node.range = place
      self = .record(node)
    case .selector(var node):
      node.range = place
      for index in node.matchers.indices {
        node.matchers[index].range = place
        for value in node.matchers[index].values.indices {
          node.matchers[index].values[value].range = place
        }
      }
      self = .selector(node)
    case .reference(var node):
      node.range = place
      self = .reference(node)
    case .call(var node):
      node.range = place
      node.nameRange = place
      for index in node.arguments.indices { node.arguments[index].range = place }
      self = .call(node)
    case .aggregate(var node):
      node.range = place
      node.nameRange = place
      node.grouping?.range = place
      for index in node.arguments.indices { node.arguments[index].range = place }
      self = .aggregate(node)
    case .unary(var node):
      node.range = place
      self = .unary(node)
    case .binary(var node):
      node.range = place
      node.operatorRange = place
      node.matching?.range = place
      self = .binary(node)
    case .window(var node):
      node.range = place
      self = .window(node)
    case .offset(var node):
      node.range = place
      self = .offset(node)
    case .at(var node):
      node.range = place
      self = .at(node)
    case .projection(var node):
      node.range = place
      node.nameRange = place
      self = .projection(node)
    }
  }

  /// How many expressions there are, this one included, and how many stand inside of each other.
  var size: (count: Int, height: Int) {
    var count = 1
    var height = 0
    for child in children {
      let size = child.size
      count += size.count
      height = max(height, size.height)
    }
    return (count, height + 1)
  }

  /// Whether a function of one of `names` is called anywhere inside.
  func calls(_ names: Set<String>) -> Bool {
    if case .call(let call) = self, names.contains(call.name) { return true }
    return children.contains { $0.calls(names) }
  }

  /// The same without `tap`, which changes nothing.
  var untapped: Expression {
    guard calls(["tap"]) else { return self }
    if case .call(let call) = self, call.name == "tap", let input = call.arguments.first?.value {
      return input.untapped
    }
    guard let plain = try? mapChildren({ $0.untapped }) else {
      preconditionFailure("BUG: leaving out cannot fail")
    }
    return plain
  }
}
