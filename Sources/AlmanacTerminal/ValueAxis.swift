import Glibc

/// The vertical axis: which values it spans and which round ones it names.
struct ValueAxis {
  /// The value at the bottom and at the top.
  let low: Double
  let high: Double
  /// Round values with their labels, ascending.
  let labels: [(value: Double, text: String)]

  /// Beyond this values are drawn at the edge: so differences of two never overflow.
  static let limit = 1e300

  /// An axis for the values from `low` to `high` with at most `most` labels.
  init(low: Double, high: Double, most: Int) {
    var low = max(-Self.limit, min(low, Self.limit))
    var high = max(low, min(high, Self.limit))
    // Too little between them to be told apart in a label: as if constant.
    if high - low <= max(abs(low), abs(high)) * 1e-9 || high - low < 1e-290 {
      let margin = max(abs(low), abs(high)) < 1e-280 ? 1 : max(abs(low), abs(high)) * 0.1
      low -= margin
      high += margin
    }
    let most = Double(max(2, most))
    let enough = min(4, max(2, most - 1))...most
    var chosen = high - low
    for step in Self.steps(around: (high - low) / most) {
      let outer = (low: (low / step).rounded(.down), high: (high / step).rounded(.up))
      let inner = (low: (low / step).rounded(.up), high: (high / step).rounded(.down))
      let waste = (outer.high - outer.low) * step - (high - low)
      let isTight = waste < (high - low) * 0.2
      if enough.contains(outer.high - outer.low + 1),
        isTight || !enough.contains(inner.high - inner.low + 1)
      {
        chosen = step
        (low, high) = (outer.low * step, outer.high * step)
        break
      }
      if enough.contains(inner.high - inner.low + 1) {
        // Round edges would press the lines: the labels stay inside.
        chosen = step
        break
      }
      // Fewer labels than wished where heights and values leave nothing else.
      if outer.high - outer.low + 1 <= 3 {
        chosen = step
        (low, high) = (outer.low * step, outer.high * step)
        break
      }
    }
    self.low = low
    self.high = high
    labels = Self.labels(from: low, to: high, step: chosen)
  }

  /// 1, 2 and 5 times powers of ten, ascending, from below `size` to above what can be needed.
  private static func steps(around size: Double) -> [Double] {
    let exponent = Int(log10(size).rounded(.down))
    return (exponent - 1...exponent + 3).flatMap { power in
      [1, 2, 5].map { pow(10, Double(power)) * $0 }
    }
  }

  private static func labels(
    from low: Double, to high: Double, step: Double
  ) -> [(value: Double, text: String)] {
    let tolerance = step * 1e-6
    let first = ((low - tolerance) / step).rounded(.up)
    let count = Int(((high + tolerance) / step).rounded(.down) - first)
    guard count >= 0 else { return [] }
    let values = (0...min(count, 20)).map { (first + Double($0)) * step }
    let format = NumberFormat(largest: max(abs(low), abs(high)), step: step)
    return values.map { ($0, format.text($0)) }
  }

  /// The dot of `value` on a canvas `height` dots high; outside values at the edge.
  func dot(_ value: Double, height: Int) -> Int {
    let share = (max(low, min(value, high)) - low) / (high - low)
    return height - 1 - Int((share * Double(height - 1)).rounded())
  }
}

/// How the labels of one axis are written: all with the same suffix and number of decimals.
struct NumberFormat {
  private let scale: Double
  private let suffix: String
  private let decimals: Int

  private static let suffixes: [(scale: Double, text: String)] = [
    (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"),
  ]

  /// A format for multiples of `step` that are not larger than `largest`.
  init(largest: Double, step: Double) {
    // A hair more than the logarithm: 0.001 must not count as a little less than a thousandth.
    let stepPower = Int((log10(step) + 1e-9).rounded(.down))
    let power = Int((log10(largest) + 1e-9).rounded(.down))
    if power >= 21 || power < -4 {
      scale = pow(10, Double(power))
      suffix = "e\(power)"
      decimals = max(0, min(power - stepPower, 9))
      return
    }
    let plain = max(0, -stepPower)
    if largest >= 10_000, let unit = Self.suffixes.first(where: { largest >= $0.scale }) {
      let needed = Int(log10(unit.scale).rounded()) - stepPower
      if needed <= 3 || power >= 15 {
        scale = unit.scale
        suffix = unit.text
        decimals = max(0, min(needed, 12))
        return
      }
    }
    scale = 1
    suffix = ""
    decimals = min(plain, 14)
  }

  /// `value` as a label.
  func text(_ value: Double) -> String {
    let digits = Self.fixed(value / scale, decimals: decimals)
    return digits.contains { ("1"..."9").contains($0) } ? digits + suffix : "0"
  }

  /// `value` with `decimals` digits behind the point.
  static func fixed(_ value: Double, decimals: Int) -> String {
    let scaled = (abs(value) * pow(10, Double(decimals))).rounded()
    guard scaled < 9e18 else { return "\(value)" }
    var digits = String(Int64(scaled))
    if decimals > 0 {
      digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
      digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
    }
    return value < 0 && scaled > 0 ? "-" + digits : digits
  }
}
