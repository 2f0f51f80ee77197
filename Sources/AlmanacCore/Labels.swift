/// Names with values that tell the series of one metric apart, in order of name.
public struct Labels: Hashable, Sendable {
  /// One name with its value.
  public struct Label: Hashable, Sendable {
    /// The name, such as `host`.
    public let name: String
    /// The value, such as `web-1`; never empty inside `Labels`.
    public let value: String

    /// A label called `name`.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }

    /// Byte for byte: Swift's own `==` takes composed and decomposed characters for the same.
    public static func == (a: Label, b: Label) -> Bool {
      a.name.utf8.elementsEqual(b.name.utf8) && a.value.utf8.elementsEqual(b.value.utf8)
    }
  }

  /// The labels, sorted by the UTF-8 bytes of their names, each name once.
  public let all: [Label]

  /// Labels in any order. An empty value means that the label is absent; of a name given twice
  /// the last one counts.
  public init(_ labels: some Sequence<(String, String)>) {
    var sorted: [Label] = []
    for (name, value) in labels {
      sorted.removeAll { $0.name.utf8.elementsEqual(name.utf8) }
      if !value.isEmpty { sorted.append(Label(name: name, value: value)) }
    }
    all = sorted.sorted { Self.precedes($0.name, $1.name) }
  }

  /// No labels.
  public static let none = Labels([])

  /// Labels known to be sorted, without empty values or names given twice.
  init(sorted: [Label]) {
    all = sorted
  }

  /// The value of the label called `name`, or nil.
  public subscript(_ name: String) -> String? {
    all.first { $0.name == name }?.value
  }

  /// Only the labels whose name is in `names`.
  public func keeping(_ names: Set<String>) -> Labels {
    Labels(sorted: all.filter { names.contains($0.name) })
  }

  /// Only the labels whose name is not in `names`.
  public func dropping(_ names: Set<String>) -> Labels {
    Labels(sorted: all.filter { !names.contains($0.name) })
  }

  /// The order of names and values everywhere: by their UTF-8 bytes, whatever the locale.
  static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}

extension Labels: Comparable {
  /// By the first name or value that differs.
  public static func < (a: Labels, b: Labels) -> Bool {
    for (x, y) in zip(a.all, b.all) {
      if x.name != y.name { return precedes(x.name, y.name) }
      if x.value != y.value { return precedes(x.value, y.value) }
    }
    return a.all.count < b.all.count
  }
}
