import AlmanacCore
import AlmanacForecast
import AlmanacTesting
import Glibc
import Testing

@Suite struct ChangePointTests {
  private func changes(_ values: [Double], step: Interval = .minutes(7)) -> [ChangePoint] {
    ChangePoint.find(in: RegularSeries(start: Series.start, step: step, values: values))
  }

  /// The position in a day of 15-minute values, in radians.
  private func angle(_ index: Int) -> Double { 2 * Double.pi * Double(index) / 96 }

  // MARK: - What changes

  @Test("a shift of level is found where it is", arguments: [UInt64](0..<10))
  func level(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let place = Int.random(in: 100..<300, using: &random)
    let found = changes((0..<400).map { random.normal() + ($0 >= place ? 5 : 0) })
    #expect(found.count == 1)
    guard let change = found.first else { return }
    #expect(change.kind == .level && abs(change.index - place) <= 2)
    #expect(abs(change.before) < 0.5 && abs(change.after - 5) < 0.5)
    #expect(change.score >= 1)
  }

  @Test("a shift of spread is found, and is none of level", arguments: [UInt64](0..<5))
  func variance(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let found = changes((0..<600).map { 40 + random.normal() * ($0 >= 330 ? 5 : 1) })
    #expect(found.map(\.kind) == [.variance])
    guard let change = found.first else { return }
    #expect(abs(change.index - 330) <= 10)
    #expect((0.7...1.4).contains(change.before) && (3.5...7).contains(change.after))
  }

  @Test("steps without noise are exact")
  func plain() {
    let found = changes((0..<60).map { $0 < 20 ? 3 : $0 < 43 ? 8 : 5 })
    #expect(found.map(\.index) == [20, 43])
    #expect(found.map(\.before) == [3, 8] && found.map(\.after) == [8, 5])
    #expect(changes([Double](repeating: 4, count: 500)).isEmpty)
    #expect(changes([1, 2]).isEmpty && changes([]).isEmpty)
    #expect(changes([Double](repeating: .nan, count: 100)).isEmpty)
  }

  @Test("a shift shows through a daily rhythm, gaps and wide bins")
  func rhythm() {
    var random = SeededGenerator(seed: 3)
    let quarters = (0..<1344).map { index -> Double in
      if (500..<540).contains(index) { return .nan }
      return 50 + 5 * sin(angle(index)) + random.normal() + (index >= 700 ? 5 : 0)
    }
    let found = changes(quarters, step: .minutes(15))
    #expect(found.map(\.kind) == [.level])
    #expect(found.allSatisfy { abs($0.index - 700) <= 3 && abs($0.after - $0.before - 5) < 1 })
    let minutes = (0..<7200).map { index in
      50 + 5 * sin(angle(index) / 15) + random.normal() + (index >= 3000 ? 5 : 0)
    }
    let fine = changes(minutes, step: .minutes(1))
    #expect(fine.map(\.kind) == [.level] && fine.allSatisfy { abs($0.index - 3000) <= 3 })
  }

  // MARK: - What does not

  @Test("single outliers are no change, however far", arguments: [1e3, 1e200, .infinity])
  func outliers(_ size: Double) {
    var random = SeededGenerator(seed: 8)
    let values = (0..<500).map { $0 % 90 == 40 ? size : random.normal() }
    #expect(changes(values).isEmpty)
  }

  @Test("a straight rise is no staircase")
  func rise() {
    var random = SeededGenerator(seed: 9)
    #expect(changes((0..<600).map { Double($0) * 0.02 + random.normal() }).isEmpty)
  }

  /// How many of `runs` series without changes show one.
  private func alarms(
    _ runs: Int, step: Interval = .minutes(7),
    _ make: (inout SeededGenerator) -> [Double]
  ) -> Int {
    var random = SeededGenerator(seed: 1)
    return (0..<runs).count { _ in !changes(make(&random), step: step).isEmpty }
  }

  @Test("noise shows a change in one series of thirty at most", arguments: [50, 200, 300])
  func white(_ count: Int) {
    #expect(alarms(60) { random in (0..<count).map { _ in random.normal() } } <= 2)
  }

  @Test("noise with a memory does not change", arguments: [0.5, 0.8])
  func memory(_ coefficient: Double) {
    let found = alarms(30) { random in
      var state = 0.0
      return (0..<300).map { _ in
        state = coefficient * state + random.normal()
        return state
      }
    }
    #expect(found <= 2)
  }

  @Test("days do not change, nor do noisy hours or weekends")
  func days() {
    let found = alarms(8, step: .minutes(60)) { random in
      (0..<672).map { index in
        let weekend: Double = index / 24 % 7 >= 5 ? -3 : 0
        let time = angle(4 * index)
        return 50 + 5 * sin(time) + weekend + random.normal() * (2 + cos(time))
      }
    }
    #expect(found <= 1)
  }
}
