internal import AlmanacCore
internal import AlmanacPattern

/// What makes a label out of others: `label_replace` and `label_join`.
enum Relabelling: Sendable {
  /// Where the label `from` matches, `to` becomes what the template makes of it.
  case replace(to: String, Substitution, from: String)
  /// The values of labels with a separator between.
  case join(to: String, separator: String, from: [String])

  func apply(_ series: LabelledSamples) -> LabelledSamples {
    let target: String
    let value: String
    switch self {
    case .replace(let to, let substitution, let from):
      guard let text = substitution.apply(to: series.key.value(of: from)) else { return series }
      (target, value) = (to, text)
    case .join(let to, let separator, let from):
      target = to
      value = from.map { series.key.value(of: $0) }.joined(separator: separator)
    }
    var series = series
    series.key = series.key.setting(target, to: value)
    // A metric that was given stays.
    if target == SeriesKey.metricLabel { series.dropsMetric = false }
    return series
  }
}
