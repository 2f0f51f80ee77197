internal import Glibc

/// Whether a group has more marked members than chance would give it.
public struct Enrichment: Sendable, Equatable {
  /// A group of some population.
  public struct Group: Sendable, Equatable {
    /// How many members are marked.
    public var marked: Int
    /// How many members there are.
    public var size: Int

    /// A group of `size`, `marked` of them marked.
    public init(marked: Int, size: Int) {
      self.marked = marked
      self.size = size
    }
  }

  /// The share of marked members in the group.
  public var share: Double
  /// That share over the one in the population; NaN where nobody is marked.
  public var lift: Double
  /// How likely the group has so many marked members or more by chance.
  public var probability: Double
  /// The same with the number of groups taken into account: below 0.05 for any group by chance in
  /// one of twenty populations at most.
  public var adjusted: Double

  /// Tests each of `groups` against the population that it is from.
  ///
  /// `probability` is Fisher's exact test to one side (R. A. Fisher, "The logic of inductive
  /// inference", Journal of the Royal Statistical Society 98:39, 1935): the upper tail of the
  /// hypergeometric distribution. `adjusted` is Holm's correction (S. Holm, "A simple sequentially
  /// rejective multiple test procedure", Scandinavian Journal of Statistics 6:65, 1979).
  public static func test(_ groups: [Group], of population: Group) -> [Enrichment] {
    var logs = [0.0]
    for number in 1...max(population.size, 1) {
      logs.append(logs[number - 1] + log(Double(number)))
    }
    var results = groups.map { group in
      precondition(
        group.marked <= min(group.size, population.marked) && group.size <= population.size
          && group.size - group.marked <= population.size - population.marked,
        "BUG: a group that is not of its population")
      let share = Double(group.marked) / Double(group.size)
      let probability = tail(group, population, logs)
      return Enrichment(
        share: share,
        lift: share / (Double(population.marked) / Double(population.size)),
        probability: probability, adjusted: probability)
    }
    let order = results.indices.sorted { results[$0].probability < results[$1].probability }
    var largest = 0.0
    for (rank, index) in order.enumerated() {
      let adjusted = Double(order.count - rank) * results[index].probability
      largest = min(1, max(largest, adjusted))
      results[index].adjusted = largest
    }
    return results
  }

  /// The probability of `group.marked` or more, by the logarithms of factorials.
  private static func tail(_ group: Group, _ all: Group, _ logs: [Double]) -> Double {
    let choose = { (n: Int, k: Int) in logs[n] - logs[k] - logs[n - k] }
    // As many as these are certain.
    guard group.marked > max(0, group.size - (all.size - all.marked)) else { return 1 }
    var term = exp(
      choose(all.marked, group.marked)
        + choose(all.size - all.marked, group.size - group.marked) - choose(all.size, group.size))
    var sum = term
    for k in group.marked..<min(group.size, all.marked) {
      let up = Double(all.marked - k) * Double(group.size - k)
      let down = Double(k + 1) * Double(all.size - all.marked - group.size + k + 1)
      term *= up / down
      sum += term
    }
    return min(sum, 1)
  }
}
