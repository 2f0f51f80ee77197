/// What repeats from day to day or week to week, taken out of values whose level may change on the
/// way.
enum RhythmRemoval {
  /// Periods of which there must be so many whole ones.
  private static let leastRows = 3

  /// The typical deviation from its period's median at each position of a period, where the values
  /// have such a rhythm: where odd and even periods have about the same. Values begin at position
  /// 0; NaN where they are missing. Positions are smoothed over `width` of them, an odd number.
  static func profile(of values: [Double], period: Int, width: Int = 1) -> [Double]? {
    guard let rows = rows(values, period: period) else { return nil }
    let levels = rows.map { Quantiles.median(values[$0].filter { !$0.isNaN }) }
    return repeated(rows, period: period, width: width) { values[$1] - levels[$0] }
  }

  /// How wide the values spread at each position of a period, about 1, where that has a rhythm.
  static func spread(of values: [Double], period: Int) -> [Double]? {
    guard let rows = rows(values, period: period) else { return nil }
    let levels = rows.map { Quantiles.median(values[$0].filter { !$0.isNaN }) }
    guard
      let sizes = repeated(
        rows, period: period, width: (period / 12) | 1, { abs(values[$1] - levels[$0]) })
    else { return nil }
    let middle = Quantiles.median(sizes)
    return middle > 0 ? sizes.map { max($0 / middle, 0.2) } : nil
  }

  /// The last whole periods, nil where there are too few.
  private static func rows(_ values: [Double], period: Int) -> [Range<Int>]? {
    guard period >= 8, values.count / period >= leastRows else { return nil }
    // From position 0 on, so that all begin at the same place.
    return (0..<values.count / period).map { $0 * period..<($0 + 1) * period }
  }

  private static func repeated(
    _ rows: [Range<Int>], period: Int, width: Int, _ value: (Int, Int) -> Double
  ) -> [Double]? {
    var column = [Double](repeating: 0, count: rows.count)
    func typical(_ parity: Int?) -> [Double] {
      let profile = (0..<period).map { position -> Double in
        var count = 0
        for row in rows.indices where parity == nil || row % 2 == parity {
          let value = value(row, rows[row].lowerBound + position)
          if value.isNaN { continue }
          column[count] = value
          count += 1
        }
        let median = Quantiles.median(reordering: &column, count: count)
        return median.isNaN ? 0 : median
      }
      return SeasonalProfile.smoothed(profile, width: width)
    }
    // Of noise it is 0 with an error of 1 / sqrt(period).
    guard
      correlation(typical(0), typical(1)) >= max(0.5, 3 / Double(period / width).squareRoot())
    else { return nil }
    return typical(nil)
  }

  private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let (meanA, meanB) = (Quantiles.mean(a), Quantiles.mean(b))
    var (both, squareA, squareB) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      both += (x - meanA) * (y - meanB)
      squareA += (x - meanA) * (x - meanA)
      squareB += (y - meanB) * (y - meanB)
    }
    let size = squareA.squareRoot() * squareB.squareRoot()
    return size > 0 ? both / size : 0
  }
}
