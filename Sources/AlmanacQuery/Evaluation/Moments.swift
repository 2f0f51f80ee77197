internal import AlmanacCore

/// The moments that an expression is evaluated at: one, or every step of a range.
struct Moments: Sendable, Equatable {
  /// The first moment, ns since the Unix epoch.
  let first: Int64
  /// From one to the next in ns, more than 0.
  let step: Int64
  /// How many there are, at least 1.
  let count: Int

  /// A single moment.
  init(_ time: Timestamp) {
    first = time.nanoseconds
    step = 1
    count = 1
  }

  /// The start of `range` and every `step` after it up to the end.
  ///
  /// - Precondition: the range is not empty and the step positive.
  /// - Throws: `QueryError` where there are too many.
  init(_ range: TimeRange, step: Interval) throws(QueryError) {
    precondition(!range.isEmpty && step > .zero, "BUG: steps of nothing")
    try StepLimit.check(range, step)
    first = range.start.nanoseconds
    self.step = step.nanoseconds
    let (span, overflow) = range.end.nanoseconds.subtractingReportingOverflow(first)
    count = overflow ? 1 : Int(span / step.nanoseconds) + 1
  }

  /// The moment at `index`.
  subscript(_ index: Int) -> Int64 { first + Int64(index) * step }

  /// The last moment.
  var last: Int64 { self[count - 1] }

  /// All moments in order.
  var times: [Int64] { (0..<count).map { self[$0] } }

  /// What the windows of `length` that end at the moments cover together.
  func covered(by length: Interval) -> TimeRange {
    TimeRange(
      start: Timestamp(nanoseconds: first) - length + Interval(nanoseconds: 1),
      end: Timestamp(nanoseconds: last))
  }

  /// Whether all moments are multiples of `length`.
  func isAligned(to length: Int64) -> Bool {
    first % length == 0 && (count == 1 || step % length == 0)
  }
}

/// Values at some moments, gathered in order. Series with a value at each moment share the times.
struct MomentValues {
  private let times: [Int64]
  private var values: [Double] = []
  /// The times of `values`, from the first moment on that has none.
  private var kept: [Int64] = []

  /// No values yet, at none of `times`.
  init(at times: [Int64]) {
    self.times = times
    values.reserveCapacity(times.count)
  }

  /// Adds the value at the moment `index`, which is after those that have one.
  @inline(__always)
  mutating func append(_ value: Double, at index: Int) {
    if values.count < index {
      if kept.isEmpty { kept = Array(times[..<values.count]) }
      kept.append(times[index])
    }
    values.append(value)
  }

  /// What was added.
  var samples: Samples {
    if values.count == times.count { return Samples(timestamps: times, values: values) }
    return Samples(
      timestamps: kept.isEmpty ? Array(times[..<values.count]) : kept, values: values)
  }
}
