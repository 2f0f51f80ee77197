/// `eq`, `ne`, `lt` and their like, which compare values of one kind only.
enum TemplateComparison {
  private enum Order {
    case less, same, greater, unordered
  }

  static func compare(
    _ name: String, _ arguments: [TemplateValue]
  ) throws(TemplateError) -> Bool {
    guard arguments.count >= 2 else { throw TemplateError("missing argument for comparison") }
    if name == "eq" {
      // The first one against each of the others.
      for other in arguments.dropFirst()
      where try order(arguments[0], other, isEquality: true) == .same { return true }
      return false
    }
    guard arguments.count == 2 else {
      throw TemplateError("wrong number of args for \(name): want 2 got \(arguments.count)")
    }
    let order = try order(arguments[0], arguments[1], isEquality: name == "ne")
    switch name {
    case "ne": return order != .same
    case "lt": return order == .less
    case "le": return order == .less || order == .same
    case "gt": return order == .greater
    default: return order == .greater || order == .same
    }
  }

  private static func order(
    _ a: TemplateValue, _ b: TemplateValue, isEquality: Bool
  ) throws(TemplateError) -> Order {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): return a < b ? .less : a == b ? .same : .greater
    case (.number(let a), .number(let b)):
      return a < b ? .less : a == b ? .same : a > b ? .greater : .unordered
    case (.duration(let a), .duration(let b)): return a < b ? .less : a == b ? .same : .greater
    case (.text(let a), .text(let b)):
      if a.utf8.elementsEqual(b.utf8) { return .same }
      return a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater
    case (.bool(let a), .bool(let b)) where isEquality: return a == b ? .same : .unordered
    case (.null, .null) where isEquality, (.missing, .missing) where isEquality: return .same
    case (.bool, .bool): throw TemplateError("invalid type for comparison")
    default: throw TemplateError("incompatible types for comparison")
    }
  }
}
