import AlmanacCore
import AlmanacTesting
import Testing

@Suite struct TimestampTests {
  @Test(
    "RFC 3339 texts are read to the nanosecond",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-09-01T00:00:00Z", 1_788_220_800_000_000_000),
      ("2026-09-01T02:00:00+02:00", 1_788_220_800_000_000_000),
      ("2026-09-01 00:00:00.25Z", 1_788_220_800_250_000_000),
      ("2024-02-29T23:59:59.123456789Z", 1_709_251_199_123_456_789),
      ("1969-12-31T23:59:59.999999999Z", -1), ("2026-09-01", 1_788_220_800_000_000_000),
    ])
  func rfc3339(text: String, nanoseconds: Int64) {
    #expect(Timestamp(rfc3339: text) == Timestamp(nanoseconds: nanoseconds))
  }

  @Test(
    "texts that are no date are refused",
    arguments: [
      "", "yesterday", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-09-01T24:00:00Z",
      "2026-09-01T00:00:00Zx", "2026-09-01T00:00:00.Z", "9999-01-01T00:00:00Z",
    ])
  func refused(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test(
    "unix seconds are read exactly, with fractions, signs and exponents",
    arguments: [
      ("0", 0), ("4", 4_000_000_000), ("1788220800.123456789", 1_788_220_800_123_456_789),
      ("-1.5", -1_500_000_000), ("1.78822e9", 1_788_220_000_000_000_000),
    ])
  func unixSeconds(text: String, nanoseconds: Int64) {
    #expect(Timestamp(parameter: text) == Timestamp(nanoseconds: nanoseconds))
  }

  @Test("printing reads back to the same moment", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let time = Timestamp(nanoseconds: Int64.random(in: .min ... .max, using: &random))
    #expect(Timestamp(rfc3339: time.description) == time, "seed \(seed)")
  }

  @Test("aligning goes down, before 1970 too")
  func aligned() {
    let step = Interval.minutes(1)
    #expect(Timestamp(nanoseconds: 61_000_000_000).aligned(downTo: step).seconds == 60)
    #expect(Timestamp(nanoseconds: -1).aligned(downTo: step).seconds == -60)
    #expect(Timestamp(nanoseconds: 0).aligned(downTo: step).seconds == 0)
  }

  @Test("arithmetic stops at the ends of the range")
  func saturation() {
    let end = Timestamp(nanoseconds: .max)
    #expect(end + .days(1) == end)
    #expect(Timestamp(nanoseconds: .min) - .days(1) == Timestamp(nanoseconds: .min))
  }

  @Test("intervals print as a query writes them")
  func intervals() {
    #expect(Interval.days(7).description == "7d")
    #expect(Interval.seconds(5400).description == "1h30m")
    #expect(Interval(nanoseconds: 1_500_000).description == "1ms500us")
    #expect(Interval.zero.description == "0s")
  }

  @Test(
    "numbers print as the shortest text that reads back",
    arguments: [
      (1.0, "1"), (0.1, "0.1"), (-0.0, "-0"), (1e21, "1e+21"), (.infinity, "+Inf"),
      (-.infinity, "-Inf"), (.nan, "NaN"), (.leastNonzeroMagnitude, "5e-324"),
    ])
  func numbers(value: Double, text: String) {
    #expect(value.shortestText == text)
  }
}
