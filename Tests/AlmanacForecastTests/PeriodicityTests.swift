import AlmanacCore
import AlmanacForecast
import AlmanacTesting
import Glibc
import Testing

@Suite struct PeriodicityTests {
  private func find(_ values: [Double], _ step: Interval, limit: Int = 3) -> [Periodicity] {
    Periodicity.find(
      in: RegularSeries(start: Series.start, step: step, values: values), limit: limit)
  }

  @Test(
    "day and week are found at a minute, five, fifteen and an hour",
    arguments: [(1, 30), (5, 30), (5, 14), (15, 21), (60, 60)])
  func calendar(minutes: Int, days: Int) {
    let step = Interval.minutes(Int64(minutes))
    let found = Periodicity.find(in: Series.daily(step: step, days: days), limit: 3)
    #expect(found.map(\.period) == [.days(1), .days(7)])
    #expect(found.first.map { $0.strength > 0.9 && $0.strength <= 1 } ?? false)
    #expect(found.last.map { close($0.cycles, Double(days) / 7, 1e-6) } ?? false)
  }

  @Test("harmonics of a day are not told apart from it")
  func harmonics() {
    let values = (0..<(28 * 96)).map { index -> Double in
      let day = 2 * Double.pi * Double(index) / 96
      return 8 * sin(day) + 6 * sin(2 * day + 1) + 3 * sin(3 * day)
    }
    let noisy = zip(values, Series.noise(values.count, seed: 2)).map { $0 + 3 * $1 }
    #expect(find(noisy, .minutes(15)).map(\.period) == [.days(1)])
    #expect(find(values, .minutes(15)).map(\.period) == [.days(1)])
  }

  @Test("a period of no usual length is found", arguments: [17, 50, 100, 333])
  func other(period: Int) throws {
    let noise = Series.noise(4000, seed: 3)
    let values = noise.indices.map { noise[$0] + sin(2 * Double.pi * Double($0) / Double(period)) }
    let found = try #require(find(values, .seconds(7)).first)
    #expect(abs(found.period.count(of: .seconds(7)) - period) <= max(1, period / 100))
  }

  @Test("noise has none, nor has a constant, a line or a spike", arguments: UInt64(1)...12)
  func none(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let white = (0..<4032).map { _ in random.normal() }
    #expect(find(white, .minutes(5)).isEmpty)
    var walk = white
    for index in 1..<walk.count { walk[index] += walk[index - 1] }
    if seed <= 4 { #expect(find(walk, .minutes(5)).isEmpty) }
    #expect(find(white.map { $0 * $0 * $0 }, .minutes(5)).isEmpty)
    #expect(find([Double](repeating: 5, count: 1000), .minutes(5)).isEmpty)
    #expect(find((0..<1000).map(Double.init), .minutes(5)).isEmpty)
    #expect(find((0..<1000).map { $0 == 500 ? 9 : 0 }, .minutes(5)).isEmpty)
  }

  @Test("gaps, trend and an outlier do not hide a day; the limit limits")
  func disturbed() {
    var series = Series.daily(step: .minutes(5), days: 21)
    for index in 1000..<1200 { series.values[index] = .nan }
    series.values[3000] = 1e6
    for index in series.values.indices { series.values[index] += 0.01 * Double(index) }
    let found = Periodicity.find(in: series, limit: 1)
    #expect(found.map(\.period) == [.days(1)])
    #expect(Periodicity.find(in: series, limit: 0).isEmpty)
  }
}
