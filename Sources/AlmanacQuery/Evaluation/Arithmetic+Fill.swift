internal import AlmanacCore

/// Values that stand for samples without a partner.
extension Arithmetic {
  /// Series of both sides that match, and with `fill` also samples that have no partner.
  ///
  /// Samples with a partner, those that lack one on the right and those that lack one on the left
  /// are matched one after the other; so which labels a result has is up to the matching.
  func applyFilling(
    _ left: [LabelledSamples], _ right: [LabelledSamples], isAligned: Bool, budget: QueryBudget
  ) throws -> [LabelledSamples] {
    guard let fill else { return try apply(left, right, isAligned: isAligned, budget: budget) }
    let all = isAligned ? left + right : try Alignment.align(left + right)
    let (left, right) = (Array(all.prefix(left.count)), Array(all.dropFirst(left.count)))
    var results = try apply(left, right, isAligned: true, budget: budget)
    if let value = fill.right {
      let alone = withoutPartner(left, among: right)
      results += try apply(alone, stand(for: alone, value), isAligned: true, budget: budget)
    }
    if let value = fill.left {
      let alone = withoutPartner(right, among: left)
      results += try apply(stand(for: alone, value), alone, isAligned: true, budget: budget)
    }
    var merged: [LabelledSamples] = []
    for one in results.inOrderOfKey() {
      if let last = merged.last, last.key == one.key {
        merged[merged.count - 1].samples = last.samples.merging(one.samples)
      } else {
        merged.append(one)
      }
    }
    return merged
  }

  private func signature(_ key: SeriesKey) -> Labels {
    (matching ?? .allLabels).signature(key)
  }

  /// The samples of `series` at times where no series of `others` with their labels has one.
  private func withoutPartner(
    _ series: [LabelledSamples], among others: [LabelledSamples]
  ) -> [LabelledSamples] {
    let partners = together(others)
    return series.compactMap { one in
      guard let times = partners[signature(one.key)] else { return one }
      var alone = Samples(capacity: one.samples.count)
      var next = 0
      for (time, value) in zip(one.samples.timestamps, one.samples.values) {
        while next < times.count, times.timestamps[next] < time { next += 1 }
        let hasPartner = next < times.count && times.timestamps[next] == time
        if !hasPartner { _ = alone.append(time: time, value: value) }
      }
      var kept = one
      kept.samples = alone
      return alone.isEmpty ? nil : kept
    }
  }

  /// A series of `value` wherever `series` have samples, for each set of labels that are compared.
  private func stand(for series: [LabelledSamples], _ value: Double) -> [LabelledSamples] {
    together(series).map { labels, samples in
      LabelledSamples(
        key: SeriesKey(metric: "", labels: labels),
        samples: Samples(
          timestamps: samples.timestamps,
          values: [Double](repeating: value, count: samples.count)))
    }.inOrderOfKey()
  }

  /// Samples at all times that series have, by the labels that are compared.
  private func together(_ series: [LabelledSamples]) -> [Labels: Samples] {
    var together: [Labels: Samples] = [:]
    for one in series {
      let signature = signature(one.key)
      together[signature] = together[signature].map { $0.merging(one.samples) } ?? one.samples
    }
    return together
  }
}
