internal import AlmanacCore

/// The buckets of a classic histogram at one moment: how many observations are at most each bound.
struct ClassicHistogram {
  private var bounds: [Double] = []
  private var counts: [Double] = []

  /// Adds a bucket; bounds ascend, and buckets of one bound are one.
  mutating func append(bound: Double, count: Double) {
    if bounds.last == bound {
      counts[counts.count - 1] += count
    } else {
      bounds.append(bound)
      counts.append(count)
    }
  }

  mutating func removeAll() {
    bounds.removeAll(keepingCapacity: true)
    counts.removeAll(keepingCapacity: true)
  }

  /// Whether the last bucket holds all observations.
  private var isWhole: Bool { bounds.last == .infinity }

  /// The value that the share `share` of the observations is at most, with observations spread
  /// evenly in their bucket. The first bucket begins at 0 where its bound is positive; what lies
  /// in the last is at the bound before it.
  mutating func quantile(_ share: Double) -> Double {
    if share.isNaN { return .nan }
    if share < 0 { return -.infinity }
    if share > 1 { return .infinity }
    guard isWhole else { return .nan }
    makeMonotonic()
    guard bounds.count > 1, let all = counts.last, all != 0, !all.isNaN else { return .nan }
    let rank = share * all
    let bucket = firstBucket(reaching: rank)
    if bucket == bounds.count - 1 { return bounds[bucket - 1] }
    if bucket == 0 {
      return bounds[0] <= 0 ? bounds[0] : bounds[0] * (rank / counts[0])
    }
    let inside = (rank - counts[bucket - 1]) / (counts[bucket] - counts[bucket - 1])
    return bounds[bucket - 1] + (bounds[bucket] - bounds[bucket - 1]) * inside
  }

  /// The share of the observations between two values. Buckets without an end have all of theirs
  /// at the end that they have.
  mutating func fraction(from lower: Double, to upper: Double) -> Double {
    guard isWhole, let all = counts.last, all != 0, !lower.isNaN, !upper.isNaN else { return .nan }
    if lower >= upper { return 0 }
    return (rank(of: upper) - rank(of: lower)) / all
  }

  /// How many observations are below `value`.
  private func rank(of value: Double) -> Double {
    var before = 0.0
    for (index, bound) in bounds.enumerated() {
      let start = index > 0 ? bounds[index - 1] : bound > 0 ? 0 : -.infinity
      if value <= start { return before }
      if value < bound {
        if bound == .infinity { return before }
        if start == -.infinity { return counts[index] }
        return before + (counts[index] - before) * ((value - start) / (bound - start))
      }
      before = counts[index]
    }
    return before
  }

  /// The first bucket with at least `rank` observations up to it, or the last one.
  private func firstBucket(reaching rank: Double) -> Int {
    counts.indices.dropLast().partitionPoint { counts[$0] >= rank }
  }

  /// Lifts counts that are less than the one before: rounding of rates, or scrapes that were torn.
  private mutating func makeMonotonic() {
    guard var before = counts.first else { return }
    for index in counts.indices.dropFirst() {
      let count = counts[index]
      // Less than a part in 10^12 is rounding, in whichever direction.
      if count < before || count - before < 1e-12 * (abs(count) + abs(before)) {
        counts[index] = before
      } else {
        before = count
      }
    }
  }
}
