import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct SeriesOrderTests {
  @Test("the order of encoded keys is that of the keys", arguments: UInt64(1)...20)
  func order(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let words = [
      "", "a", "ab", "b", "é", "host-1", "host-10", "host-2", "a-long-common-beginning-",
    ]
    let metrics = Bool.random(using: &random) ? ["m"] : words
    let keys = (0..<200).map { _ in
      SeriesKey(
        metric: metrics.randomElement(using: &random) ?? "",
        labels: Labels(
          (0..<Int.random(in: 0...3, using: &random)).map { _ in
            let word = { (words.randomElement(using: &random) ?? "") }
            return ("n" + word(), word() + word() + word())
          }))
    }
    let expected = keys.indices.sorted { a, b in
      keys[a] < keys[b] || (keys[a] == keys[b] && a < b)
    }
    #expect(SeriesOrder(keys).positions == expected)
  }

  @Test("no keys and one key are in order")
  func few() {
    #expect(SeriesOrder([]).positions.isEmpty)
    #expect(SeriesOrder([SeriesKey(metric: "m", labels: .none)]).positions == [0])
  }
}
