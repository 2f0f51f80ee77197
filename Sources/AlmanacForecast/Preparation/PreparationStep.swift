public import AlmanacCore

/// One stage that a series goes through before it is modelled.
public enum PreparationStep: Sendable, Equatable {
  /// Fills gaps of at most `maxGap`; nil fills all.
  case interpolate(InterpolationMethod, maxGap: Interval?)
  /// Takes away what repeats with these periods, the level stays; nil is day and week as far as
  /// data and step allow.
  case deseason(periods: [Interval]?, method: SeasonMethod = .median)
  /// Brings the values to a common size.
  case scale(ScaleKind)
  /// Takes away the line of least squares.
  case detrend
  /// Makes missing what lies further than so many robust deviations from a running median; not
  /// undone.
  case clean(deviations: Double)
  /// Limits the values; not undone. One bound at least.
  case clip(minimum: Double?, maximum: Double?)

  /// Whether forecasts are brought back through this stage.
  public var isReversible: Bool {
    switch self {
    case .deseason, .scale, .detrend: true
    case .interpolate, .clean, .clip: false
    }
  }

  /// What the query language calls it.
  public var name: String {
    switch self {
    case .interpolate: "interpolate"
    case .deseason: "deseason"
    case .scale: "scale"
    case .detrend: "detrend"
    case .clean: "clean"
    case .clip: "clip"
    }
  }
}

/// How what repeats is found.
public enum SeasonMethod: String, Sendable, CaseIterable {
  /// The median at each time of the period, the same in all of them.
  case median
  /// STL, or MSTL of several periods: the season may change slowly; the last one goes on.
  case stl
}

/// What stages filled in and took out of the history that they were fitted on.
public struct Provenance: Sendable, Equatable {
  /// Steps of the series.
  public var count = 0
  /// Values that interpolation made.
  public var filled = 0
  /// Values that cleaning took out.
  public var removed = 0
  /// Values that a limit changed.
  public var clipped = 0
  /// Steps that are still without a value after all stages.
  public var missing = 0

  /// The share of all steps that interpolation filled, 0 to 1.
  public var filledShare: Double { count > 0 ? Double(filled) / Double(count) : 0 }
}
