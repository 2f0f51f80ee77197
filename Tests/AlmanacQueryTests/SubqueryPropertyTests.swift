import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacQuery

/// Subqueries and steps against the same expression asked for moment by moment.
@Suite("Subqueries and steps")
struct SubqueryPropertyTests {
  /// Makes random series and expressions with one value of each series.
  struct Generator {
    var random: SeededGenerator

    mutating func whole(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func pick(_ texts: [String]) -> String { texts[whole(0...texts.count - 1)] }

    /// Three series over half an hour, with gaps, ends and jumps.
    mutating func source() -> MemorySource {
      var source = MemorySource()
      for host in ["a", "b", "c"] {
        var time = Double(whole(0...300))
        var samples: [(Double, Double)] = []
        while time < 1800 {
          let isEnd = whole(0...14) == 0
          let end = Double(bitPattern: 0x7ff0_0000_0000_0002)
          samples.append((time, isEnd ? end : Double(whole(-20...20))))
          time += Double(whole(0...9) == 0 ? whole(200...500) : whole(1...40))
        }
        source.add("m", ["h": host], samples)
      }
      return source
    }

    mutating func instant(_ depth: Int) -> String {
      if depth == 0 {
        return pick([
          "m", "m{h=\"a\"}", "m{h!=\"b\"} offset \(whole(1...200))s", "m offset -\(whole(1...90))",
          "m @ \(whole(0...1800))", "m @ \(whole(500...1500)) offset \(whole(1...300))s",
        ])
      }
      let inner = instant(depth - 1)
      switch whole(0...7) {
      case 0: return "sum(\(inner))"
      case 1: return "max by (h) (\(inner))"
      case 2: return "-(\(inner))"
      case 3: return "(\(inner)) * \(whole(2...5))"
      case 4: return "(\(inner)) > \(whole(-10...5))"
      case 5: return "\(function())(m[\(whole(1...400))s]\(moved()))"
      default: return "\(function())((\(inner))\(window(1...400, 7...60))\(moved()))"
      }
    }

    mutating func function() -> String {
      pick([
        "sum_over_time", "count_over_time", "max_over_time", "last_over_time", "rate", "changes",
        "delta",
      ])
    }

    mutating func window(_ lengths: ClosedRange<Int>, _ steps: ClosedRange<Int>) -> String {
      "[\(whole(lengths))s:\(whole(steps))s]"
    }

    private mutating func moved() -> String {
      pick(["", "", " offset \(whole(1...100))s", " @ \(whole(300...1500))"])
    }
  }

  /// The values of an expression at a moment, by the labels of their series.
  private func values(
    _ query: String, of source: MemorySource, at time: Int
  ) async throws -> [Labels: Double] {
    var values: [Labels: Double] = [:]
    for one in try await source.ask(query, at: Double(time)) {
      try #require(one.samples.count == 1)
      values[one.key.labels] = one.samples.values[0]
    }
    return values
  }

  @Test("a subquery sees what the multiples of its step give one by one", arguments: UInt64(0)..<12)
  func subqueries(seed: UInt64) async throws {
    var generator = Generator(random: SeededGenerator(seed: seed))
    for _ in 0..<12 {
      let source = generator.source()
      let inner = generator.instant(generator.whole(0...2))
      let length = generator.whole(1...500)
      let step = generator.whole(5...90)
      let time = generator.whole(0...2000)
      var expected: [Labels: [Double]] = [:]
      for moment in time - length + 1...time where moment.isMultiple(of: step) {
        for (labels, value) in try await values(inner, of: source, at: moment) {
          expected[labels, default: []].append(value)
        }
      }
      let text = "(\(inner))[\(length):\(step)s]"
      let found = try await source.ask(text, at: Double(time))
      #expect(Set(found.map(\.key.labels)) == Set(expected.keys), "\(text) at \(time)")
      for one in found {
        #expect(
          Self.areAlike(one.samples.values, expected[one.key.labels] ?? []), "\(text) at \(time)")
      }
      let counts = try await values("count_over_time(\(text))", of: source, at: time)
      #expect(counts == expected.mapValues { Double($0.count) }, "\(text) at \(time)")
    }
  }

  @Test("steps give what each of their moments gives", arguments: UInt64(0)..<12)
  func steps(seed: UInt64) async throws {
    var generator = Generator(random: SeededGenerator(seed: 100 + seed))
    for _ in 0..<12 {
      let source = generator.source()
      let query = generator.instant(generator.whole(1...3))
      let start = generator.whole(0...1000)
      let step = generator.whole(1...150)
      let last = start + step * generator.whole(0...12)
      let all = try await source.ask(
        query, from: Double(start), to: Double(last), step: Double(step))
      var found: [Labels: [Int64: Double]] = [:]
      for one in all {
        for (time, value) in zip(one.samples.timestamps, one.samples.values) {
          found[one.key.labels, default: [:]][time / 1_000_000_000] = value
        }
      }
      for moment in stride(from: start, through: last, by: step) {
        let expected = try await values(query, of: source, at: moment)
        var values: [Labels: Double] = [:]
        for (labels, samples) in found {
          if let value = samples[Int64(moment)] { values[labels] = value }
        }
        #expect(Set(values.keys) == Set(expected.keys), "\(query) at \(moment)")
        for (labels, value) in expected {
          #expect(Self.areAlike([values[labels] ?? 0], [value]), "\(query) at \(moment)")
        }
      }
    }
  }

  /// Sums may be added in another order.
  private static func areAlike(_ left: [Double], _ right: [Double]) -> Bool {
    left.count == right.count
      && zip(left, right).allSatisfy { abs($0 - $1) <= 1e-9 * max(1, abs($0), abs($1)) }
  }
}
