internal import AlmanacCore

/// A function of the samples in a window: `rate(x[5m])`. They mean what they mean in Prometheus 3.
struct WindowFunction: Sendable {
  /// The number that a function takes beside the samples.
  struct Parameter: Sendable {
    /// Its name in the language.
    let name: String
    /// Whether PromQL writes it before the samples.
    let isFirst: Bool
  }

  /// Numbers that a function takes, one after the other.
  typealias Parameters = (first: Double, second: Double)

  /// What makes values out of samples.
  enum Rule: Sendable {
    /// One value a window that has samples; nil gives none.
    case value(@Sendable (borrowing SampleWindow, Parameters) -> Double?)
    /// The change over a window of two samples or more.
    case difference(SlidingDifference)
    /// 1 where no series has a sample.
    case absent
  }

  /// The name in the language.
  let name: String
  var parameters: [Parameter] = []
  /// Whether the numbers must be more than 0 and less than 1.
  var takesShares = false
  /// Whether the result is still the same quantity.
  var keepsMetric = false
  /// Whether the newest sample of a window is all it looks at.
  var looksAtNewest = false
  /// Whether the moment of the evaluation counts beside the window.
  var looksAtMoment = false
  /// The same result from summaries, one or more, where there is such a way; nil where
  /// it takes the values.
  var summarised: (@Sendable (ArraySlice<Summary>) -> Double?)?
  let rule: Rule

  private init(
    _ name: String, parameters: [Parameter] = [], takesShares: Bool = false,
    keepsMetric: Bool = false,
    looksAtNewest: Bool = false, looksAtMoment: Bool = false,
    summarised: (@Sendable (ArraySlice<Summary>) -> Double?)? = nil, _ rule: Rule
  ) {
    self.name = name
    self.parameters = parameters
    self.takesShares = takesShares
    self.keepsMetric = keepsMetric
    self.looksAtNewest = looksAtNewest
    self.looksAtMoment = looksAtMoment
    self.summarised = summarised
    self.rule = rule
  }

  private init(
    _ name: String, summarised: (@Sendable (ArraySlice<Summary>) -> Double?)? = nil,
    _ value: @escaping @Sendable (borrowing SampleWindow) -> Double?
  ) {
    self.init(name, summarised: summarised, .value { window, _ in value(window) })
  }

  /// All functions.
  static let all: [WindowFunction] = [
    WindowFunction("avg_over_time", summarised: { $0.mean }) { $0.mean },
    WindowFunction("min_over_time", summarised: { $0.minimum }) { $0.minimum },
    WindowFunction("max_over_time", summarised: { $0.maximum }) { $0.maximum },
    WindowFunction("sum_over_time", summarised: { $0.sum }) { $0.sum },
    WindowFunction("count_over_time", summarised: { Double($0.count) }) { Double($0.count) },
    WindowFunction(
      "last_over_time", keepsMetric: true, looksAtNewest: true,
      .value { window, _ in window.last }),
    WindowFunction("first_over_time", keepsMetric: true, .value { window, _ in window.first }),
    WindowFunction("present_over_time", looksAtNewest: true, .value { _, _ in 1 }),
    WindowFunction("absent_over_time", .absent),
    WindowFunction("stddev_over_time") { $0.variance.squareRoot() },
    WindowFunction("stdvar_over_time") { $0.variance },
    WindowFunction(
      "quantile_over_time", parameters: [Parameter(name: "share", isFirst: true)],
      .value { window, numbers in Quantile.of(window.inside, share: numbers.first) }),
    WindowFunction("mad_over_time") { $0.medianDeviation },
    WindowFunction("rate", .difference(SlidingDifference(isCounter: true, isRate: true))),
    WindowFunction("increase", .difference(SlidingDifference(isCounter: true, isRate: false))),
    WindowFunction("delta", .difference(SlidingDifference(isCounter: false, isRate: false))),
    WindowFunction("irate") { $0.lastDifference(isRate: true) },
    WindowFunction("idelta") { $0.lastDifference(isRate: false) },
    WindowFunction("changes") { Double($0.changes) },
    WindowFunction("resets") { Double($0.resets) },
    WindowFunction("deriv") { window in
      window.line(from: window.times[window.bounds.lowerBound])?.slope
    },
    WindowFunction(
      "predict_linear", parameters: [Parameter(name: "seconds", isFirst: false)],
      looksAtMoment: true,
      .value { window, numbers in window.line(from: window.moment)?.value(at: numbers.first) }),
    WindowFunction("ts_of_min_over_time") { $0.timeOfMinimum },
    WindowFunction("ts_of_max_over_time") { $0.timeOfMaximum },
    WindowFunction("ts_of_first_over_time") { $0.times[$0.bounds.lowerBound].asSeconds },
    WindowFunction(
      "ts_of_last_over_time", looksAtNewest: true,
      .value { window, _ in window.times[window.bounds.upperBound - 1].asSeconds }),
    doubleExponentialSmoothing("double_exponential_smoothing"),
    // Its name in Prometheus 2.
    doubleExponentialSmoothing("holt_winters"),
  ]

  private static func doubleExponentialSmoothing(_ name: String) -> WindowFunction {
    WindowFunction(
      name,
      parameters: [
        Parameter(name: "level", isFirst: false), Parameter(name: "trend", isFirst: false),
      ], takesShares: true,
      .value { window, numbers in
        window.smoothed(level: numbers.first, trend: numbers.second)
      })
  }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The function called `name`, or nil.
  static func named(_ name: String) -> WindowFunction? { byName[name] }
}
