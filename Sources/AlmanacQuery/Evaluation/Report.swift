/// A small table that is no samples: what `periods`, `explain` or `show` answer.
public struct Report: Sendable {
  /// Names of the columns after time and labels.
  public var columns: [String]
  /// The rows, by series; rows that belong to no series have an empty key.
  public var series: [Table.Series]

  /// A table of `series` with the columns `columns`.
  public init(columns: [String], series: [Table.Series]) {
    self.columns = columns
    self.series = series
  }
}
