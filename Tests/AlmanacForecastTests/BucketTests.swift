import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacForecast

@Suite struct BucketTests {
  private func samples(_ pairs: [(Int64, Double)]) -> Samples {
    Samples(timestamps: pairs.map { $0.0 * 1_000_000_000 }, values: pairs.map(\.1))
  }

  private func range(_ start: Int64, _ end: Int64) -> TimeRange {
    TimeRange(
      start: Timestamp(nanoseconds: start * 1_000_000_000),
      end: Timestamp(nanoseconds: end * 1_000_000_000))
  }

  @Test("a bucket is (t - step, t], stamped t")
  func bounds() {
    let input = samples([(1, 1), (5, 3), (10, 8), (11, 5), (40, 7)])
    let result = RegularSeries(
      buckets: input, step: .seconds(10), function: .avg, inside: range(-100, 40))
    #expect(result.start == Timestamp(nanoseconds: 10_000_000_000))
    #expect(result.values.count == 4)
    #expect(result.values[0] == 4 && result.values[1] == 5 && result.values[3] == 7)
    #expect(result.values[2].isNaN)
  }

  @Test("buckets that the range cuts are left out")
  func whole() {
    let input = samples((1...40).map { (Int64($0), 1) })
    let count = { (start: Int64, end: Int64) in
      RegularSeries(
        buckets: input, step: .seconds(10), function: .count, inside: self.range(start, end)
      ).known
    }
    #expect(count(1, 39).timestamps == [20_000_000_000, 30_000_000_000])
    let exact = RegularSeries(
      buckets: input, step: .seconds(10), function: .count,
      inside: TimeRange(last: .seconds(40), until: Timestamp(nanoseconds: 40_000_000_000)))
    #expect(exact.values == [10, 10, 10, 10])
    #expect(count(5, 9).isEmpty && count(11, 19).isEmpty)
  }

  @Test("functions are those of a plain loop", arguments: BucketFunction.allCases)
  func functions(function: BucketFunction) {
    var random = SeededGenerator(seed: 5)
    var pairs: [(Int64, Double)] = []
    var time: Int64 = -500
    for _ in 0..<300 {
      time += Int64.random(in: 1...20, using: &random)
      pairs.append((time, (random.normal() * 10).rounded()))
    }
    pairs[7].1 = .nan
    let result = RegularSeries(
      buckets: samples(pairs), step: .seconds(30), function: function, inside: .all)
    for index in result.values.indices {
      let end = (result.time(at: index).nanoseconds) / 1_000_000_000
      let inside = pairs.filter { $0.0 > end - 30 && $0.0 <= end && !$0.1.isNaN }.map(\.1)
      let sorted = inside.sorted()
      guard !inside.isEmpty else {
        #expect(result.values[index].isNaN)
        continue
      }
      let wanted: Double =
        switch function {
        case .avg: inside.reduce(0, +) / Double(inside.count)
        case .min: sorted[0]
        case .max: sorted[sorted.count - 1]
        case .sum: inside.reduce(0, +)
        case .count: Double(inside.count)
        case .first: inside[0]
        case .last: inside[inside.count - 1]
        case .median: (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
      #expect(close(result.values[index], wanted))
    }
  }

  @Test("the ends of time and empty series do not trap")
  func ends() {
    let all = Samples(timestamps: [.min, .min + 1, 0, .max - 1, .max], values: [1, 2, 3, 4, 5])
    for function in BucketFunction.allCases {
      let one = RegularSeries(
        buckets: Samples(), step: .seconds(1), function: function, inside: .all)
      #expect(one.count == 0)
      _ = RegularSeries(
        buckets: all, step: .days(40_000), function: function, inside: .all)
    }
  }
}
