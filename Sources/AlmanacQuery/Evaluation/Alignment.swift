internal import AlmanacCore
internal import AlmanacForecast

/// Brings series to common times, so that they can be combined sample by sample.
enum Alignment {
  /// The series as they are where each has times that the longest has too; else each binned to
  /// the step of the longest, with the mean of a bin at its beginning.
  static func align(_ series: [LabelledSamples]) throws(QueryError) -> [LabelledSamples] {
    guard let longest = series.max(by: { $0.samples.count < $1.samples.count }),
      let step = RegularSeries.detectStep(longest.samples)
    else { return series }
    let times = longest.samples.timestamps
    let isAligned = series.allSatisfy { one in
      one.samples.timestamps == times || isSubset(one.samples.timestamps, of: times)
    }
    if isAligned { return series }
    var aligned: [LabelledSamples] = []
    for one in series {
      try StepLimit.check(one.samples, step)
      let binned = RegularSeries(samples: one.samples, step: step)
      aligned.append(one.with(binned.known))
    }
    return aligned
  }

  /// Whether each of `some` is in `all`; both ascend.
  private static func isSubset(_ some: [Int64], of all: [Int64]) -> Bool {
    var index = 0
    for time in some {
      while index < all.count, all[index] < time { index += 1 }
      guard index < all.count, all[index] == time else { return false }
    }
    return true
  }
}
