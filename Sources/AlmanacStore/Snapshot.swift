internal import AlmanacCodec
public import AlmanacCore
public import AlmanacPattern

/// One unchanging view of all samples, with every write that was acknowledged before.
public struct Snapshot: Sendable {
  /// A head segment as far as it was written.
  struct Segment: Sendable {
    let segment: HeadSegment
    let limit: Int
  }

  let index: SeriesIndex
  /// In order of generation.
  let segments: [Segment]
  /// Parts by window, in order of time, then of generation.
  let parts: [[Part]]
  let deletions: [Deletion]
  let horizon: Horizon

  /// The series that pass all `matchers`, in order of their numbers.
  public func series(passing matchers: [LabelMatcher]) -> [SeriesID] {
    index.series(passing: matchers)
  }

  /// As `series(passing:)`, with their keys, where that takes next to no time; else nil. It suits
  /// threads that must not wait.
  public func fewSeries(passing matchers: [LabelMatcher]) -> [(id: SeriesID, key: SeriesKey)]? {
    index.fewSeries(passing: matchers, limit: 64)
  }

  /// Metric and labels of a series; nil where it is gone.
  public func key(of id: SeriesID) -> SeriesKey? { index.key(of: id) }

  /// The distinct values of the label `name` of series that pass all `matchers`; `__name__` gives
  /// the metrics.
  public func values(ofLabel name: String, passing matchers: [LabelMatcher] = []) -> [String] {
    index.values(ofLabel: name, passing: matchers)
  }

  /// The distinct names of labels of series that pass all `matchers`, `__name__` included.
  public func labelNames(passing matchers: [LabelMatcher] = []) -> [String] {
    index.labelNames(passing: matchers)
  }

  /// The distinct values of the label `name` of the series `ids`, ascending.
  public func values(ofLabel name: String, among ids: [SeriesID]) -> [String] {
    index.values(ofLabel: name, among: ids)
  }

  /// The distinct names of labels of the series `ids`, ascending, `__name__` included.
  public func labelNames(of ids: [SeriesID]) -> [String] { index.labelNames(of: ids) }

  /// A reader of samples inside `range`, for one thread.
  public func reader(in range: TimeRange) -> SeriesReader { SeriesReader(self, range) }

  /// The samples of one series inside `range`.
  public func samples(of id: SeriesID, in range: TimeRange) throws(StoreError) -> Samples {
    var reader = reader(in: range)
    return try reader.samples(of: id)
  }
}
