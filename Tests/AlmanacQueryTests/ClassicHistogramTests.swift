import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacQuery

@Suite struct ClassicHistogramTests {
  static func histogram(_ buckets: [(Double, Double)]) -> ClassicHistogram {
    var histogram = ClassicHistogram()
    for (bound, count) in buckets { histogram.append(bound: bound, count: count) }
    return histogram
  }

  static func random(seed: UInt64) -> ClassicHistogram {
    var random = SeededGenerator(seed: seed)
    var bound = Double.random(in: -5...5, using: &random)
    var count = 0.0
    var buckets: [(Double, Double)] = []
    for _ in 0..<Int.random(in: 1...12, using: &random) {
      bound += Double.random(in: 0.1...3, using: &random)
      count += Double(Int.random(in: 0...9, using: &random))
      buckets.append((bound, count))
    }
    return histogram(buckets + [(.infinity, count + 1)])
  }

  @Test("a quantile grows with its share, and lies between the bounds", arguments: UInt64(1)...20)
  func grows(seed: UInt64) {
    var histogram = Self.random(seed: seed)
    let quantiles = (1...50).map { histogram.quantile(Double($0) / 50) }
    for (a, b) in zip(quantiles, quantiles.dropFirst()) { #expect(a <= b) }
    #expect(!quantiles.contains { !$0.isFinite })
  }

  @Test("as many are below a quantile as its share says", arguments: UInt64(1)...20)
  func inverts(seed: UInt64) {
    var histogram = Self.random(seed: seed)
    let last = histogram.quantile(1)
    for share in stride(from: 0.05, to: 1, by: 0.05) {
      let quantile = histogram.quantile(share)
      // At a bound several shares have one quantile.
      let below = histogram.fraction(from: -.infinity, to: quantile)
      #expect(below <= share + 1e-9 || quantile <= histogram.quantile(0), "\(share)")
      if quantile < last {
        let more = histogram.fraction(from: -.infinity, to: quantile + 1e-9)
        #expect(more >= share - 1e-6, "\(share)")
      }
    }
  }

  @Test("counts that fall are lifted, equal bounds are one bucket")
  func repairs() {
    var fallen = Self.histogram([(1, 10), (2, 8), (.infinity, 20)])
    var lifted = Self.histogram([(1, 10), (2, 10), (.infinity, 20)])
    #expect(fallen.quantile(0.3) == lifted.quantile(0.3))
    var rounded = Self.histogram([(1, 10), (2, 10 + 1e-13), (.infinity, 20)])
    #expect(rounded.quantile(0.5) == 1)
    var twice = Self.histogram([(1, 1), (1, 1), (.infinity, 4)])
    #expect(twice.quantile(0.5) == 1)
  }

  @Test("without a bucket for all, or without observations, there is no quantile")
  func nothing() {
    var open = Self.histogram([(1, 1), (2, 2)])
    #expect(open.quantile(0.5).isNaN && open.fraction(from: 0, to: 1).isNaN)
    var empty = Self.histogram([(1, 0), (.infinity, 0)])
    #expect(empty.quantile(0.5).isNaN && empty.fraction(from: 0, to: 1).isNaN)
    var some = Self.histogram([(1, 1), (.infinity, 1)])
    #expect(some.quantile(-0.1) == -.infinity && some.quantile(1.1) == .infinity)
    #expect(some.quantile(.nan).isNaN)
  }

  @Test("buckets meet by all labels but le, and a share out of range is warned of")
  func query() async throws {
    var source = MemorySource()
    for (host, factor) in [("a", 1.0), ("b", 2)] {
      for (bound, count) in [("1", 10.0), ("2", 15), ("+Inf", 20)] {
        source.add("t_bucket", ["host": host, "le": bound], [(0, count * factor)])
      }
    }
    source.add("t_bucket", ["host": "a"], [(0, 7)])
    let found = try await source.ask("histogram_quantile(0.5, t_bucket)", at: 0)
    #expect(found.map(\.key.description) == ["<host=a>", "<host=b>"])
    #expect(found.map(\.samples.values) == [[1], [1]])
    #expect(
      try await source.values("histogram_fraction(0, 1.5, sum by (le) (t_bucket))", at: 0)
        == [0.625])
    let both = try await source.ask(
      "histogram_quantiles(t_bucket{host=\"a\"}, \"q\", 0.25, 1)", at: 0)
    #expect(both.map(\.key.description) == ["<host=a,q=0.25>", "<host=a,q=1.0>"])
    #expect(both.map(\.samples.values) == [[0.5], [2]])
    let result = try await Query("t_bucket | histogram_quantile(2)").evaluate(
      at: QueryTime(time: Timestamp(nanoseconds: 0)), series: source, models: NoModels(),
      pool: CallersThread())
    #expect(result.warnings.contains { $0.contains("between 0 and 1, got 2 (1:31)") })
    #expect(result.warnings.contains { $0.contains("malformed value of \"\"") })
  }
}
