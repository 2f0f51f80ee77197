extension Range<Int> {
  /// The first position that passes `test`, as all positions behind it do; the end where none does.
  /// A binary search.
  @inlinable
  public func partitionPoint<E: Error>(where test: (Int) throws(E) -> Bool) throws(E) -> Int {
    var low = lowerBound
    var high = upperBound
    while low < high {
      let middle = low + (high - low) / 2
      if try test(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
