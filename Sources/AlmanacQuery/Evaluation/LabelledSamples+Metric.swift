internal import AlmanacCore

/// Metrics that go once a query is computed. As in Prometheus with delayed name removal, what drops
/// the metric only says so, and functions of labels still see it.
extension [LabelledSamples] {
  /// The series without the metrics that were to go. Several that then have the same labels become
  /// one.
  ///
  /// - Throws: `QueryError` where two of these have a sample at the same time.
  func settled() throws(QueryError) -> [LabelledSamples] {
    guard contains(where: \.dropsMetric), let metric = first?.key.metric else { return self }
    let isOneMetric = allSatisfy {
      $0.dropsMetric && $0.key.metric == metric && !$0.key.labels.describeMetric
    }
    var settled = self
    for index in settled.indices where settled[index].dropsMetric {
      settled[index].key = settled[index].key.withoutMetric
      settled[index].dropsMetric = false
    }
    return isOneMetric ? settled : try settled.joined()
  }

  /// All samples that are to go without a metric, marked as such.
  func droppingMetric() -> [LabelledSamples] {
    var marked = self
    for index in marked.indices { marked[index].dropsMetric = true }
    return marked
  }

  /// The series with those of the same key made one, in the order in which the keys come first.
  ///
  /// - Throws: `QueryError` where two of one key have a sample at the same time.
  func joined() throws(QueryError) -> [LabelledSamples] {
    var positions: [SeriesKey: Int] = [:]
    positions.reserveCapacity(count)
    var joined: [LabelledSamples] = []
    joined.reserveCapacity(count)
    for one in self {
      guard let position = positions[one.key] else {
        positions[one.key] = joined.count
        joined.append(one)
        continue
      }
      guard joined[position].samples.isDisjoint(with: one.samples) else {
        throw QueryError(
          code: .evaluation,
          message: "vector cannot contain metrics with the same labelset: several series are "
            + "\(one.key)",
          stage: "evaluate", hint: "select one metric, or keep a label that tells them apart")
      }
      joined[position].samples = joined[position].samples.merging(one.samples)
      joined[position].dropsMetric = joined[position].dropsMetric || one.dropsMetric
    }
    return joined
  }

  /// The series in order of key.
  func inOrderOfKey() -> [LabelledSamples] {
    inOrder(of: \.key)
  }
}

extension Samples {
  /// Whether no time is in both.
  func isDisjoint(with other: Samples) -> Bool {
    let (a, b) = (timestamps, other.timestamps)
    guard let first = a.first, let last = a.last, let otherFirst = b.first, let otherLast = b.last
    else { return true }
    if last < otherFirst || otherLast < first { return true }
    var i = 0
    var j = 0
    while i < a.count, j < b.count {
      if a[i] == b[j] { return false }
      if a[i] < b[j] { i += 1 } else { j += 1 }
    }
    return true
  }
}

extension Labels {
  /// Labels that say what the metric is, and go with it.
  private static let ofMetric: Set<String> = ["__type__", "__unit__"]

  /// Whether there are labels that say what the metric is.
  var describeMetric: Bool { all.contains { Self.ofMetric.contains($0.name) } }

  /// The labels without those that say what the metric is.
  var withoutMetric: Labels { describeMetric ? dropping(Self.ofMetric) : self }
}

extension SeriesKey {
  /// The labels alone.
  var withoutMetric: SeriesKey { SeriesKey(metric: "", labels: labels.withoutMetric) }

  /// The value of a label, the metric included; empty where it is absent.
  func value(of label: String) -> String {
    label == Self.metricLabel ? metric : labels[label] ?? ""
  }

  /// The key with a label set, the metric included; an empty value takes the label away.
  func setting(_ label: String, to value: String) -> SeriesKey {
    if label == Self.metricLabel { return SeriesKey(metric: value, labels: labels) }
    let others = labels.all.map { ($0.name, $0.value) }
    return SeriesKey(metric: metric, labels: Labels(others + [(label, value)]))
  }

  /// The key as Prometheus writes it: `{__name__="memory", host="x"}`.
  var prometheusText: String {
    let name = metric.isEmpty ? [] : ["\(Self.metricLabel)=\"\(metric)\""]
    let all = name + labels.all.map { "\($0.name)=\"\($0.value)\"" }
    return "{\(all.joined(separator: ", "))}"
  }
}
