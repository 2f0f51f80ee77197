/// What the samples of one series in one bucket of time come to: enough for minimum, maximum, mean,
/// sum and count of any time made of whole buckets.
///
/// Buckets of a `Resolution` are counted from the Unix epoch and, like windows of queries, hold
/// their end and not their beginning.
public struct Summary: Equatable, Sendable {
  /// The end of the bucket, ns since the Unix epoch, a multiple of its length.
  public var end: Int64
  /// The number of samples, at least 1.
  public var count: Int
  /// The least value; NaN only where every value is.
  public var minimum: Double
  /// The greatest value; NaN only where every value is.
  public var maximum: Double
  /// The `CompensatedSum` of the values in order of time.
  public var sum: Double

  /// A summary that was made before.
  public init(end: Int64, count: Int, minimum: Double, maximum: Double, sum: Double) {
    self.end = end
    self.count = count
    self.minimum = minimum
    self.maximum = maximum
    self.sum = sum
  }

  /// The end of the bucket that `time` belongs to.
  public static func end(holding time: Int64, of resolution: Resolution) -> Int64 {
    let remainder = time % resolution.length
    if remainder <= 0 { return time - remainder }
    let (end, overflow) = (time - remainder).addingReportingOverflow(resolution.length)
    return overflow ? .max : end
  }
}

extension Samples {
  /// The summaries of the buckets that have samples, in order of time.
  public func summaries(of resolution: Resolution) -> [Summary] {
    var summaries: [Summary] = []
    var index = 0
    while index < count {
      let end = Summary.end(holding: timestamps[index], of: resolution)
      let first = index
      var sum = CompensatedSum()
      var minimum = Double.nan
      var maximum = Double.nan
      while index < count, timestamps[index] <= end {
        let value = values[index]
        sum.add(value)
        if !(value >= minimum) { minimum = value.isNaN ? minimum : value }
        if !(value <= maximum) { maximum = value.isNaN ? maximum : value }
        index += 1
      }
      summaries.append(
        Summary(end: end, count: index - first, minimum: minimum, maximum: maximum, sum: sum.value))
    }
    return summaries
  }
}
