import AlmanacCore
import AlmanacQuery
import Testing

@Suite("Outliers of counters") struct CounterOutlierTests {
  private static let days = 33
  private static let step = 900.0

  /// A counter at a quarter of an hour that starts anew before the sample `reset`, and that grows
  /// twice as fast for two hours from `burst` on.
  private static func source(reset: Int, burst: Int) -> MemorySource {
    var source = MemorySource()
    var state: UInt64 = 7
    var value = 5e6
    let samples = (0..<(days * 96)).map { index -> (Double, Double) in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let busy = Double(abs(index % 96 - 48))
      let isBurst = index >= burst && index < burst + 8
      let growth = (300 + 4 * busy + Double(state >> 59)) * (isBurst ? 2 : 1)
      value = index == reset ? growth : value + growth
      return (Double(index) * step, value.rounded())
    }
    source.add("requests", ["host": "x"], samples)
    return source
  }

  private static let reset = 30 * 96 + 20
  private static let burst = 31 * 96 + 40

  @Test(
    "a counter that starts anew is no outlier of its rate, a burst is one",
    arguments: ["rate(requests[30m])", "increase(requests[30m])"])
  func counter(_ rate: String) async throws {
    let source = Self.source(reset: Self.reset, burst: Self.burst)
    let end = Double(Self.days * 96 - 1) * Self.step
    let flags = try await source.ask("outliers(\(rate)[4d:15m]).flag", at: end)
    let times = flags.flatMap { $0.samples.timestamps }.map { Double($0) / 1e9 / Self.step }
    #expect(!times.contains { abs($0 - Double(Self.reset)) < 8 })
    #expect(times.contains { $0 >= Double(Self.burst) && $0 < Double(Self.burst + 4) })
    #expect(times.count <= 14)
  }
}
