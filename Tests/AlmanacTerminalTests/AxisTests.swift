import AlmanacCore
import Testing

@testable import AlmanacTerminal

@Suite("Axes") struct AxisTests {
  @Test(
    "values are named by round numbers",
    arguments: [
      (0.5, 99.5, ["0", "20", "40", "60", "80", "100"]),
      (28, 76, ["30", "40", "50", "60", "70"]),
      (5, 15, ["6", "8", "10", "12", "14"]),
      (1.2e9, 1.9e9, ["1.2G", "1.4G", "1.6G", "1.8G", "2.0G"]),
      (0, 900_000, ["0", "0.2M", "0.4M", "0.6M", "0.8M", "1.0M"]),
      (0, 45_000, ["0", "10k", "20k", "30k", "40k", "50k"]),
      (-0.0031, 0.0042, ["-0.002", "0", "0.002", "0.004"]),
      (1e-7, 9e-7, ["2e-7", "4e-7", "6e-7", "8e-7"]),
    ])
  func values(_ low: Double, _ high: Double, _ expected: [String]) {
    let labels = ValueAxis(low: low, high: high, most: 6).labels.map(\.text)
    #expect(labels == expected)
  }

  @Test("there are 4 to 6 labels whatever the values", arguments: 0..<500 as Range<UInt64>)
  func count(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let low = random.bell() * 100
    let axis = ValueAxis(low: low, high: low + 0.01 + random.uniform() * 300, most: 6)
    #expect((4...6).contains(axis.labels.count), "seed \(seed): \(axis)")
    #expect(axis.low <= low, "seed \(seed)")
  }

  private func labels(_ start: String, _ end: String, _ columns: Int) throws -> [String] {
    let from = try #require(Timestamp(rfc3339: start))
    let to = try #require(Timestamp(rfc3339: end))
    return TimeAxis(start: from.nanoseconds, end: to.nanoseconds)
      .labels(columns: columns, dotsAcross: 2, margin: 4).map(\.text)
  }

  @Test("times are named by what fits: clock, day, month, year")
  func times() throws {
    #expect(
      try labels("2026-09-21T00:00:00Z", "2026-09-22T00:00:00Z", 80)
        == ["Mon 21", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"])
    #expect(
      try labels("2026-09-20T12:00:00Z", "2026-09-24T12:00:00Z", 80)
        == ["12:00", "Mon 21", "12:00", "Tue 22", "12:00", "Wed 23", "12:00", "Thu 24"])
    #expect(
      try labels("2026-08-01T00:00:00Z", "2026-09-10T00:00:00Z", 80)
        == ["Aug 3", "Aug 10", "Aug 17", "Aug 24", "Aug 31", "Sep 7"])
    #expect(
      try labels("2026-06-15T00:00:00Z", "2027-04-15T00:00:00Z", 80)
        == ["Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "2027", "Feb", "Mar", "Apr"])
    #expect(
      try labels("2020-06-15T00:00:00Z", "2026-04-15T00:00:00Z", 60)
        == ["2021", "2022", "2023", "2024", "2025", "2026"])
    #expect(
      try labels("2026-09-21T00:00:00Z", "2026-09-21T00:00:00.002Z", 60).first == "00.000000")
  }

  @Test("labels never overlap and stay on the screen", arguments: 0..<300 as Range<UInt64>)
  func overlap(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let start = Int64(bitPattern: random.next())
    let span = Int64(bitPattern: random.next() >> (1 + random.next() % 60))
    let (end, overflow) = start.addingReportingOverflow(span)
    let columns = Int(random.next() % 150) + 1
    let labels = TimeAxis(start: start, end: overflow ? .max : end)
      .labels(columns: columns, dotsAcross: 2, margin: 5)
    var free = -5
    for label in labels {
      #expect(label.left >= free, "seed \(seed)")
      #expect((0..<columns).contains(label.column), "seed \(seed)")
      free = label.left + label.text.count + 1
    }
    #expect(free <= columns + 1, "seed \(seed)")
  }
}
