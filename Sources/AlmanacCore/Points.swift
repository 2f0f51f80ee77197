/// Points on their way into the store, in columns: what one write request brings.
///
/// Series are named by their position in `keyEnds`. A series of known number may be listed more than
/// once: for each spelling, and by its key too.
public struct Points: Sendable {
  /// `SeriesKey.encoded` of each series, back to back; nothing for those in `ids`.
  public var keyBytes: [UInt8]
  /// Where in `keyBytes` the key of each series ends; it begins where the one before ends.
  public var keyEnds: [Int]
  /// The number of each series in the store, or 0 where it is unknown. A series has either a number
  /// or a key.
  public var ids: [UInt32]
  /// The generation of the cache that the numbers come from; 0 where there are none. Numbers of an
  /// older generation than the cache's may be those of removed series and must not be used.
  public var cacheGeneration: UInt64
  /// The series of each point, as a position in `keyEnds`.
  public var series: [Int32]
  /// The time of each point, nanoseconds since the Unix epoch.
  public var timestamps: [Int64]
  /// The value of each point.
  public var values: [Double]

  /// Columns that belong together. Without `ids` no number is known.
  ///
  /// - Precondition: the three columns of points have one length, `ids` has that of `keyEnds`.
  public init(
    keyBytes: [UInt8], keyEnds: [Int], ids: [UInt32]? = nil, cacheGeneration: UInt64 = 0,
    series: [Int32], timestamps: [Int64], values: [Double]
  ) {
    precondition(
      series.count == timestamps.count && series.count == values.count,
      "BUG: columns of different length")
    precondition(ids == nil || ids?.count == keyEnds.count, "BUG: as many numbers as series")
    self.keyBytes = keyBytes
    self.keyEnds = keyEnds
    self.ids = ids ?? [UInt32](repeating: 0, count: keyEnds.count)
    self.cacheGeneration = cacheGeneration
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

  /// Where in `keyBytes` the key of the series at `index` lies; empty where its number is known.
  public func keyBounds(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : keyEnds[index - 1])..<keyEnds[index]
  }

  /// The points of the listed series that `isKept` says yes to; all series stay listed.
  public func keeping(_ isKept: (Int) -> Bool) -> Points {
    let kept = series.indices.filter { isKept(Int(series[$0])) }
    var points = self
    points.series = kept.map { series[$0] }
    points.timestamps = kept.map { timestamps[$0] }
    points.values = kept.map { values[$0] }
    return points
  }
}
