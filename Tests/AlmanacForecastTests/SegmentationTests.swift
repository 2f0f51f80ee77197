import AlmanacTesting
import Glibc
import Testing

@testable import AlmanacForecast

@Suite struct SegmentationTests {
  /// The cost as the paper writes it: sums over all values for each threshold.
  private struct PlainCost {
    let values: [Double]
    let limits: [Double]

    init(_ values: [Double]) {
      self.values = values
      let n = Double(values.count)
      limits = (1...12).map { k in
        let share = 1 / (1 + exp(3) * exp(-3 / 12 * Double(2 * k - 1)))
        return values.sorted()[min(Int(share * n), values.count - 1)]
      }
    }

    func cost(_ start: Int, _ end: Int) -> Double {
      let part = values[start..<end]
      var sum = 0.0
      for limit in limits {
        let share = Double(part.count { $0 <= limit }) / Double(part.count)
        for p in [share, 1 - share] where p > 0 { sum += Double(part.count) * p * log(p) }
      }
      return -2 / Double(limits.count) * sum
    }
  }

  /// The least cost of all ways to cut what begins at `start`.
  private func least(
    _ costs: PlainCost, from start: Int, penalty: Double, shortest: Int
  ) -> Double {
    let count = costs.values.count
    var best = costs.cost(start, count)
    for end in stride(from: start + shortest, through: count - shortest, by: 1) {
      let rest = least(costs, from: end, penalty: penalty, shortest: shortest)
      best = min(best, costs.cost(start, end) + penalty + rest)
    }
    return best
  }

  private func values(_ random: inout SeededGenerator, _ count: Int) -> [Double] {
    var level = 0.0
    return (0..<count).map { index in
      if index % 5 == 0 { level = Double.random(in: -4...4, using: &random) }
      let value = level + random.normal()
      // With ties too.
      return count % 2 == 0 ? value.rounded() : value
    }
  }

  @Test("no way to cut costs less", arguments: [UInt64](0..<40))
  func optimum(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 4...16, using: &random)
    let shortest = Int.random(in: 1...4, using: &random)
    let penalty = Double.random(in: 0.2...12, using: &random)
    let values = values(&random, count)
    let plain = PlainCost(values)
    let cuts = Segmentation.cuts(DistributionCost(values), penalty: penalty, least: shortest)
    let ends = [0] + cuts + [count]
    #expect(zip(ends, ends.dropFirst()).allSatisfy { $1 - $0 >= shortest } || cuts.isEmpty)
    var total = penalty * Double(cuts.count)
    for (start, end) in zip(ends, ends.dropFirst()) { total += plain.cost(start, end) }
    let best = least(plain, from: 0, penalty: penalty, shortest: shortest)
    #expect(abs(total - best) < 1e-9 * max(1, best), "\(values)")
  }

  @Test("costs are those of the definition", arguments: [UInt64](0..<10))
  func costs(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let values = values(&random, Int.random(in: 3...300, using: &random))
    let (plain, costs) = (PlainCost(values), DistributionCost(values))
    for _ in 0..<50 {
      let start = Int.random(in: 0..<values.count, using: &random)
      let end = Int.random(in: start + 1...values.count, using: &random)
      #expect(abs(plain.cost(start, end) - costs.cost(start, end)) < 1e-8)
    }
  }

  @Test("the memory of noise is the variance of its means")
  func memory() {
    var random = SeededGenerator(seed: 5)
    let white = (0..<2000).map { _ in random.normal() }
    #expect(NoiseMemory.length(of: white) < 2.5)
    // (1 + 0.8) / (1 - 0.8)
    var state = 0.0
    let slow = (0..<2000).map { _ -> Double in
      state = 0.8 * state + random.normal()
      return state
    }
    #expect((6...20).contains(NoiseMemory.length(of: slow)))
    // A few levels are no memory.
    let steps = white.indices.map { white[$0] + ($0 / 700 == 1 ? 50 : 0) }
    #expect(NoiseMemory.length(of: steps) < 2.5)
    #expect(NoiseMemory.length(of: [Double](repeating: 3, count: 100)) == 1)
  }
}
