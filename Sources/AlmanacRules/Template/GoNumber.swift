internal import Foundation

/// Numbers as Go writes them.
public enum GoNumber {
  /// The shortest text that reads back to the same number: `%v`, as `1e+06` and `12.5`.
  static func general(_ value: Double) -> String {
    if let text = special(value) { return text }
    let (digits, exponent, isNegative) = parts(of: value)
    let sign = isNegative ? "-" : ""
    // Go's strconv, %g: of the shortest text too, numbers from a million on have an exponent.
    guard exponent >= -4, exponent < 6 else { return sign + scientific(digits, exponent) }
    return sign + plain(digits, exponent)
  }

  /// The shortest text with an exponent: `1.25e+01`.
  public static func scientific(_ value: Double) -> String {
    if let text = special(value) { return text }
    let (digits, exponent, isNegative) = parts(of: value)
    return (isNegative ? "-" : "") + scientific(digits, exponent)
  }

  /// The shortest text without an exponent.
  static func plain(_ value: Double) -> String {
    if let text = special(value) { return text }
    let (digits, exponent, isNegative) = parts(of: value)
    return (isNegative ? "-" : "") + plain(digits, exponent)
  }

  /// C's `%.4g` and its like, with Go's words for what is not finite.
  static func formatted(_ value: Double, precision: Int, verb: Character) -> String {
    special(value) ?? String(format: "%.\(precision)\(verb)", value)
  }

  static func special(_ value: Double) -> String? {
    value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : nil
  }

  /// Decimal digits d, exponent e: d.ddd x 10^e.
  private static func parts(
    of value: Double
  ) -> (digits: [Character], exponent: Int, isNegative: Bool) {
    // Swift's description is the shortest as well; only its form differs.
    var text = value.magnitude.description[...]
    var exponent = 0
    if let mark = text.firstIndex(of: "e") {
      exponent = Int(text[text.index(after: mark)...]) ?? 0
      text = text[..<mark]
    }
    let sides = text.split(separator: ".", omittingEmptySubsequences: false)
    var digits = Array(sides[0]) + (sides.count > 1 ? Array(sides[1]) : [])
    exponent += sides[0].count - 1
    while digits.count > 1, digits.first == "0" {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    return (digits, digits == ["0"] ? 0 : exponent, value.sign == .minus)
  }

  private static func scientific(_ digits: [Character], _ exponent: Int) -> String {
    let fraction = digits.count > 1 ? "." + String(digits[1...]) : ""
    let size = exponent.magnitude
    return "\(digits[0])\(fraction)e\(exponent < 0 ? "-" : "+")\(size < 10 ? "0" : "")\(size)"
  }

  private static func plain(_ digits: [Character], _ exponent: Int) -> String {
    if exponent < 0 {
      return "0." + String(repeating: "0", count: -exponent - 1) + String(digits)
    }
    if digits.count <= exponent + 1 {
      return String(digits) + String(repeating: "0", count: exponent + 1 - digits.count)
    }
    return String(digits[...exponent]) + "." + String(digits[(exponent + 1)...])
  }
}
