internal import AlmanacCore
internal import AlmanacForecast

/// Series of `input` that differ from the others of their pool.
struct PeersPlan: Sendable {
  var input: Plan
  /// What judgements of them are about.
  var signal: JudgedSignal
  /// The labels whose values name a pool; none for one pool of all.
  var labels: [String]
  var method: PeerMethod
  /// How many units of the pool's spread a series may be away.
  var tolerance: Double
  var includesAll: Bool
  /// Where errors point to.
  var range: SourceRange
}

/// What series with outliers have in common.
struct WhyPlan: Sendable {
  var input: Plan
  /// The largest corrected probability of a label that is told.
  var probability: Double
  /// How many rows of each kind.
  var limit: Int
}

/// When the series of `input` change.
struct ChangesPlan: Sendable {
  var input: Plan
  /// How much past to look at; nil is the range of the request, else 30 days.
  var history: Interval?
  /// The kind wanted; nil is any.
  var kind: ChangePoint.Kind?

  /// The report's columns, and those that hold numbers.
  static let columns = ["kind"] + numericColumns
  static let numericColumns = ["before", "after", "size", "score"]
}
