/// How many series there are and what makes them many, as Prometheus' `/api/v1/status/tsdb` says.
public struct Cardinality: Equatable, Sendable {
  /// Something with its count.
  public struct Entry: Equatable, Sendable {
    /// Such as a metric, a label, or `label=value`.
    public let name: String
    /// How many of it, or bytes.
    public let count: Int
  }

  /// Series.
  public var seriesCount = 0
  /// Different labels with their values.
  public var labelPairCount = 0
  /// Metrics by their series; here and below the highest counts come first.
  public var seriesCountByMetricName: [Entry] = []
  /// Labels by their different values.
  public var labelValueCountByLabelName: [Entry] = []
  /// Labels by the bytes of their values, counted once for each series.
  public var memoryInBytesByLabelName: [Entry] = []
  /// Labels with their values, as `host=x`, by their series.
  public var seriesCountByLabelValuePair: [Entry] = []
}

extension SeriesTables {
  /// The counts, with `limit` entries of each kind at most.
  func cardinality(top limit: Int) -> Cardinality {
    var result = Cardinality()
    var metrics = TopCounts(limit: limit)
    var valueCounts = TopCounts(limit: limit)
    var bytes = TopCounts(limit: limit)
    var pairs = TopCounts(limit: limit)
    for name in 1...labels.nameCount where labels.valueCount(of: name) > 0 {
      var size = 0
      for pair in labels.pairs(of: name) {
        let count = labels.ids(of: pair).count
        if count == 0 { continue }
        size += labels.value(of: pair).count * count
        pairs.offer(count, (name, pair))
        if name == LabelPairs.metric { metrics.offer(count, (name, pair)) }
      }
      result.labelPairCount += labels.valueCount(of: name)
      valueCounts.offer(labels.valueCount(of: name), (name, 0))
      bytes.offer(size, (name, 0))
    }
    result.seriesCount = count
    result.seriesCountByMetricName = metrics.entries { value(of: $0.pair) }
    result.labelValueCountByLabelName = valueCounts.entries { name(of: $0.name) }
    result.memoryInBytesByLabelName = bytes.entries { name(of: $0.name) }
    result.seriesCountByLabelValuePair = pairs.entries {
      name(of: $0.name) + "=" + value(of: $0.pair)
    }
    return result
  }

  private func name(of name: UInt32) -> String {
    String(decoding: labels.text(ofName: name), as: UTF8.self)
  }

  private func value(of pair: UInt32) -> String {
    String(decoding: labels.value(of: pair), as: UTF8.self)
  }
}

/// The highest of many counts; of equal ones the first.
private struct TopCounts {
  typealias Subject = (name: UInt32, pair: UInt32)

  private let limit: Int
  /// Highest first.
  private var best: [(count: Int, subject: Subject)] = []

  init(limit: Int) {
    self.limit = limit
  }

  mutating func offer(_ count: Int, _ subject: Subject) {
    if best.count >= limit {
      guard let last = best.last, last.count < count else { return }
      best.removeLast()
    }
    let position = best.firstIndex { $0.count < count } ?? best.endIndex
    best.insert((count, subject), at: position)
  }

  func entries(_ text: (Subject) -> String) -> [Cardinality.Entry] {
    best.map { Cardinality.Entry(name: text($0.subject), count: $0.count) }
  }
}
