public import AlmanacCore

/// Durations as Prometheus' files write them: `5m`, `1h30m`, `1d`, largest unit first, each once.
public enum RuleDuration {
  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("y", 365 * 86_400_000_000_000), ("w", 7 * 86_400_000_000_000), ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
  ]

  /// Reads `text`; nil where it is no duration, or longer than 292 years.
  public static func read(_ text: String) -> Interval? {
    if text == "0" { return .zero }
    guard !text.isEmpty else { return nil }
    var rest = text[...]
    var total: Int64 = 0
    var next = 0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest[digits.endIndex...]
      let letters = rest.prefix { $0.isLetter }
      rest = rest[letters.endIndex...]
      guard let count = Int64(digits),
        let unit = units[next...].firstIndex(where: { $0.name == letters })
      else { return nil }
      next = unit + 1
      let (length, overflow) = count.multipliedReportingOverflow(by: units[unit].nanoseconds)
      let (sum, overflow2) = total.addingReportingOverflow(length)
      guard !overflow, !overflow2 else { return nil }
      total = sum
    }
    return Interval(nanoseconds: total)
  }

  /// The shortest text of `interval`, to the millisecond, as Prometheus writes it.
  public static func text(_ interval: Interval) -> String {
    guard interval.nanoseconds >= 1_000_000 else { return "0s" }
    var rest = interval.nanoseconds
    var text = ""
    for unit in units {
      // Years and weeks only where they say it all.
      if ["y", "w"].contains(unit.name), rest % unit.nanoseconds != 0 { continue }
      if rest >= unit.nanoseconds {
        text += "\(rest / unit.nanoseconds)\(unit.name)"
        rest %= unit.nanoseconds
      }
    }
    return text
  }
}
