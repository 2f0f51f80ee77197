internal import AlmanacCore

/// Numbers as people read them: Prometheus' `humanize` and its like.
enum Humanized {
  static func text(_ function: String, _ value: Double) throws(TemplateError) -> String {
    if value.isNaN || value.isInfinite { return short(value) }
    switch function {
    case "humanize": return scaled(value)
    case "humanize1024":
      guard value.magnitude > 1 else { return short(value) }
      return reduced(value, by: 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
    case "humanizePercentage": return short(value * 100) + "%"
    case "humanizeTimestamp": return try time(value).goText
    default: return duration(value)
    }
  }

  /// The moment at `seconds`, to the millisecond as Prometheus counts.
  static func time(_ seconds: Double) throws(TemplateError) -> Timestamp {
    guard let nanoseconds = Int64(exactly: (seconds * 1e9).rounded(.towardZero)) else {
      throw TemplateError(
        "\(GoNumber.general(seconds)) cannot be represented as a nanoseconds timestamp since it "
          + "overflows int64")
    }
    return Timestamp(nanoseconds: nanoseconds / 1_000_000 * 1_000_000)
  }

  private static func short(_ value: Double) -> String {
    GoNumber.formatted(value, precision: 4, verb: "g")
  }

  private static func scaled(_ value: Double) -> String {
    if value == 0 { return short(value) }
    if value.magnitude >= 1 {
      return reduced(value, by: 1000, ["k", "M", "G", "T", "P", "E", "Z", "Y"])
    }
    return raised(value)
  }

  private static func reduced(_ value: Double, by factor: Double, _ prefixes: [String]) -> String {
    var value = value
    var prefix = ""
    for next in prefixes where value.magnitude >= factor {
      prefix = next
      value /= factor
    }
    return short(value) + prefix
  }

  /// Under 1: milli, micro and so on.
  private static func raised(_ value: Double) -> String {
    var value = value
    var prefix = ""
    for next in ["m", "u", "n", "p", "f", "a", "z", "y"] where value.magnitude < 1 {
      prefix = next
      value *= 1000
    }
    return short(value) + prefix
  }

  private static func duration(_ value: Double) -> String {
    if value == 0 { return "0s" }
    guard value.magnitude >= 1 else { return raised(value) + "s" }
    let sign = value < 0 ? "-" : ""
    guard let whole = Int64(exactly: value.magnitude.rounded(.down)) else {
      return short(value) + "s"
    }
    let (days, hours) = (whole / 86_400, whole / 3600 % 24)
    let (minutes, seconds) = (whole / 60 % 60, whole % 60)
    if days != 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(seconds)s" }
    if hours != 0 { return "\(sign)\(hours)h \(minutes)m \(seconds)s" }
    if minutes != 0 { return "\(sign)\(minutes)m \(seconds)s" }
    return sign + short(value.magnitude) + "s"
  }
}
