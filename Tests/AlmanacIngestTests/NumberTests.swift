import AlmanacTesting
import Glibc
import Testing

@testable import AlmanacIngest

@Suite("Numbers") struct NumberTests {
  private func read(_ text: String) -> Double? {
    Array(text.utf8).withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return nil }
      let number = try? Number(at: start, before: start + bytes.count)
      return number.flatMap { $0.end == start + bytes.count ? $0.value : nil }
    }
  }

  private func digits(_ count: Int, _ generator: inout SeededGenerator) -> String {
    String((0..<count).map { _ in Character(String(Int.random(in: 0...9, using: &generator))) })
  }

  /// A decimal text of one of the shapes that take different ways through the reader.
  private func decimal(_ generator: inout SeededGenerator) -> String {
    let sign = Bool.random(using: &generator) ? "-" : ""
    switch Int.random(in: 0..<8, using: &generator) {
    case 0:
      let bits = Double(bitPattern: generator.next())
      return bits.isFinite ? bits.description : "0"
    case 1:
      // Subnormal numbers, as the shortest text.
      return sign + Double(bitPattern: generator.next() & 0xF_FFFF_FFFF_FFFF).description
    case 2:
      // 16 to 19 digits behind a point, as printed by most clients.
      return sign + "0." + digits(Int.random(in: 15...19, using: &generator), &generator)
    case 3:
      return sign + digits(Int.random(in: 1...10, using: &generator), &generator) + "."
        + digits(Int.random(in: 0...25, using: &generator), &generator)
    case 4:
      return sign + digits(Int.random(in: 1...25, using: &generator), &generator) + "e"
        + String(Int.random(in: -340...290, using: &generator))
    case 5:
      // Close to half way between two neighbours: an odd 54-bit integer, with a tail or without.
      let middle = (1 << 53 | generator.next() >> 11) << 1 | 1
      let tail = ["", ".0", ".00000000000000000000000000001", "e0"]
      return sign + String(middle) + (tail.randomElement(using: &generator) ?? "")
    case 6:
      let count = Int.random(in: 20...400, using: &generator)
      return sign + "." + digits(count, &generator) + "E-"
        + String(Int.random(in: 0...320, using: &generator))
    default:
      return sign + digits(Int.random(in: 1...22, using: &generator), &generator)
    }
  }

  @Test("100,000 decimals become the same bits as strtod makes of them")
  func againstLibrary() {
    var generator = SeededGenerator(seed: 42)
    for _ in 0..<100_000 {
      let text = decimal(&generator)
      let expected = strtod(text, nil)
      let value = read(text)
      guard value?.bitPattern == (expected.isFinite ? expected.bitPattern : nil) else {
        Issue.record("\(text): \(String(describing: value)), not \(expected)")
        return
      }
    }
  }

  @Test(
    "limits of a Double are read exactly",
    arguments: [
      "1.7976931348623157e308", "1.7976931348623158e308", "4.9e-324", "2.4703282292062327e-324",
      "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308",
      "9007199254740993", "9007199254740992.999999999999999999", "0e999999999999999999999",
      "0.000000000000000000000000000000000000001", "1e22", "1e23", "8.5e-19", "9999999999999999999",
      "18446744073709551615", "0.9999999999999999999", "1.0000000000000000001",
    ])
  func limits(_ text: String) {
    #expect(read(text)?.bitPattern == strtod(text, nil).bitPattern)
  }

  @Test("every number of up to nineteen digits over a power of ten is rounded once")
  func quotients() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<20_000 {
      let digits = generator.next() % 10_000_000_000_000_000_000
      let exponent = Int.random(in: -19 ... -1, using: &generator)
      let expected = strtod("\(digits)e\(exponent)", nil)
      #expect(Double(mantissa: digits, exponent: exponent) == expected, "\(digits)e\(exponent)")
    }
  }
}
