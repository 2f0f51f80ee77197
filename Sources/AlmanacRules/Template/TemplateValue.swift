public import AlmanacCore

/// One series of the result of a query inside a template.
public struct TemplateSample: Sendable, Equatable {
  /// Its labels, the metric as `__name__` among them.
  public var labels: [String: String]
  /// Its value.
  public var value: Double

  /// A sample with its labels.
  public init(labels: [String: String], value: Double) {
    self.labels = labels
    self.value = value
  }

  /// The value of `key`.
  public init(key: SeriesKey, value: Double) {
    labels = Dictionary(
      key.labels.all.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    if !key.metric.isEmpty { labels[SeriesKey.metricLabel] = key.metric }
    self.value = value
  }
}

/// What an expression of a template is worth.
enum TemplateValue: Sendable, Equatable {
  /// Nothing, as a missing field has.
  case missing
  /// Go's `nil`.
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case labels([String: String])
  case sample(TemplateSample)
  case samples([TemplateSample])
  /// What `args` makes.
  case arguments([String: TemplateValue])
  /// What `.` is at the top.
  case fields([String: TemplateValue])
  case time(Timestamp)
  case duration(Interval)

  /// Go's name of its type, for errors.
  var typeName: String {
    switch self {
    case .missing, .null: "<nil>"
    case .bool: "bool"
    case .integer: "int"
    case .number: "float64"
    case .text: "string"
    case .labels: "map[string]string"
    case .sample: "*template.sample"
    case .samples: "template.queryResult"
    case .arguments: "map[string]interface {}"
    case .fields: "struct"
    case .time: "*time.Time"
    case .duration: "time.Duration"
    }
  }

  /// Whether `if` takes it for true.
  var isTrue: Bool {
    switch self {
    case .missing, .null: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .number(let value): value != 0
    case .text(let value): !value.isEmpty
    case .labels(let value): !value.isEmpty
    case .samples(let value): !value.isEmpty
    case .arguments(let value): !value.isEmpty
    case .duration(let value): value != .zero
    case .sample, .fields, .time: true
    }
  }

  /// What an action prints: Go's `%v`.
  var text: String {
    switch self {
    case .missing: return "<no value>"
    case .null: return "<nil>"
    case .bool(let value): return String(value)
    case .integer(let value): return String(value)
    case .number(let value): return GoNumber.general(value)
    case .text(let value): return value
    case .labels(let value): return Self.map(value.mapValues { .text($0) })
    case .arguments(let value), .fields(let value): return Self.map(value)
    case .sample(let value): return Self.text(value)
    case .samples(let value): return "[\(value.map(Self.text).joined(separator: " "))]"
    case .time(let value): return value.goText
    case .duration(let value): return value.goText
    }
  }

  private static func map(_ values: [String: TemplateValue]) -> String {
    let pairs = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return "map[\(pairs.map { "\($0.key):\($0.value.text)" }.joined(separator: " "))]"
  }

  private static func text(_ sample: TemplateSample) -> String {
    "{\(map(sample.labels.mapValues { .text($0) })) \(GoNumber.general(sample.value))}"
  }
}

extension Timestamp {
  /// As Go prints a time in UTC: `2015-06-23 13:19:44.128 +0000 UTC`.
  var goText: String {
    var text = formatted(fractionDigits: 9)
    text.removeLast()
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text.split(separator: "T").joined(separator: " ") + " +0000 UTC"
  }
}

extension Interval {
  /// As Go prints a duration: `1h30m0s`, `1.5s`, `100ms`.
  var goText: String {
    let size = nanoseconds.magnitude
    let sign = nanoseconds < 0 ? "-" : ""
    guard size > 0 else { return "0s" }
    let unit: (name: String, size: UInt64)? =
      size < 1_000
      ? ("ns", 1)
      : size < 1_000_000
        ? ("µs", 1_000)
        : size < 1_000_000_000 ? ("ms", 1_000_000) : nil
    if let unit { return sign + Self.decimal(size, of: unit.size) + unit.name }
    let minute: UInt64 = 60_000_000_000
    let seconds = Self.decimal(size % minute, of: 1_000_000_000) + "s"
    let minutes = size / minute
    if minutes == 0 { return sign + seconds }
    if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
    return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
  }

  /// `size / unit` with as many decimals as it takes.
  private static func decimal(_ size: UInt64, of unit: UInt64) -> String {
    let rest = size % unit
    guard rest > 0 else { return String(size / unit) }
    var digits = String(rest + unit).dropFirst()
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(size / unit).\(digits)"
  }
}
