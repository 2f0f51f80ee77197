/// Points on their way into the store, in columns: what one write request brings.
///
/// Series are named by their position in `keyEnds`; each is listed once.
public struct Points: Sendable {
  /// `SeriesKey.encoded` of each series, back to back.
  public var keyBytes: [UInt8]
  /// Where in `keyBytes` the key of each series ends; it begins where the one before ends.
  public var keyEnds: [Int]
  /// The series of each point, as a position in `keyEnds`.
  public var series: [Int32]
  /// The time of each point, nanoseconds since the Unix epoch.
  public var timestamps: [Int64]
  /// The value of each point.
  public var values: [Double]

  /// Columns that belong together.
  ///
  /// - Precondition: the three columns of points have one length.
  public init(
    keyBytes: [UInt8], keyEnds: [Int], series: [Int32], timestamps: [Int64], values: [Double]
  ) {
    precondition(
      series.count == timestamps.count && series.count == values.count,
      "BUG: columns of different length")
    self.keyBytes = keyBytes
    self.keyEnds = keyEnds
    self.series = series
    self.timestamps = timestamps
    self.values = values
  }

  /// The points of one series.
  public init(key: SeriesKey, samples: Samples) {
    let encoded = key.encoded
    self.init(
      keyBytes: encoded, keyEnds: [encoded.count],
      series: [Int32](repeating: 0, count: samples.count), timestamps: samples.timestamps,
      values: samples.values)
  }

  /// How many points there are.
  public var count: Int { values.count }

  /// Where in `keyBytes` the key of the series at `index` lies.
  public func keyBounds(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : keyEnds[index - 1])..<keyEnds[index]
  }
}
