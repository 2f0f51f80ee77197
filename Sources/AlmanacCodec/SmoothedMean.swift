/// The exponentially weighted mean of a column, relative to its first number: the best prediction of
/// a level that walks under noise (Muth, JASA 55 (1960)).
struct SmoothedMean {
  /// The gain is 2^-level for levels 1 to this.
  static let levels = 5
  /// Binary places of the mean.
  private static let places: Int64 = 8

  /// The mean in 1/256, half of one more: cutting the places off rounds.
  private(set) var mean: Int64 = 1 &<< (places &- 1)
  private let level: Int64

  /// The mean 0.
  @inline(__always)
  init(level: Int) { self.level = Int64(level) }

  /// The mean as `mean` gave it.
  init(level: Int, mean: Int64) {
    self.level = Int64(level)
    self.mean = mean
  }

  /// The mean, rounded.
  @inline(__always)
  var value: Int64 { mean &>> Self.places }

  /// Moves the mean towards a number that is `residual` above `value`.
  @inline(__always)
  mutating func add(_ residual: Int64) {
    // The number less the mean, both in 1/256.
    let half = 1 &<< (Self.places &- 1) as Int64
    let fraction = mean & ((1 &<< Self.places) &- 1)
    mean &+= ((residual &<< Self.places) &+ half &- fraction) &>> level
  }
}
