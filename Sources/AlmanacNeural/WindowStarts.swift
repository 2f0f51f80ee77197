/// Where windows may begin in series that lie one behind the other, so that none reaches from one
/// series into the next.
struct WindowStarts {
  /// Of each series: how many starts lie before its own, and where it begins.
  private let series: [(starts: Int, offset: Int)]
  /// How many there are.
  let count: Int

  /// - Precondition: a window fits into each series.
  init(lengths: [Int], windowLength: Int) {
    precondition(lengths.allSatisfy { $0 >= windowLength }, "BUG: a series without a window")
    var series: [(starts: Int, offset: Int)] = []
    var (starts, offset) = (0, 0)
    for length in lengths {
      series.append((starts, offset))
      starts += length - windowLength + 1
      offset += length
    }
    self.series = series
    count = starts
  }

  /// The place of start `index`.
  subscript(_ index: Int) -> Int {
    var (low, high) = (0, series.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if series[middle].starts <= index { low = middle } else { high = middle }
    }
    return series[low].offset + index - series[low].starts
  }
}
