internal import AlmanacCore

/// The samples of one series in a window (end - length, end], one or more.
struct SampleWindow {
  /// All samples of the series in order of time.
  let times: [Int64]
  let values: [Double]
  /// Those inside the window, not empty.
  var bounds = 0..<0
  /// The end of the window and the moment of the evaluation, which `offset` sets apart, ns.
  var end: Int64 = 0
  var moment: Int64 = 0
  /// The length of the window in ns.
  let length: Int64

  /// The values in order.
  var inside: ArraySlice<Double> { values[bounds] }
  var first: Double { values[bounds.lowerBound] }
  var last: Double { values[bounds.upperBound - 1] }
  var count: Int { bounds.count }

  init(_ samples: Samples, length: Interval) {
    times = samples.timestamps
    values = samples.values
    self.length = length.nanoseconds
  }

  /// The moment that the samples come after, ns.
  var start: Int64 {
    let (start, overflow) = end.subtractingReportingOverflow(length)
    return overflow ? .min : start
  }

  /// Moves on to the window that ends at `end`; windows come in order of time.
  mutating func move(to end: Int64, moment: Int64) {
    self.end = end
    self.moment = moment
    let start = start
    var from = bounds.lowerBound
    var to = bounds.upperBound
    while to < times.count, times[to] <= end { to += 1 }
    while from < to, times[from] <= start { from += 1 }
    bounds = from..<to
  }
}
