import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct CompensatedSumTests {
  @Test("sums side by side have the bits of single ones", arguments: UInt64(0)..<50)
  func bits(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 0...40, using: &random)
    var rows = CompensatedSums(count: count)
    var single = [CompensatedSum](repeating: CompensatedSum(), count: count)
    for _ in 0..<Int.random(in: 0...30, using: &random) {
      let values = (0..<count).map { _ in
        switch Int.random(in: 0..<40, using: &random) {
        case 0: Double.nan
        case 1: Double.infinity
        case 2: -1e308
        default: Double(bitPattern: random.next() >> 2)
        }
      }
      if Bool.random(using: &random) || count == 0 {
        rows.add(values)
        for index in 0..<count { single[index].add(values[index]) }
      } else {
        let index = Int.random(in: 0..<count, using: &random)
        rows.add(values[index], at: index)
        single[index].add(values[index])
      }
    }
    let areSame = rows.values.elementsEqual(single.map(\.value)) {
      $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN
    }
    #expect(areSame)
  }
}
