/// What identifies a series: its metric and its labels.
///
/// `encoded` is the one canonical form in bytes. Ingest produces it, the store keeps it and hashes
/// it; two keys are the same series exactly when these bytes are the same.
public struct SeriesKey: Hashable, Sendable {
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
    var bytes = Array(metric.utf8)
    bytes.append(0)
    for label in labels.all {
      bytes.append(contentsOf: label.name.utf8)
      bytes.append(0)
      bytes.append(contentsOf: label.value.utf8)
      bytes.append(0)
    }
    return bytes
  }

  /// Reads what `encoded` wrote, or nil where `bytes` are no such thing.
  public init?(encoded bytes: some Collection<UInt8>) {
    guard let last = bytes.reversed().first, last == 0 else { return nil }
    let parts = bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count % 2 == 1 else { return nil }
    metric = String(decoding: parts[0], as: UTF8.self)
    var sorted: [Labels.Label] = []
    sorted.reserveCapacity(parts.count / 2)
    for index in stride(from: 1, to: parts.count, by: 2) {
      sorted.append(
        Labels.Label(
          name: String(decoding: parts[index], as: UTF8.self),
          value: String(decoding: parts[index + 1], as: UTF8.self)))
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
