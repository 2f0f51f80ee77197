internal import AlmanacCore
internal import Glibc

/// An operator between numbers and series.
struct Arithmetic: Sendable {
  var operation: Binary.Operation
  var left: Plan
  var right: Plan
  /// Whether a comparison answers 0 or 1 instead of dropping samples.
  var returnsBool: Bool
  var matching: SeriesMatching?

  func apply(_ left: Double, _ right: Double) -> Double {
    switch operation {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    case .divide: left / right
    case .remainder: fmod(left, right)
    case .power: pow(left, right)
    case .atan2: atan2(left, right)
    case .equal: left == right ? 1 : 0
    case .notEqual: left != right ? 1 : 0
    case .less: left < right ? 1 : 0
    case .lessOrEqual: left <= right ? 1 : 0
    case .greater: left > right ? 1 : 0
    case .greaterOrEqual: left >= right ? 1 : 0
    case .and, .or, .unless: preconditionFailure("BUG: the planner lets no set operator pass")
    }
  }

  /// Every sample with a number. A comparison keeps the samples that pass, unless `bool`.
  func apply(
    _ series: [LabelledSamples], _ number: Double, numberIsLeft: Bool
  ) -> [LabelledSamples] {
    series.compactMap { one in
      var samples = Samples(capacity: one.samples.count)
      for (time, value) in zip(one.samples.timestamps, one.samples.values) {
        let result = numberIsLeft ? apply(number, value) : apply(value, number)
        append(result, else: value, at: time, to: &samples)
      }
      guard !samples.isEmpty else { return nil }
      return LabelledSamples(key: resultKey(one.key), samples: samples)
    }
  }

  /// Series of both sides that match, at the times that both have.
  ///
  /// - Parameter isAligned: whether all samples lie on common times already.
  func apply(
    _ left: [LabelledSamples], _ right: [LabelledSamples], isAligned: Bool, budget: QueryBudget
  ) throws -> [LabelledSamples] {
    let matching = matching ?? SeriesMatching(labels: [], isIgnoring: true)
    let aligned = isAligned ? left + right : try Alignment.align(left + right)
    let left = aligned.prefix(left.count)
    var others: [Labels: LabelledSamples] = [:]
    for one in aligned.dropFirst(left.count) {
      guard others.updateValue(one, forKey: matching.signature(one.key.labels)) == nil else {
        throw MatchingError(side: "right", labels: matching.signature(one.key.labels))
      }
    }
    var used: Set<Labels> = []
    var results: [LabelledSamples] = []
    for one in left {
      try budget.check()
      let signature = matching.signature(one.key.labels)
      guard let other = others[signature] else { continue }
      guard used.insert(signature).inserted else {
        throw MatchingError(side: "left", labels: signature)
      }
      let samples = combine(one.samples, other.samples)
      guard !samples.isEmpty else { continue }
      // What filters by all labels keeps the metric; `on` leaves nothing but its labels.
      let metric = keepsSamples && matching.isIgnoring ? one.key.metric : ""
      results.append(
        LabelledSamples(key: SeriesKey(metric: metric, labels: signature), samples: samples))
    }
    return results.sorted { $0.key < $1.key }
  }

  private func combine(_ left: Samples, _ right: Samples) -> Samples {
    var samples = Samples(capacity: min(left.count, right.count))
    var i = 0
    var j = 0
    while i < left.count, j < right.count {
      if left.timestamps[i] < right.timestamps[j] {
        i += 1
      } else if left.timestamps[i] > right.timestamps[j] {
        j += 1
      } else {
        append(
          apply(left.values[i], right.values[j]), else: left.values[i], at: left.timestamps[i],
          to: &samples)
        i += 1
        j += 1
      }
    }
    return samples
  }

  /// Whether the operator filters samples rather than making new ones.
  private var keepsSamples: Bool { operation.isComparison && !returnsBool }

  private func append(
    _ result: Double, else value: Double, at time: Int64, to samples: inout Samples
  ) {
    if !keepsSamples {
      samples.insert(time: time, value: result)
    } else if result == 1 {
      samples.insert(time: time, value: value)
    }
  }

  /// A filter keeps the metric; a new value is another quantity.
  private func resultKey(_ key: SeriesKey) -> SeriesKey {
    keepsSamples ? key : SeriesKey(metric: "", labels: key.labels)
  }
}

/// Which labels two series must share to meet.
struct SeriesMatching: Sendable {
  var labels: Set<String>
  /// Whether `labels` are those to leave out.
  var isIgnoring: Bool

  func signature(_ all: Labels) -> Labels {
    isIgnoring ? all.dropping(labels) : all.keeping(labels)
  }
}

/// Several series of one side have the labels that should tell them apart.
struct MatchingError: Error {
  let side: String
  let labels: Labels
}
