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
  /// What stands for samples without a partner.
  var fill: Fill?

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

  /// Every sample with a number. A comparison keeps the samples that pass, unless `bool`; nil where
  /// none does.
  func apply(
    _ series: LabelledSamples, _ number: Scalar, numberIsLeft: Bool
  ) -> LabelledSamples? {
    let times = series.samples.timestamps
    let values = series.samples.values
    let results: [Double]
    if case .constant(let number) = number {
      results = apply(values, number, numberIsLeft: numberIsLeft)
    } else {
      results = zip(times, values).map { time, value in
        numberIsLeft ? apply(number.at(time), value) : apply(value, number.at(time))
      }
    }
    if keepsSamples { return filtered(series, by: results) }
    var result = series.with(Samples(timestamps: times, values: results))
    result.dropsMetric = true
    return result
  }

  /// A loop of its own for each of the operators that take less time than to choose among them.
  private func apply(_ values: [Double], _ number: Double, numberIsLeft: Bool) -> [Double] {
    switch (operation, numberIsLeft) {
    case (.add, _): values.map { $0 + number }
    case (.multiply, _): values.map { $0 * number }
    case (.subtract, false): values.map { $0 - number }
    case (.divide, false): values.map { $0 / number }
    case (_, false): values.map { apply($0, number) }
    case (_, true): values.map { apply(number, $0) }
    }
  }

  /// The samples whose result is 1.
  private func filtered(_ series: LabelledSamples, by results: [Double]) -> LabelledSamples? {
    if results.allSatisfy({ $0 == 1 }) { return series.samples.isEmpty ? nil : series }
    var kept = Samples()
    let (times, values) = (series.samples.timestamps, series.samples.values)
    for (index, result) in results.enumerated() where result == 1 {
      _ = kept.append(time: times[index], value: values[index])
    }
    return kept.isEmpty ? nil : series.with(kept)
  }

  /// The samples of two series at the times that both have.
  func combine(_ left: Samples, _ right: Samples) -> Samples {
    let (times, others) = (left.timestamps, right.timestamps)
    let (values, otherValues) = (left.values, right.values)
    if times == others {
      let results = zip(values, otherValues).map { apply($0, $1) }
      if !keepsSamples { return Samples(timestamps: times, values: results) }
      if results.allSatisfy({ $0 == 1 }) { return left }
    }
    var samples = Samples(capacity: min(times.count, others.count))
    var i = 0
    var j = 0
    while i < times.count, j < others.count {
      if times[i] < others[j] {
        i += 1
      } else if times[i] > others[j] {
        j += 1
      } else {
        let result = apply(values[i], otherValues[j])
        if !keepsSamples {
          _ = samples.append(time: times[i], value: result)
        } else if result == 1 {
          _ = samples.append(time: times[i], value: values[i])
        }
        i += 1
        j += 1
      }
    }
    return samples
  }

  /// Whether the operator filters samples rather than making new ones.
  var keepsSamples: Bool { operation.isComparison && !returnsBool }
}
