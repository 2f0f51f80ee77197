/// What a cache did and holds.
public struct CacheStatistics: Sendable, Equatable {
  /// Values found.
  public var hits = 0
  /// Values that were not there, or not any more valid.
  public var misses = 0
  /// Values thrown out for others.
  public var evictions = 0
  /// Values held.
  public var entries = 0
  /// About how many bytes they take.
  public var bytes = 0
}
