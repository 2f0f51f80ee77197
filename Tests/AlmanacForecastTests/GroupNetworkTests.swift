import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacForecast

@Suite struct GroupNetworkTests {
  /// Hourly values with a daily rhythm, ending at the same moment whatever their number.
  private static func member(days: Int, seed: UInt64, level: Double = 50) -> RegularSeries {
    var random = SeededGenerator(seed: seed)
    let end = 100 * 24
    var wave = 0.0
    let values = (end - days * 24..<end).map { index -> Double in
      wave = 0.9 * wave + random.normal()
      return level + abs(Double(index % 24) - 12) + wave
    }
    return RegularSeries(
      start: Timestamp(nanoseconds: Int64(end - days * 24) * 3_600_000_000_000), step: .hours(1),
      values: values)
  }

  private static var options: ForecastOptions {
    var options = ForecastOptions(model: .seq2seq)
    options.hidden = 4
    options.batch = 16
    options.epochs = 2
    options.window = .hours(12)
    return options
  }

  @Test("a group of one has the network that the series would have alone")
  func one() throws {
    let series = Self.member(days: 28, seed: 1)
    let network = try #require(try GroupNetwork.train(on: [series], options: Self.options))
    let alone = try ForecastModel.train(on: series, options: Self.options)
    let shared = try ForecastModel.train(on: series, options: Self.options, shared: network)
    #expect(alone.kind == .seq2seq)
    #expect(shared.encoded() == alone.encoded())
  }

  @Test("weights before the hold-out do not depend on anything that a member holds out")
  func holdOut() throws {
    let members = [Self.member(days: 28, seed: 1), Self.member(days: 20, seed: 2)]
    let network = try #require(try GroupNetwork.train(on: members, options: Self.options))
    for changed in members.indices {
      var others = members
      for index in others[changed].values.indices.suffix(7 * 24) {
        others[changed].values[index] += 20
      }
      let other = try #require(try GroupNetwork.train(on: others, options: Self.options))
      #expect(other.early == network.early)
      #expect(other.late != network.late)
    }
  }

  @Test("one thread and two train the same weights")
  func threads() throws {
    let members = (1...5).map { Self.member(days: 21, seed: $0) }
    var options = Self.options
    options.threads = 1
    let one = try GroupNetwork.train(on: members, options: options)
    options.threads = 2
    #expect(try GroupNetwork.train(on: members, options: options) == one)
  }

  @Test("a series too short for a network of its own gets that of its group")
  func short() throws {
    let young = Self.member(days: 6, seed: 9, level: 500)
    let members = (1...3).map { Self.member(days: 28, seed: $0) } + [young]
    let network = try #require(try GroupNetwork.train(on: members, options: Self.options))
    let alone = try ForecastModel.train(on: young, options: Self.options)
    #expect(alone.fallbackReason != nil)
    let shared = try ForecastModel.train(on: young, options: Self.options, shared: network)
    #expect(shared.kind == .seq2seq)
    let curve = try shared.predict(from: young, steps: 24, levels: [0.95])
    #expect(curve.yhat.allSatisfy { (480...530).contains($0) })
  }

  @Test("members of another step, or none that is long enough, have no part in it")
  func others() throws {
    let short = Self.member(days: 4, seed: 1)
    #expect(try GroupNetwork.train(on: [short], options: Self.options) == nil)
    #expect(try GroupNetwork.train(on: [], options: Self.options) == nil)
    let members = (1...2).map { Self.member(days: 28, seed: $0) }
    var odd = Self.member(days: 28, seed: 3)
    odd.step = .minutes(30)
    let network = try GroupNetwork.train(on: members, options: Self.options)
    #expect(try GroupNetwork.train(on: members + [odd], options: Self.options) == network)
  }
}
