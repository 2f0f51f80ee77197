import AlmanacForecast
import AlmanacTesting
import Testing

@Suite struct EnrichmentTests {
  /// The share of all ways to mark members in which a group has so many or more, counted one by one.
  private func counted(_ group: Enrichment.Group, of all: Enrichment.Group) -> Double {
    var (hits, ways) = (0, 0)
    for marks in 0..<(1 << all.size) where marks.nonzeroBitCount == all.marked {
      ways += 1
      // The group is the first members.
      if (marks & ((1 << group.size) - 1)).nonzeroBitCount >= group.marked { hits += 1 }
    }
    return Double(hits) / Double(ways)
  }

  @Test("the probability is the share of all ways to mark as many", arguments: [UInt64](0..<40))
  func exact(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let size = Int.random(in: 1...12, using: &random)
    let all = Enrichment.Group(marked: Int.random(in: 0...size, using: &random), size: size)
    let members = Int.random(in: 1...size, using: &random)
    let least = max(0, members - (size - all.marked))
    let group = Enrichment.Group(
      marked: Int.random(in: least...min(members, all.marked), using: &random), size: members)
    let found = Enrichment.test([group], of: all)[0].probability
    #expect(abs(found - counted(group, of: all)) < 1e-12)
  }

  @Test("the lady tasting tea: one way in seventy")
  func tea() {
    let found = Enrichment.test(
      [Enrichment.Group(marked: 4, size: 4)], of: Enrichment.Group(marked: 4, size: 8))[0]
    #expect(abs(found.probability - 1 / 70) < 1e-15)
    #expect(found.share == 1 && found.lift == 2)
  }

  @Test("each probability is multiplied by how many are as large or larger, and keeps its place")
  func correction() {
    let all = Enrichment.Group(marked: 10, size: 100)
    let groups = [(5, 10), (1, 10), (9, 12), (0, 3)].map {
      Enrichment.Group(marked: $0.0, size: $0.1)
    }
    let found = Enrichment.test(groups, of: all)
    #expect(found[2].adjusted == 4 * found[2].probability)
    #expect(found[0].adjusted == 3 * found[0].probability)
    #expect(found[1].adjusted == 1 && found[3].adjusted == 1)
    #expect(found[3].probability == 1 && found[3].share == 0)
  }

  @Test("large populations do not overflow")
  func large() {
    let found = Enrichment.test(
      [Enrichment.Group(marked: 900, size: 1000)],
      of: Enrichment.Group(marked: 1000, size: 100_000))[0]
    #expect(found.probability >= 0 && found.probability < 1e-300 && found.lift == 90)
  }
}
