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

  /// What makes values out of samples.
  enum Rule: Sendable {
    /// One value a window that has samples; nil gives none.
    case value(@Sendable (borrowing SampleWindow, Double) -> Double?)
    /// 1 where no series has a sample.
    case absent
  }

  /// The name in the language.
  let name: String
  var parameter: Parameter?
  /// Whether the result is still the same quantity.
  var keepsMetric = false
  /// Whether the newest sample of a window is all it looks at.
  var looksAtNewest = false
  /// The same result from summaries, one or more, where there is such a way; nil where
  /// it takes the values.
  var summarised: (@Sendable (ArraySlice<Summary>) -> Double?)?
  let rule: Rule

  private init(
    _ name: String, parameter: Parameter? = nil, keepsMetric: Bool = false,
    looksAtNewest: Bool = false,
    summarised: (@Sendable (ArraySlice<Summary>) -> Double?)? = nil, _ rule: Rule
  ) {
    self.name = name
    self.parameter = parameter
    self.keepsMetric = keepsMetric
    self.looksAtNewest = looksAtNewest
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
      "quantile_over_time", parameter: Parameter(name: "share", isFirst: true),
      .value { window, share in Quantile.of(window.inside, share: share) }),
    WindowFunction("mad_over_time") { $0.medianDeviation },
    WindowFunction("rate") { $0.difference(isCounter: true, isRate: true) },
    WindowFunction("increase") { $0.difference(isCounter: true, isRate: false) },
    WindowFunction("delta") { $0.difference(isCounter: false, isRate: false) },
    WindowFunction("irate") { $0.lastDifference(isRate: true) },
    WindowFunction("idelta") { $0.lastDifference(isRate: false) },
    WindowFunction("changes") { Double($0.changes) },
    WindowFunction("resets") { Double($0.resets) },
    WindowFunction("deriv") { window in
      window.line(from: window.times[window.bounds.lowerBound])?.slope
    },
    WindowFunction(
      "predict_linear", parameter: Parameter(name: "seconds", isFirst: false),
      .value { window, seconds in window.line(from: window.moment)?.value(at: seconds) }),
  ]

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The function called `name`, or nil.
  static func named(_ name: String) -> WindowFunction? { byName[name] }
}
