public import AlmanacCore

/// Reads InfluxDB's line protocol: `measurement[,tag=v...] field=v[,field=v...] [timestamp]`.
///
/// The metric of a point is the measurement where the field is called `value`, else
/// `measurement_field`; tags are labels. Strings have no place in a series and are left out. All
/// points of a line are accepted or refused together, and a refused line leaves no trace but its
/// error. No input traps.
public struct LineProtocol: Sendable {
  /// The earliest and the latest time that a point may have, the same as InfluxDB's.
  static let earliest = Int64.min + 2
  static let latest = Int64.max - 1
  /// The most bytes that a series' key may have, the same as InfluxDB's.
  static let keyLimit = 65_535

  /// The most bytes of keys that are put together for one body. A line of long tags with many
  /// fields asks for far more of them than it has itself.
  var buildLimit = 512 << 20

  private let precision: Precision
  private let now: Timestamp
  private let database: [UInt8]
  private let cache: SeriesCache?

  /// A parser for the bodies of writes.
  ///
  /// - Parameters:
  ///   - precision: The unit of the timestamps.
  ///   - now: The time of points without one.
  ///   - database: The label `db` of series without a tag of that name; none where nil or empty.
  ///   - cache: Knows numbers of series; without one, every series of a batch has its key.
  public init(
    precision: Precision, now: Timestamp, database: String?, cache: SeriesCache? = nil
  ) {
    self.cache = cache
    self.precision = precision
    self.now = now
    self.database = Array((database ?? "").utf8)
  }

  /// Reads a body, in one pass and in place.
  public func parse(_ body: UnsafeRawBufferPointer) -> Batch {
    let view = (cache ?? .none).view
    var batch = Batch()
    batch.cacheGeneration = cache == nil ? 0 : view.generation
    batch.lessons = Lessons(generation: batch.cacheGeneration, database: database)
    guard let start = body.baseAddress, !body.isEmpty else { return batch }
    // Keeps alive what the reader points to.
    return withExtendedLifetime(view) {
      var parser = BatchParser(
        start: start, end: start + body.count, unit: precision.nanoseconds, now: now.nanoseconds,
        batch: batch,
        table: SeriesTable(
          database: database, cache: CacheReader(view, database: database),
          isTeaching: cache != nil),
        buildLimit: buildLimit)
      return parser.parse()
    }
  }

  /// Reads a body.
  public func parse(_ body: [UInt8]) -> Batch {
    body.withUnsafeBytes { parse($0) }
  }
}
