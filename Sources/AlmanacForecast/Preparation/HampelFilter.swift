/// Finds values that are far from their neighbours (Hampel, 1974).
///
/// The neighbours are the known values among 31 steps, 15 on either side, fewer at the ends. A
/// value is far where it is more than so many robust deviations (1.4826 times the median distance
/// to the median) from their median. The deviation is that of the neighbours, or that of all
/// distances to running medians where it is larger: calm stretches do not make small changes far.
struct HampelFilter {
  /// Steps on either side.
  static let reach = 15
  /// The deviation of normally distributed values over the median distance to the median.
  static let consistency = 1.482602218505602
  /// The same over the mean distance, which is taken where the median one is 0.
  private static let meanConsistency = 1.2533141373155003

  /// How many deviations are far; positive.
  let deviations: Double

  /// The values with those that are far made missing.
  func clean(_ values: [Double]) -> [Double] {
    var result = values
    let (distances, spreads) = Self.distances(values)
    let known = distances.filter(\.isFinite)
    guard !known.isEmpty else { return result }
    var overall = Self.consistency * Quantiles.median(known)
    if overall == 0 { overall = Self.meanConsistency * Quantiles.mean(known) }
    for index in values.indices where distances[index].isFinite {
      let limit = deviations * max(overall, spreads[index])
      if distances[index] > limit { result[index] = .nan }
    }
    return result
  }

  /// The distance of each value to the median of its neighbours, and their deviation; NaN where
  /// there is no value.
  private static func distances(_ values: [Double]) -> ([Double], [Double]) {
    var distances = [Double](repeating: .nan, count: values.count)
    var spreads = distances
    var window = [Double](repeating: 0, count: 2 * reach + 1)
    for index in values.indices where values[index].isFinite {
      var count = 0
      for other in max(0, index - reach)...min(values.count - 1, index + reach)
      where values[other].isFinite {
        window[count] = values[other]
        count += 1
      }
      let median = Quantiles.median(reordering: &window, count: count)
      for place in 0..<count { window[place] = abs(window[place] - median) }
      distances[index] = abs(values[index] - median)
      spreads[index] = consistency * Quantiles.median(reordering: &window, count: count)
    }
    return (distances, spreads)
  }
}
