/// One condition on a label, as `host=~"web-.*"` in a selector.
///
/// The metric is matched as the label `SeriesKey.metricLabel`, as in Prometheus.
public struct LabelMatcher: Sendable {
  /// What the value must be; an absent label has the empty value.
  public enum Condition: Sendable {
    /// This value; the empty one means that the label is absent.
    case equal(String)
    /// Another value than this.
    case notEqual(String)
    /// One of these values.
    case oneOf([String])
    /// None of these values.
    case noneOf([String])
    /// A value that the pattern matches.
    case matches(Pattern)
    /// A value that the pattern does not match.
    case notMatches(Pattern)
  }

  /// The label.
  public let name: String
  /// What is asked of it.
  public let condition: Condition

  /// The label `name` meets `condition`.
  public init(name: String, _ condition: Condition) {
    self.name = name
    self.condition = condition
  }

  /// Whether `value`, in UTF-8, passes; compared byte for byte.
  public func passes(_ value: UnsafeRawBufferPointer) -> Bool {
    switch condition {
    case .equal(let wanted): Self.isSame(value, wanted)
    case .notEqual(let unwanted): !Self.isSame(value, unwanted)
    case .oneOf(let wanted): wanted.contains { Self.isSame(value, $0) }
    case .noneOf(let unwanted): !unwanted.contains { Self.isSame(value, $0) }
    case .matches(let pattern): pattern.matches(value)
    case .notMatches(let pattern): !pattern.matches(value)
    }
  }

  /// Whether `value` passes.
  public func passes(_ value: String) -> Bool {
    var value = value
    return value.withUTF8 { passes(UnsafeRawBufferPointer($0)) }
  }

  /// Whether a series without the label passes.
  public var acceptsAbsent: Bool { passes("") }

  private static func isSame(_ bytes: UnsafeRawBufferPointer, _ text: String) -> Bool {
    bytes.count == text.utf8.count && bytes.elementsEqual(text.utf8)
  }
}
