/// The points of one write as columns, with what was refused.
public struct Batch: Sendable {
  /// The series in order of first appearance, each as `SeriesKey.encoded`, back to back; nothing
  /// where the number in `ids` says it all.
  public internal(set) var keyBytes: [UInt8] = []
  /// Where the key of each series ends in `keyBytes`.
  public internal(set) var keyEnds: [Int] = []
  /// The number of each series in the store, or 0 where the cache does not know it.
  ///
  /// A series without a number is listed once; one with a number once for each spelling.
  public internal(set) var ids: [UInt32] = []
  /// The generation of the cache that gave the numbers; 0 without one.
  public internal(set) var cacheGeneration: UInt64 = 0

  /// For each point in order of lines the index of its series; as long as `timestamps`.
  public internal(set) var series: [Int32] = []
  /// For each point its time in nanoseconds since the Unix epoch.
  public internal(set) var timestamps: [Int64] = []
  /// For each point its value.
  public internal(set) var values: [Double] = []

  /// Why lines were refused, in order of lines; at most `errorLimit` are kept.
  public internal(set) var errors: [LineError] = []
  /// How many lines were refused; none of their points is in the batch.
  public internal(set) var rejectedLines = 0
  /// How many lines were accepted, those without a point included.
  public internal(set) var acceptedLines = 0
  /// How many fields of accepted lines were left out because they are strings.
  public internal(set) var skippedStrings = 0
  /// How many integers of accepted lines no Double holds exactly, so that the nearest was taken.
  public internal(set) var roundedIntegers = 0

  /// What the cache can learn once the points are stored.
  public internal(set) var lessons = Lessons(generation: 0, database: [])

  /// The most errors that `errors` keeps.
  public static let errorLimit = 100

  /// Nothing.
  public init() {}

  /// How many series are listed.
  public var seriesCount: Int { keyEnds.count }

  /// The key of the series at `index`, as `SeriesKey.encoded`; empty where its number is known.
  public func key(_ index: Int) -> ArraySlice<UInt8> {
    keyBytes[(index == 0 ? 0 : keyEnds[index - 1])..<keyEnds[index]]
  }
}
