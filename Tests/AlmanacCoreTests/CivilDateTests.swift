import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct CivilDateTests {
  @Test(
    "days know their date, weekday, place in the year and the length of their month",
    arguments: [
      (0, [1970, 1, 1, 1, 4, 31]), (-1, [1969, 12, 31, 365, 3, 31]),
      (16_860, [2016, 2, 29, 60, 1, 29]), (17_166, [2016, 12, 31, 366, 6, 31]),
      (17_198, [2017, 2, 1, 32, 3, 28]), (-25_509, [1900, 2, 28, 59, 3, 28]),
    ] as [(Int64, [Int64])])
  func dates(days: Int64, parts: [Int64]) {
    let date = CivilDate(daysSinceEpoch: days)
    let found = [
      date.year, date.month, date.day, date.dayOfYear, date.dayOfWeek, date.daysInMonth,
    ]
    #expect(found == parts)
  }

  @Test("each day follows the one before", arguments: UInt64(1)...3)
  func follow(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let day = Int64.random(in: -1_000_000...1_000_000, using: &random)
      let (date, next) = (CivilDate(daysSinceEpoch: day), CivilDate(daysSinceEpoch: day + 1))
      #expect((date.dayOfWeek + 1) % 7 == next.dayOfWeek)
      #expect(next.day == (date.day == date.daysInMonth ? 1 : date.day + 1))
      #expect(next.dayOfYear == (next.year == date.year ? date.dayOfYear + 1 : 1))
    }
  }
}
