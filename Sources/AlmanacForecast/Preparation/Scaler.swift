internal import Glibc

/// How values are brought to a common size.
public enum ScaleKind: String, Sendable, CaseIterable {
  /// Less the mean, over the standard deviation.
  case standard
  /// The range from smallest to largest becomes 0 to 1.
  case minmax
  /// Less the median, over the standard deviation without the outer half percent on either side.
  case robust
  /// The natural logarithm; where a value of 0 or less occurs, sign(x) ln(1 + |x|).
  case log
  /// ln(1 + x); of a negative value -ln(1 - x).
  case log1p
}

/// A fitted scaling and its inverse.
public struct Scaler: Sendable, Equatable {
  /// What kind of scaling it is.
  public let kind: ScaleKind
  /// What is taken away; for `log` the smallest value that is told apart, 0 in the signed form.
  public let center: Double
  /// What is divided by; positive and finite.
  public let scale: Double

  /// A scaling with known parameters; a scale of 0 or less, or not finite, counts as 1.
  public init(kind: ScaleKind, center: Double, scale: Double) {
    self.kind = kind
    self.center = center.isFinite ? center : 0
    self.scale = scale > 0 && scale.isFinite ? scale : 1
  }

  /// Fits a scaling to the known values; NaN is left out. A constant keeps its unit.
  public init(_ kind: ScaleKind, fitting values: [Double]) {
    let known = values.filter(\.isFinite)
    guard let low = known.min(), let high = known.max() else {
      self.init(kind: kind, center: 0, scale: 1)
      return
    }
    // A spread that is only rounding is no spread.
    let least = max(abs(low), abs(high)) * 1e-12
    let usable = { (spread: Double) in spread > least ? spread : 1 }
    switch kind {
    case .standard:
      self.init(
        kind: kind, center: Quantiles.mean(known), scale: usable(Quantiles.deviation(known)))
    case .minmax:
      self.init(kind: kind, center: low, scale: usable(high - low))
    case .robust:
      let sorted = known.sorted()
      let floor = Quantiles.quantile(ofSorted: sorted, 0.005)
      let ceiling = Quantiles.quantile(ofSorted: sorted, 0.995)
      let clipped = sorted.map { min(max($0, floor), ceiling) }
      self.init(
        kind: kind, center: Quantiles.quantile(ofSorted: sorted, 0.5),
        scale: usable(Quantiles.deviation(clipped)))
    case .log:
      self.init(kind: kind, center: low > 0 ? low : 0, scale: 1)
    case .log1p:
      self.init(kind: kind, center: 0, scale: 1)
    }
  }

  /// The scaled value; NaN stays NaN. In the plain form of `log`, values that are 0 or less count
  /// as a thousandth of the smallest value fitted.
  public func apply(_ value: Double) -> Double {
    guard kind == .log || kind == .log1p else { return (value - center) / scale }
    if kind == .log, center > 0 {
      return value.isNaN ? value : Glibc.log(value > 0 ? value : center / 1000)
    }
    return value < 0 ? -Glibc.log1p(-value) : Glibc.log1p(value)
  }

  /// The value that `apply` scaled; overflow gives the largest finite number.
  public func inverse(_ value: Double) -> Double {
    let limit = Double.greatestFiniteMagnitude
    let result: Double
    if kind != .log, kind != .log1p {
      result = value * scale + center
    } else if kind == .log, center > 0 {
      result = exp(value)
    } else {
      result = value < 0 ? -expm1(-value) : expm1(value)
    }
    return result.isInfinite ? (result < 0 ? -limit : limit) : result
  }
}
