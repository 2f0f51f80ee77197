internal import AlmanacCore

/// Functions of classic histograms: series that differ in the label `le` only are one histogram.
extension Evaluator {
  static let bucketLabel = "le"

  func histogram(
    _ node: HistogramFunction, of input: Plan, _ context: Context
  ) async throws -> [LabelledSamples] {
    var numbers: [Scalar] = []
    switch node.operation {
    case .quantile(let share):
      numbers = [try await scalar(share, beside: input, context)]
      warn(ofShares: numbers[0], at: node.range)
    case .quantiles(let shares, _):
      for share in shares { warn(ofShares: .constant(share), at: node.range) }
    case .fraction(let lower, let upper):
      numbers = [
        try await scalar(lower, beside: input, context),
        try await scalar(upper, beside: input, context),
      ]
    }
    let fixed = numbers
    let calculated = try await across(input, context) { series, times in
      let aligned = times == nil ? try Alignment.align(series) : series
      return try histograms(of: aligned, node.range).flatMap { key, buckets in
        evaluate(node, buckets, key, fixed, at: times)
      }
    }
    guard case .quantiles = node.operation else { return calculated.droppingMetric() }
    return try await joined(calculated.droppingMetric())
  }

  /// The buckets of one histogram in order of bounds.
  private typealias Buckets = [(bound: Double, samples: Samples)]

  /// The histograms among `series`, in order of their labels.
  private func histograms(
    of series: [LabelledSamples], _ range: SourceRange
  ) throws -> [(SeriesKey, Buckets)] {
    var positions: [SeriesKey: Int] = [:]
    var all: [(key: SeriesKey, buckets: Buckets)] = []
    for one in series {
      let text = one.key.value(of: Self.bucketLabel)
      guard let bound = Double(text), !bound.isNaN else {
        warnings.add(
          "PromQL warning: bucket label \"le\" is missing or has a malformed value of "
            + "\"\(text)\" for metric name \"\(one.key.metric)\" "
            + "(\(range.start.line):\(range.start.column))")
        continue
      }
      let key = SeriesKey(
        metric: one.key.metric, labels: one.key.labels.dropping([Self.bucketLabel]))
      let position = positions[key] ?? all.count
      if position == all.count {
        positions[key] = position
        all.append((key, []))
      }
      all[position].buckets.append((bound, one.samples))
    }
    for index in all.indices { all[index].buckets.sort { $0.bound < $1.bound } }
    return all.inOrder(of: \.key)
  }

  /// What the function makes of one histogram.
  private func evaluate(
    _ node: HistogramFunction, _ buckets: Buckets, _ key: SeriesKey, _ numbers: [Scalar],
    at times: [Int64]?
  ) -> [LabelledSamples] {
    let columns = SampleColumns(buckets.map(\.samples), at: times)
    let count = if case .quantiles(let shares, _) = node.operation { shares.count } else { 1 }
    var results = [Samples](repeating: Samples(capacity: columns.times.count), count: count)
    var histogram = ClassicHistogram()
    for (index, time) in columns.times.enumerated() {
      let column = columns[index]
      if column.isEmpty { continue }
      histogram.removeAll()
      for (value, owner) in zip(column, columns.members(at: index)) {
        histogram.append(bound: buckets[owner].bound, count: value)
      }
      switch node.operation {
      case .quantile:
        _ = results[0].append(time: time, value: histogram.quantile(numbers[0].at(time)))
      case .quantiles(let shares, _):
        for (position, share) in shares.enumerated() {
          _ = results[position].append(time: time, value: histogram.quantile(share))
        }
      case .fraction:
        let value = histogram.fraction(from: numbers[0].at(time), to: numbers[1].at(time))
        _ = results[0].append(time: time, value: value)
      }
    }
    guard case .quantiles(let shares, let label) = node.operation else {
      return [LabelledSamples(key: key, samples: results[0])]
    }
    return zip(shares, results).map { share, samples in
      // As OpenMetrics writes numbers: 1.0, not 1.
      let text = share.isFinite ? "\(share)" : share.shortestText
      return LabelledSamples(key: key.setting(label, to: text), samples: samples)
    }
  }
}
