import Testing

@testable import AlmanacNeural

@Suite("Random source")
struct RandomSourceTests {
  @Test("the first numbers never change")
  func golden() {
    var source = RandomSource(seed: 0)
    let first = (0..<3).map { _ in source.next() }
    // xoshiro256** with its state from SplitMix64(0), as independent implementations print them.
    #expect(
      first == [
        11_091_344_671_253_066_420, 13_793_997_310_169_335_082, 1_900_383_378_846_508_768,
      ])
  }

  @Test("uniform and normal numbers have their moments", arguments: 0..<4)
  func moments(_ seed: Int) {
    var source = RandomSource(seed: UInt64(seed))
    let count = 20_000
    let uniform = (0..<count).map { _ in source.uniform() }
    #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(uniform.reduce(0, +) / Double(count) - 0.5) < 0.01)
    let normal = (0..<count).map { _ in source.normal() }
    #expect(abs(normal.reduce(0, +) / Double(count)) < 0.03)
    #expect(abs(normal.reduce(0) { $0 + $1 * $1 } / Double(count) - 1) < 0.05)
  }

  @Test("indices below a bound are even, permutations complete")
  func indices() {
    var source = RandomSource(seed: 9)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<14_000 { counts[source.index(below: 7)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 2000) < 200 })
    let order = source.permutation(100)
    #expect(order.sorted() == Array(0..<100) && order != Array(0..<100))
    #expect(source.permutation(0).isEmpty)
  }
}
