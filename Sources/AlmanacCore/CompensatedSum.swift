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
