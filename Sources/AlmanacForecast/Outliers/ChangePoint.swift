/// A moment at which the level or the spread of a series changes for a while.
public struct ChangePoint: Sendable, Equatable {
  /// What changes.
  public enum Kind: String, Sendable, CaseIterable {
    /// The median.
    case level
    /// The standard deviation.
    case variance
  }

  /// Index of the first value after the change.
  public var index: Int
  /// What changes.
  public var kind: Kind
  /// The median, or the robust standard deviation, from the change before to this one; daily and
  /// weekly rhythm taken out.
  public var before: Double
  /// The same from this change to the next one.
  public var after: Double
  /// How much better two distributions describe the values than one, over the least that counts;
  /// at least 1.
  public var score: Double

  /// The changes of `series`, in order of time; a missing value is NaN.
  ///
  /// Values are put into at most 2,048 bins (medians), of which a level lasts five or more. What
  /// repeats daily or weekly is taken out where odd and even periods have it, changes of spread by
  /// the time of day too. Then PELT (see `Segmentation`) with the costs of `DistributionCost` finds
  /// the changes; the penalty is what noise gains at one bin of two hundred series, times the noise's
  /// memory (see `NoiseMemory`). The same is done with the values less a straight line; it stands
  /// where that describes them better by the Bayesian information criterion. In the end each change
  /// is taken to the value where two Laplace distributions are likeliest to meet.
  public static func find(in series: RegularSeries) -> [ChangePoint] {
    guard var search = ChangeSearch(series) else { return [] }
    return search.run()
  }
}
