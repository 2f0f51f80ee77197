/// A sum whose rounding errors are carried along.
///
/// Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54
/// (1974), as Prometheus sums. The same values in the same order give the same bits.
@frozen
public struct CompensatedSum: Sendable {
  @usableFromInline var sum = 0.0
  @usableFromInline var correction = 0.0

  /// Nothing added yet.
  @inlinable
  public init() {}

  /// Adds `value`.
  @inlinable
  public mutating func add(_ value: Double) {
    let total = sum + value
    if abs(sum) >= abs(value) {
      correction += (sum - total) + value
    } else {
      correction += (value - total) + sum
    }
    sum = total
  }

  /// What was added so far. With infinities among the values there is nothing to correct.
  @inlinable
  public var value: Double { correction.isFinite && sum.isFinite ? sum + correction : sum }
}

/// Sums side by side, each as `CompensatedSum` adds.
public struct CompensatedSums: Sendable {
  private var sums: [Double]
  private var corrections: [Double]

  /// So many sums of nothing.
  public init(count: Int) {
    sums = [Double](repeating: 0, count: count)
    corrections = sums
  }

  /// Adds a value to each.
  ///
  /// - Precondition: there are as many.
  public mutating func add(_ values: [Double]) {
    Self.add(values, to: &sums, &corrections)
  }

  private static func add(
    _ values: [Double], to sums: inout [Double], _ corrections: inout [Double]
  ) {
    let count = values.count
    precondition(
      sums.count == count && corrections.count == count, "BUG: values of other sums")
    let values = values.span
    var sums = sums.mutableSpan
    var corrections = corrections.mutableSpan
    for index in 0..<count {
      let (sum, value) = (sums[index], values[index])
      let total = sum + value
      let (larger, smaller) = abs(sum) >= abs(value) ? (sum, value) : (value, sum)
      corrections[index] += (larger - total) + smaller
      sums[index] = total
    }
  }

  /// Adds `value` to the sum at `index`.
  public mutating func add(_ value: Double, at index: Int) {
    var one = CompensatedSum()
    (one.sum, one.correction) = (sums[index], corrections[index])
    one.add(value)
    (sums[index], corrections[index]) = (one.sum, one.correction)
  }

  /// What was added so far.
  public var values: [Double] {
    sums.indices.map { index in
      var one = CompensatedSum()
      (one.sum, one.correction) = (sums[index], corrections[index])
      return one.value
    }
  }
}
