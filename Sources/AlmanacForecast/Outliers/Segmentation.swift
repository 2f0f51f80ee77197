/// The cheapest way to cut values into stretches.
enum Segmentation {
  /// Where stretches after the first begin, in order, such that the costs of all stretches and a
  /// `penalty` for each cut come to the least; no stretch is shorter than `least`, at least 1.
  ///
  /// PELT of Killick, Fearnhead and Eckley (2012, JASA 107:1590): exact, and in linear time where
  /// the number of cuts grows with the number of values. A beginning that lost against a cut at t
  /// may still win until a stretch that begins at t is long enough.
  static func cuts(_ costs: DistributionCost, penalty: Double, least: Int) -> [Int] {
    let count = costs.count
    // Values that are all the same have no noise, and nothing to cut.
    guard count >= 2 * least, penalty < .infinity else { return [] }
    // The least cost of everything before an index, and where its last stretch begins.
    var total = [Double](repeating: .infinity, count: count + 1)
    var before = [Int](repeating: 0, count: count + 1)
    total[0] = -penalty
    var open = [0]
    var sums: [Double] = []
    var closed = [Int](repeating: .max, count: count + 1)
    for end in least...count {
      if end >= 2 * least { open.append(end - least) }
      sums.removeAll(keepingCapacity: true)
      var best = (sum: Double.infinity, start: 0)
      for start in open {
        let sum = total[start] + costs.cost(start, end)
        sums.append(sum)
        if sum < best.sum { best = (sum, start) }
      }
      total[end] = best.sum + penalty
      before[end] = best.start
      var kept = 0
      for (position, start) in open.enumerated() {
        if sums[position] >= total[end] { closed[start] = min(closed[start], end + least) }
        if closed[start] <= end + 1 { continue }
        open[kept] = start
        kept += 1
      }
      open.removeLast(open.count - kept)
    }
    var cuts: [Int] = []
    var end = before[count]
    while end > 0 {
      cuts.append(end)
      end = before[end]
    }
    return cuts.reversed()
  }
}
