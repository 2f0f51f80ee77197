/// One condition on a label, as `host=~"web-.*"` in a selector.
///
/// The metric is matched as the label `__name__`, as in Prometheus.
public struct LabelMatcher: Sendable {
  /// The label that carries the metric's name in matchers.
  public static let metricLabel = "__name__"

  /// The label.
  public let name: String
  /// The value that the label must have, where only one will do: lets an index look it up.
  public let equals: String?
  /// Whether a value passes; an absent label has the empty value.
  public let matches: @Sendable (String) -> Bool

  /// The label `name` has exactly `value`; an empty value means that the label is absent.
  public init(name: String, equals value: String) {
    self.name = name
    self.equals = value.isEmpty ? nil : value
    self.matches = { $0 == value }
  }

  /// The label `name` has a value that passes `matches`.
  public init(name: String, matches: @escaping @Sendable (String) -> Bool) {
    self.name = name
    self.equals = nil
    self.matches = matches
  }
}
