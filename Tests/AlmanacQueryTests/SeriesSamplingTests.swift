import AlmanacCore
import Testing

@testable import AlmanacQuery

@Suite("limitk and limit_ratio")
struct SeriesSamplingTests {
  static let source: MemorySource = {
    var source = MemorySource()
    for index in 0..<1000 {
      source.add("m", ["i": "\(index)", "g": "\(index % 2)"], [(0, Double(index))])
    }
    source.add("few", ["i": "a"], [(600, 1)])
    source.add("few", ["i": "b"], [(0, 1), (600, 2)])
    return source
  }()

  @Test("limitk keeps so many series of each group at each moment")
  func count() async throws {
    #expect(try await Self.source.ask("limitk(3, m)", at: 0).count == 3)
    #expect(try await Self.source.ask("m | limitk(3) by (g)", at: 0).count == 6)
    #expect(try await Self.source.ask("limitk(0, m)", at: 0).isEmpty)
    #expect(try await Self.source.ask("limitk(-1, m)", at: 0).isEmpty)
    #expect(try await Self.source.ask("limitk(5000, m)", at: 0).count == 1000)
    let steps = try await Self.source.ask("limitk(1, few)", from: 0, to: 600, step: 600)
    #expect(steps.map(\.key.labels["i"]) == ["a", "b"])
    #expect(steps.map(\.samples.values) == [[1], [1]])
  }

  @Test(
    "limit_ratio keeps about a share, and the negative one the rest", arguments: [0.1, 0.5, 0.8])
  func share(ratio: Double) async throws {
    let some = try await Self.source.ask("limit_ratio(\(ratio), m)", at: 0).map(\.key)
    let rest = try await Self.source.ask("limit_ratio(\(ratio - 1), m)", at: 0).map(\.key)
    #expect(abs(Double(some.count) - ratio * 1000) < 60)
    #expect(Set(some).isDisjoint(with: rest))
    #expect(some.count + rest.count == 1000)
    // Less keeps a part of what more keeps.
    let fewer = try await Self.source.ask("limit_ratio(\(ratio / 2), m)", at: 0).map(\.key)
    #expect(Set(fewer).isSubset(of: some))
  }

  @Test("ratios of 1 and more keep all, 0 keeps none", arguments: ["1", "-1", "1.1", "-3"])
  func all(ratio: String) async throws {
    #expect(try await Self.source.ask("limit_ratio(\(ratio), m)", at: 0).count == 1000)
    #expect(try await Self.source.ask("limit_ratio(0, m)", at: 0).isEmpty)
  }
}
