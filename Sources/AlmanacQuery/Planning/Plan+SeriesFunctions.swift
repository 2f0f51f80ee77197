internal import AlmanacCore

/// A number that is worked out at each moment.
indirect enum ScalarPlan: Sendable {
  /// The moment, and the ends of the query's range, in seconds.
  case time, start, end
  /// The step of the query and the length of its range in seconds; 0 at a single moment.
  case step, range
  /// The value of the only series, or NaN.
  case only(Plan)
  case greatest(Plan, Plan)
  case least(Plan, Plan)
}

/// A function of series: sample by sample, or of their labels or their order.
struct SeriesFunctionPlan: Sendable {
  enum Operation: Sendable {
    /// Value by value.
    case values(@Sendable ([Double]) -> [Double])
    /// Value by value with two numbers; no sample where there is no result.
    case bounded(@Sendable (Double, Double, Double) -> Double?, Plan, Plan)
    /// The time of each sample, in seconds.
    case moments
    case relabelled(Relabelling)
    case sorted(SeriesSorting)
    /// 1 where no series has a sample, with these labels.
    case absent(Labels)
    case histogram(HistogramFunction)
  }

  var operation: Operation
  var input: Plan

  var isInstant: Bool {
    if case .absent = operation { true } else { input.isInstant }
  }
}

/// `and`, `or` and `unless`.
struct SetOperation: Sendable {
  var operation: Binary.Operation
  var left: Plan
  var right: Plan
  var matching: SeriesMatching
}

/// How many series have each value: `count_values("version", build)`.
struct ValueCount: Sendable {
  /// The label that gets the value.
  var label: String
  var input: Plan
  var grouping: SeriesGrouping
}

/// A function of the buckets of classic histograms.
struct HistogramFunction: Sendable {
  enum Operation: Sendable {
    case quantile(Plan)
    /// Several, told apart by a label.
    case quantiles([Double], label: String)
    /// The share of observations between two values.
    case fraction(lower: Plan, upper: Plan)
  }

  var operation: Operation
  /// Where the shares stand, for warnings.
  var range: SourceRange
}

extension Plan {
  /// Whether the order of the result's series at one moment means something.
  var isOrdered: Bool {
    switch self {
    case .rank: true
    case .stage(let node): node.plan.isOrdered
    case .moved(let plan, _): plan.isOrdered
    case .function(let node): if case .sorted = node.operation { true } else { false }
    default: false
    }
  }

  /// The same with the times of samples in place of their values, where this is a selector,
  /// perhaps moved in time.
  var withSampleTimes: Plan? {
    switch self {
    case .select(let selection): .sampleTimes(selection)
    case .moved(let plan, let move): plan.withSampleTimes.map { .moved($0, move) }
    default: nil
    }
  }
}
