internal import AlmanacCore

/// Two sets of series that meet by their labels.
extension Arithmetic {
  /// Series of both sides that match, at the times that both have.
  ///
  /// - Parameter isAligned: whether all samples lie on common times already.
  /// - Throws: `QueryError` where at some time several series of the side that must have one match.
  func apply(
    _ left: [LabelledSamples], _ right: [LabelledSamples], isAligned: Bool, budget: QueryBudget
  ) throws(QueryError) -> [LabelledSamples] {
    if left.isEmpty || right.isEmpty { return [] }
    let matching = matching ?? .allLabels
    let aligned = isAligned ? left + right : try Alignment.align(left + right)
    let (first, second) = (aligned.prefix(left.count), aligned.dropFirst(left.count))
    let manyIsRight = matching.many == .right
    let many = Array(manyIsRight ? second : first)
    let one = Array(manyIsRight ? first : second)
    let partners = try Partners(of: one, matching, side: manyIsRight ? "left" : "right")
    var results: [LabelledSamples] = []
    results.reserveCapacity(many.count)
    var met: [Labels: [Int]] = [:]
    if matching.many == nil { met.reserveCapacity(many.count) }
    var mayCollide = matching.many != nil || partners.hasSeveral
    for (index, series) in many.enumerated() {
      try budget.check()
      let signature = matching.signature(series.key)
      guard let positions = partners[signature] else { continue }
      if matching.many == nil {
        met[signature, default: []].append(index)
        if !mayCollide, let count = met[signature]?.count, count > 1 { mayCollide = true }
      }
      for position in positions {
        let other = one[position]
        let samples =
          manyIsRight
          ? combine(other.samples, series.samples) : combine(series.samples, other.samples)
        if samples.isEmpty { continue }
        var result = LabelledSamples(
          key: resultKey(series.key, other.key, signature, matching), samples: samples)
        result.dropsMetric = keepsSamples && series.dropsMetric
        results.append(result)
      }
    }
    if mayCollide {
      for (signature, members) in met where members.count > 1 {
        try checkSingle(members.map { many[$0] }, partners[signature]?.map { one[$0] } ?? [])
      }
      do {
        results = try results.joined()
      } catch {
        throw QueryError(
          code: .evaluation,
          message: "multiple matches for labels: grouping labels must ensure unique matches",
          stage: "evaluate", hint: "keep a label that tells the results apart")
      }
    }
    return results.inOrderOfKey()
  }

  /// A filter keeps the metric; a new value is another quantity. Without grouping the labels that
  /// were compared remain.
  private func resultKey(
    _ key: SeriesKey, _ other: SeriesKey, _ signature: Labels, _ matching: SeriesMatching
  ) -> SeriesKey {
    guard matching.many != nil else {
      if !matching.isIgnoring {
        let labels = signature.dropping([SeriesKey.metricLabel])
        let metric = keepsSamples ? signature[SeriesKey.metricLabel] ?? "" : ""
        return SeriesKey(metric: metric, labels: labels)
      }
      return keepsSamples
        ? SeriesKey(metric: key.metric, labels: signature)
        : SeriesKey(metric: "", labels: signature.withoutMetric)
    }
    var result = keepsSamples ? key : key.withoutMetric
    for label in matching.include { result = result.setting(label, to: other.value(of: label)) }
    return result
  }

  /// Refuses series of the left side that match the same series at the same time.
  private func checkSingle(
    _ series: [LabelledSamples], _ partners: [LabelledSamples]
  ) throws(QueryError) {
    var seen = Samples()
    for one in series {
      for partner in partners {
        // Whether both have a value is all that counts here.
        let met = SampleColumns([one.samples, partner.samples], at: nil)
        let times = met.times.indices.filter { met[$0].count == 2 }.map { met.times[$0] }
        let here = Samples(timestamps: times, values: [Double](repeating: 0, count: times.count))
        guard seen.isDisjoint(with: here) else {
          throw QueryError(
            code: .evaluation,
            message: "multiple matches for labels: many-to-one matching must be explicit "
              + "(group_left/group_right)",
            stage: "evaluate",
            hint: "write group_left after on(...), or name labels that tell apart: "
              + series.prefix(2).map(\.key.prometheusText).joined(separator: " and "))
        }
        seen = seen.merging(here)
      }
    }
  }
}

/// Which labels two series must share to meet, and which side may have several.
struct SeriesMatching: Sendable {
  /// All labels, and one series on each side.
  static let allLabels = SeriesMatching(labels: [], isIgnoring: true)

  var labels: Set<String>
  /// Whether `labels` are those to leave out.
  var isIgnoring: Bool
  /// The side that may have many series for one of the other.
  var many: Matching.Side?
  /// The labels that the side with many takes from the other one.
  var include: [String] = []

  /// The labels that are compared.
  func signature(_ key: SeriesKey) -> Labels {
    if isIgnoring { return labels.isEmpty ? key.labels : key.labels.dropping(labels) }
    let kept = key.labels.keeping(labels)
    guard labels.contains(SeriesKey.metricLabel) else { return kept }
    return Labels(kept.all.map { ($0.name, $0.value) } + [(SeriesKey.metricLabel, key.metric)])
  }
}

/// The series of the side that has one for each signature; where series follow each other in time
/// it has several.
private struct Partners {
  private var first: [Labels: Int] = [:]
  private var others: [Labels: [Int]] = [:]

  /// Whether a signature has several.
  var hasSeveral: Bool { !others.isEmpty }

  /// - Throws: `QueryError` where two have a sample at the same time.
  init(
    of series: [LabelledSamples], _ matching: SeriesMatching, side: String
  ) throws(QueryError) {
    first.reserveCapacity(series.count)
    var together: [Labels: Samples] = [:]
    for (index, one) in series.enumerated() {
      let signature = matching.signature(one.key)
      guard let known = first[signature] else {
        first[signature] = index
        continue
      }
      let before = together[signature] ?? series[known].samples
      guard before.isDisjoint(with: one.samples) else {
        let known = [known] + (others[signature] ?? [])
        let other = known.first { !series[$0].samples.isDisjoint(with: one.samples) } ?? index
        throw Self.duplicates(series[other].key, one.key, signature, side)
      }
      together[signature] = before.merging(one.samples)
      others[signature, default: []].append(index)
    }
  }

  /// The positions of the series with this signature; nil where there are none.
  subscript(_ signature: Labels) -> [Int]? {
    guard let first = first[signature] else { return nil }
    return others.isEmpty ? [first] : [first] + (others[signature] ?? [])
  }

  private static func duplicates(
    _ a: SeriesKey, _ b: SeriesKey, _ signature: Labels, _ side: String
  ) -> QueryError {
    let group = SeriesKey(metric: "", labels: signature).prometheusText
    let both = [a, b].sorted().map(\.prometheusText).joined(separator: ", ")
    return QueryError(
      code: .evaluation,
      message: "found duplicate series for the match group \(group) on the \(side) hand-side of "
        + "the operation: [\(both)];many-to-many matching not allowed: "
        + "matching labels must be unique on one side",
      stage: "evaluate", hint: "name labels that tell them apart with on(...)")
  }
}
