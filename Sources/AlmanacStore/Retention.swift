public import AlmanacCore
public import AlmanacPattern

/// How long samples are kept, and how much room they may take.
public struct Retention: Sendable {
  /// Samples of series that pass `matchers` are kept for `period`.
  public struct Rule: Sendable {
    /// All must pass.
    public var matchers: [LabelMatcher]
    /// Nil keeps them for ever.
    public var period: Interval?

    /// A rule for the series that pass `matchers`.
    public init(matchers: [LabelMatcher], period: Interval?) {
      self.matchers = matchers
      self.period = period
    }
  }

  /// For series that no rule is for; nil keeps them for ever.
  public var period: Interval?
  /// Of several rules that a series passes the first counts.
  public var rules: [Rule] = []
  /// Bytes of sealed samples: the oldest go where there are more.
  public var maximumBytes: Int?

  /// Keeps everything.
  public init() {}
}

extension Store {
  /// How long samples of `key` are kept by its rule; nil is for ever.
  public func retention(of key: SeriesKey) -> Interval? {
    let retention = options.retention
    let rule = retention.rules.first { rule in
      rule.matchers.allSatisfy {
        $0.passes($0.name == SeriesKey.metricLabel ? key.metric : key.labels[$0.name] ?? "")
      }
    }
    return rule == nil ? retention.period : rule?.period
  }
}

/// The first moment whose samples each series keeps.
struct Horizon: Sendable {
  /// For series without an entry of their own, ns.
  var earliest = Int64.min
  /// For series that a rule is for, ns.
  var byRule: [UInt32: Int64] = [:]

  /// The first moment, ns, that `series` keeps.
  func earliest(of series: UInt32) -> Int64 {
    byRule.isEmpty ? earliest : byRule[series] ?? earliest
  }

  /// The first moment that any series keeps.
  var first: Int64 { byRule.values.reduce(earliest, min) }

  /// Whether nothing has outlived its retention.
  var isEverything: Bool { earliest == .min && byRule.isEmpty }

  /// About which share of a part has outlived its retention, taking its samples as spread evenly.
  func expiredShare(of part: PartInfo) -> Double {
    let start = Double(part.range.start.nanoseconds)
    let length = max(1, Double(part.range.end.nanoseconds) - start)
    let share = { (earliest: Int64) in min(1, max(0, (Double(earliest) - start) / length)) }
    guard !byRule.isEmpty, part.seriesCount > 0 else { return share(earliest) }
    let ruled = min(1, Double(byRule.count) / Double(part.seriesCount))
    let mean = byRule.values.reduce(0) { $0 + share($1) } / Double(byRule.count)
    return ruled * mean + (1 - ruled) * share(earliest)
  }
}
