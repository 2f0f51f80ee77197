/// What identifies a series: its metric and its labels.
///
/// `encoded` is the one canonical form in bytes. Ingest produces it, the store keeps it and hashes
/// it; two keys are the same series exactly when these bytes are the same.
public struct SeriesKey: Hashable, Sendable {
  /// The label that stands for the metric in conditions, as in Prometheus.
  public static let metricLabel = "__name__"

  /// The metric, such as `memory`; empty where an operation dropped it.
  public var metric: String
  /// The labels in order of name.
  public var labels: Labels

  /// The series of `metric` with `labels`.
  public init(metric: String, labels: Labels) {
    self.metric = metric
    self.labels = labels
  }

  /// Metric, then name and value of each label in order of name, each ended by a zero byte.
  ///
  /// No part may hold a zero byte; ingest refuses such lines.
  public var encoded: [UInt8] {
    var bytes: [UInt8] = []
    encode(into: &bytes)
    return bytes
  }

  /// Appends `encoded`.
  func encode(into bytes: inout [UInt8]) {
    bytes.append(contentsOf: metric.utf8)
    bytes.append(0)
    for label in labels.all {
      bytes.append(contentsOf: label.name.utf8)
      bytes.append(0)
      bytes.append(contentsOf: label.value.utf8)
      bytes.append(0)
    }
  }

  /// Reads what `encoded` wrote, or nil where `bytes` are no such thing.
  @inlinable
  public init?(encoded bytes: some Collection<UInt8>) {
    self.init(encodedBytes: Array(bytes))
  }

  /// Not generic: queries read a key for every series.
  @usableFromInline
  init?(encodedBytes bytes: [UInt8]) {
    guard bytes.last == 0 else { return nil }
    var position = 0
    let part = { () -> String in
      let start = position
      while bytes[position] != 0 { position += 1 }
      defer { position += 1 }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }
    metric = part()
    var sorted: [Labels.Label] = []
    while position < bytes.count {
      let name = part()
      guard position < bytes.count else { return nil }
      sorted.append(Labels.Label(name: name, value: part()))
    }
    labels = Labels(sorted: sorted)
  }
}

extension SeriesKey: Comparable {
  /// Byte for byte, as `encoded` is compared.
  public static func == (a: SeriesKey, b: SeriesKey) -> Bool {
    a.metric.utf8.elementsEqual(b.metric.utf8) && a.labels == b.labels
  }

  /// By metric, then by labels.
  public static func < (a: SeriesKey, b: SeriesKey) -> Bool {
    a.metric.utf8.elementsEqual(b.metric.utf8)
      ? a.labels < b.labels : Labels.precedes(a.metric, b.metric)
  }
}

extension SeriesKey: CustomStringConvertible {
  /// `memory<host=x>`, for people; the query language's printer knows about quoting.
  public var description: String {
    let inside = labels.all.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    return inside.isEmpty ? metric : "\(metric)<\(inside)>"
  }
}
