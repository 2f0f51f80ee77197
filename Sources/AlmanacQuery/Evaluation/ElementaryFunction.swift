internal import AlmanacCore
internal import Glibc

/// Functions of single values: `abs(x)`, `sin(x)`, `hour(x)`.
enum ElementaryFunction {
  typealias Rule = @Sendable ([Double]) -> [Double]

  /// All functions by their names. Each makes a loop of its own over all values.
  static let all: [String: Rule] = [
    "abs": { $0.map { abs($0) } },
    "ceil": { $0.map { $0.rounded(.up) } },
    "floor": { $0.map { $0.rounded(.down) } },
    "exp": { $0.map { exp($0) } },
    "ln": { $0.map { log($0) } },
    "log2": { $0.map { log2($0) } },
    "log10": { $0.map { log10($0) } },
    "sqrt": { $0.map { $0.squareRoot() } },
    "sgn": { $0.map { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 } },
    "sin": { $0.map { sin($0) } },
    "cos": { $0.map { cos($0) } },
    "tan": { $0.map { tan($0) } },
    "asin": { $0.map { asin($0) } },
    "acos": { $0.map { acos($0) } },
    "atan": { $0.map { atan($0) } },
    "sinh": { $0.map { sinh($0) } },
    "cosh": { $0.map { cosh($0) } },
    "tanh": { $0.map { tanh($0) } },
    "asinh": { $0.map { asinh($0) } },
    "acosh": { $0.map { acosh($0) } },
    "atanh": { $0.map { atanh($0) } },
    "deg": { $0.map { $0 * 180 / .pi } },
    "rad": { $0.map { $0 * .pi / 180 } },
  ]

  /// Parts of dates in UTC, of seconds since 1970, by their names.
  static let calendar: [String: Rule] = [
    "minute": { $0.map { part(of: $0) { $1 / 60 % 60 } } },
    "hour": { $0.map { part(of: $0) { $1 / 3600 } } },
    "day_of_week": { $0.map { part(of: $0) { date, _ in date.dayOfWeek } } },
    "day_of_month": { $0.map { part(of: $0) { date, _ in date.day } } },
    "day_of_year": { $0.map { part(of: $0) { date, _ in date.dayOfYear } } },
    "days_in_month": { $0.map { part(of: $0) { date, _ in date.daysInMonth } } },
    "month": { $0.map { part(of: $0) { date, _ in date.month } } },
    "year": { $0.map { part(of: $0) { date, _ in date.year } } },
  ]

  /// What `read` makes of the day and the second of the day; NaN where there is no such day.
  private static func part(of seconds: Double, _ read: (CivilDate, Int64) -> Int64) -> Double {
    guard abs(seconds) < 1e18 else { return .nan }
    var (days, second) = Int64(seconds).quotientAndRemainder(dividingBy: 86_400)
    if second < 0 {
      days -= 1
      second += 86_400
    }
    return Double(read(CivilDate(daysSinceEpoch: days), second))
  }

  /// The nearest multiple of `unit`, halves upwards.
  static func round(_ value: Double, to unit: Double) -> Double {
    // Dividing by the inverse gives 0.3 for thirds of a tenth where a product would not.
    let inverse = 1 / unit
    return (value * inverse + 0.5).rounded(.down) / inverse
  }

  /// The value inside of bounds; nil where no value can be.
  static func clamp(_ value: Double, _ least: Double, _ most: Double) -> Double? {
    most < least ? nil : greater(least, lesser(most, value))
  }

  /// The greater of two; NaN where one is.
  static func greater(_ a: Double, _ b: Double) -> Double {
    a.isNaN || b.isNaN ? .nan : Double.maximum(a, b)
  }

  /// The lesser of two; NaN where one is.
  static func lesser(_ a: Double, _ b: Double) -> Double {
    a.isNaN || b.isNaN ? .nan : Double.minimum(a, b)
  }
}
