import AlmanacTesting
import Testing

@testable import AlmanacForecast

@Suite("Quantiles")
struct QuantilesTests {
  @Test("a rank is that of the sorted values, smaller ones to its left", arguments: 1...40)
  func select(_ seed: Int) {
    var chance = SeededGenerator(seed: UInt64(seed))
    let count = Int.random(in: 1...600, using: &chance)
    let kinds = [1, 2, 5, 100, 1_000_000].randomElement(using: &chance) ?? 1
    let values = (0..<count).map { _ in Double(Int.random(in: 0..<kinds, using: &chance)) }
    let sorted = values.sorted()
    for _ in 0..<20 {
      let rank = Int.random(in: 0..<count, using: &chance)
      var scratch = values + [-7, .infinity]
      #expect(Quantiles.select(&scratch, count: count, rank: rank) == sorted[rank])
      #expect(scratch[..<rank].allSatisfy { $0 <= sorted[rank] })
      #expect(scratch[rank..<count].allSatisfy { $0 >= sorted[rank] })
      #expect(scratch[..<count].sorted() == sorted)
      #expect(Array(scratch[count...]) == [-7, .infinity])
    }
  }
}
