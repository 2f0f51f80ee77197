internal import AlmanacNeural
internal import Glibc

/// Means of a history's hours, or of the shortest equal parts of its day that are at most 24.
struct BlockMeans {
  /// Newest last; the last one ends with the history.
  let values: [Double]
  /// Steps in a block.
  let width: Int
  /// Blocks in a day.
  let day: Int
  /// Days in a week, or 1.
  let factor: Int

  /// No more blocks than these are kept.
  private static let most = 4000

  init(_ values: [Double], rhythm: Rhythm) {
    let parts = (1...24).last { rhythm.day % $0 == 0 } ?? 1
    day = parts
    width = rhythm.day / parts
    factor = rhythm.factor
    let count = min(values.count / width, Self.most)
    let start = values.count - count * width
    let width = width
    self.values = (0..<count).map { block in
      Quantiles.mean(values[(start + block * width)..<(start + (block + 1) * width)])
    }
  }
}

/// Each hour as a weighted sum of the hours just before it and of those about a day, two days, a
/// week and eight days before it: what a seasonal ARIMA model says, by least squares.
///
/// The coefficients minimise the Huber loss (1964) by reweighting, with a ridge (Hoerl and Kennard
/// 1970) on them; forecasts feed on themselves, held near the range of the past.
struct SeasonalAutoregression: Sendable {
  private let history: [Double]
  private let lags: [Int]
  private let coefficients: [Double]
  private let constant: Double
  private let range: ClosedRange<Double>
  private let logarithm: Bool
  private let means: (width: Int, day: Int, factor: Int)

  /// Rounds of reweighting.
  private static let rounds = 6
  /// Equations beyond the longest lag that are needed.
  private static let spare = 60
  /// Days ahead after which the last week or day is repeated.
  private static let farthest = 14

  /// - Parameters:
  ///   - pull: how strongly coefficients are held towards 0, in variances of the history.
  ///   - logarithm: fits logarithms, so that rhythm grows with level.
  /// - Returns: nil where there is too little history, no variance, or no logarithm.
  init?(_ means: BlockMeans, pull: Double, logarithm: Bool = false) {
    self.means = (means.width, means.day, means.factor)
    self.logarithm = logarithm
    guard let low = means.values.min(), let high = means.values.max(), high > low else {
      return nil
    }
    var values = means.values
    if logarithm {
      guard low > 1e-3 * high else { return nil }
      values = values.map { log($0) }
    }
    let days = Self.lags(day: means.day, factor: 1)
    let all = Self.lags(day: means.day, factor: means.factor)
    let fits = { (lags: [Int]) in values.count >= (lags.last ?? 0) + Self.spare }
    guard let lags = [all, days].first(where: fits) else { return nil }
    let center = Quantiles.mean(values)
    let centered = values.map { $0 - center }
    guard let fitted = Self.fit(centered, lags: lags, pull: pull) else { return nil }
    self.lags = lags
    coefficients = fitted.coefficients
    constant = fitted.constant + center * (1 - fitted.coefficients.reduce(0, +))
    history = Array(values.suffix(lags.last ?? 0))
    let (bottom, top) = (values.min() ?? 0, values.max() ?? 0)
    let room = 0.3 * (top - bottom)
    range = (bottom - room)...(top + room)
  }

  /// Ascending lags: the last two blocks, the same of yesterday and its neighbours, of the day
  /// before it, of last week and the day before that.
  static func lags(day: Int, factor: Int) -> [Int] {
    var lags: Set<Int> = [1, 2, day - 1, day, day + 1, 2 * day, 2 * day + 1]
    if factor > 1 {
      let week = factor * day
      lags.formUnion([week - 1, week, week + 1, week + day, week + day + 1])
    }
    return lags.filter { $0 > 0 }.sorted()
  }

  /// Coefficients of `lags` and a constant; nil where the equations have no solution.
  static func fit(
    _ values: [Double], lags: [Int], pull: Double
  ) -> (coefficients: [Double], constant: Double)? {
    let longest = lags.last ?? 0
    let size = lags.count + 1
    let count = values.count - longest
    guard count > size else { return nil }
    let goal = Array(values[longest...])
    let variance = Quantiles.deviation(goal) * Quantiles.deviation(goal)
    var rows = [Double](repeating: 1, count: count * size)
    for row in 0..<count {
      for (column, lag) in lags.enumerated() {
        rows[row * size + column] = values[longest + row - lag]
      }
    }
    var solution = [Double](repeating: 0, count: size)
    var weights = [Double](repeating: 1, count: count)
    for round in 0..<rounds {
      if round > 0 {
        let errors = (0..<count).map { row in
          var error = goal[row]
          for column in 0..<size { error -= rows[row * size + column] * solution[column] }
          return abs(error)
        }
        let bound = 1.5 * Quantiles.median(errors)
        guard bound > 0 else { break }
        weights = errors.map { $0 <= bound ? 1 : bound / $0 }
      }
      var matrix = [Double](repeating: 0, count: size * size)
      var right = [Double](repeating: 0, count: size)
      for row in 0..<count {
        for a in 0..<size {
          let weighted = weights[row] * rows[row * size + a]
          right[a] += weighted * goal[row]
          for b in 0...a { matrix[a * size + b] += weighted * rows[row * size + b] }
        }
      }
      let total = weights.reduce(0, +)
      for a in 0..<(size - 1) { matrix[a * size + a] += pull * total * variance }
      guard let next = Cholesky(matrix, size: size, tolerance: 1e-13)?.solve(right) else {
        return nil
      }
      solution = next
    }
    return (Array(solution[..<(size - 1)]), solution[size - 1])
  }

  /// The next `count` blocks, in the unit of the history.
  func blocks(_ count: Int) -> [Double] {
    let period = means.factor * means.day
    let own = min(count, max(Self.farthest * means.day, 2 * period))
    var path = history
    path.reserveCapacity(history.count + own)
    for _ in 0..<own {
      var value = constant
      for (lag, coefficient) in zip(lags, coefficients) {
        value += coefficient * path[path.count - lag]
      }
      path.append(min(max(value, range.lowerBound), range.upperBound))
    }
    var result = Array(path[history.count...])
    while result.count < count { result.append(result[result.count - period]) }
    return logarithm ? result.map { exp($0) } : result
  }

  /// The forecast at `leads` up to `farthest`: the day's `shape`, moved along the lines between
  /// the middles of the blocks so that each block has its mean.
  func values(at leads: [Int], farthest: Int, shape: [Double]) -> [Double] {
    let width = means.width
    let blocks = blocks(farthest / width + 2)
    let usual = (0..<means.day).map { block in
      Quantiles.mean(shape[(block * width)..<((block + 1) * width)])
    }
    let excess = blocks.enumerated().map { $1 - usual[$0 % means.day] }
    return leads.map { lead in
      let position = (Double(lead) + 0.5) / Double(width) - 0.5
      let below = max(0, Int(position.rounded(.down)))
      let rest = max(0, position - Double(below))
      return shape[lead % shape.count] + excess[below] * (1 - rest) + excess[below + 1] * rest
    }
  }
}
