internal import AlmanacCore
internal import AlmanacForecast

/// Buckets of every series of `input`, on a step.
struct ResamplePlan: Sendable {
  var input: Plan
  var step: Interval
  var function: BucketFunction
  /// Where errors point to.
  var range: SourceRange
}

/// One of two parts of every series of `input`.
struct SplitPlan: Sendable {
  /// Where the first part ends.
  enum Cut: Sendable {
    /// With the last sample at or before the moment.
    case at(Timestamp)
    /// The same so much after the query's time; negative is before.
    case relative(Interval)
    /// With this share of each series' samples.
    case share(Double)
  }

  var input: Plan
  var cut: Cut
  /// Whether the second part is wanted.
  var isTest: Bool
}

/// Every series of `input` taken apart.
struct DecomposePlan: Sendable {
  var input: Plan
  /// nil is day and week as far as data and step allow.
  var periods: [Interval]?
  var isRobust: Bool
  /// Where errors point to.
  var range: SourceRange
}

/// The periods that every series of `input` repeats with.
struct PeriodsPlan: Sendable {
  var input: Plan
  /// How many of each series.
  var limit: Int
  /// Where errors point to.
  var range: SourceRange

  /// The report's columns, and those that hold numbers.
  static let columns = ["period"] + numericColumns
  static let numericColumns = ["seconds", "strength", "cycles"]
}

/// One part of a decomposition, as series.
struct ComponentPlan: Sendable {
  /// Which part.
  enum Part: Sendable, Equatable {
    case trend, residual
    /// What repeats with a period, or with all of them together.
    case seasonal(Interval?)
    /// How much of the variance a season makes up, or all of them, at the last step.
    case strength(Interval?)
    case trendStrength
  }

  var decomposition: DecomposePlan
  var part: Part
  /// Where errors point to.
  var range: SourceRange
}

extension Plan {
  /// What is prepared, where this is a step of preparation.
  var preparationInput: Plan? {
    switch self {
    case .prepare(let node): node.input
    case .resample(let node): node.input
    case .split(let node): node.input
    case .decompose(let node): node.input
    case .periods(let node): node.input
    case .component(let node): node.decomposition.input
    case .stage(let node): node.plan.preparationInput
    default: nil
    }
  }
}
