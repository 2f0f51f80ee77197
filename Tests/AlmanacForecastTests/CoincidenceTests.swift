import AlmanacForecast
import AlmanacTesting
import Foundation
import Testing

@Suite struct CoincidenceTests {
  /// Which onsets belong together, each pair looked at: neighbours in a window of enough series.
  private func joined(
    _ onsets: [Coincidence.Onset], within: Int64, least: Int
  ) -> [Range<Int>] {
    var part = [Int?](repeating: nil, count: onsets.count)
    for end in onsets {
      let inside = onsets.indices.filter {
        onsets[$0].time <= end.time && end.time - onsets[$0].time <= within
      }
      guard Set(inside.map { onsets[$0].series }).count >= least else { continue }
      let known = Set(inside.compactMap { part[$0] })
      let mine = known.min() ?? inside[0]
      for index in inside { part[index] = mine }
      for index in part.indices where part[index].map(known.contains) == true { part[index] = mine }
    }
    return Set(part.compactMap { $0 }).map { mine in
      let members = part.indices.filter { part[$0] == mine }
      return members[0]..<(members[members.count - 1] + 1)
    }
    .sorted { $0.lowerBound < $1.lowerBound }
  }

  @Test("stretches are those of looking at every pair", arguments: [UInt64](0..<200))
  func reference(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let span = Int64.random(in: 1...400, using: &random)
    let onsets = (0..<Int.random(in: 0...60, using: &random))
      .map { _ in
        Coincidence.Onset(
          time: Int64.random(in: 0...span, using: &random),
          series: Int.random(in: 0..<12, using: &random))
      }
      .sorted { ($0.time, $0.series) < ($1.time, $1.series) }
    for least in 1...5 {
      for within in [0, 1, 7, 30] as [Int64] {
        #expect(
          Coincidence.stretches(of: onsets, within: within, least: least)
            == joined(onsets, within: within, least: least))
      }
    }
  }

  @Test("one series alone makes no stretch, however often it begins")
  func single() {
    let onsets = (0..<10).map { Coincidence.Onset(time: $0, series: 3) }
    #expect(Coincidence.stretches(of: onsets, within: 100, least: 2).isEmpty)
    #expect(Coincidence.stretches(of: onsets, within: 100, least: 1) == [0..<10])
  }

  @Test(
    "so many that chance brings them less often than one series alone",
    arguments: [(2, 2), (10, 2), (40, 2), (100, 3), (1000, 6), (10_000, 22)])
  func least(_ series: Int, _ expected: Int) {
    let share = 10.0 / 10_080
    let least = Coincidence.least(of: series, share: share)
    #expect(least == expected)
    // The upper tail of the law, term by term.
    func tail(_ from: Int) -> Double {
      let mean = Double(series) * share
      return (from..<(from + 200)).reduce(0) { sum, k in
        sum + exp(-mean + Double(k) * log(mean) - lgamma(Double(k) + 1))
      }
    }
    #expect(tail(least) <= share)
    #expect(least == 2 || tail(least - 1) > share)
  }

  @Test("means too large for the law's own terms")
  func large() {
    let least = Coincidence.least(of: 10_000_000, share: 0.001)
    #expect(least > 10_300 && least < 10_340)
    #expect(Coincidence.least(of: 5, share: 1) >= 2)
    #expect(Coincidence.least(of: 0, share: 0.001) == 2)
  }

  @Test("a hundred thousand onsets take no time")
  func many() {
    let onsets = (0..<100_000).map { Coincidence.Onset(time: Int64($0) * 6, series: $0 % 10_000) }
    let began = ContinuousClock.now
    #expect(Coincidence.stretches(of: onsets, within: 600, least: 200).isEmpty)
    #expect(ContinuousClock.now - began < .seconds(5))
  }
}
