public import AlmanacCore
internal import AlmanacForecast

extension LabelledForecast {
  /// The label that tells the curves of a forecast apart.
  static let curveLabel = "forecast"
  /// The label that names the level of a bound, in percent.
  static let levelLabel = "level"

  /// The curve and its bands as series: `forecast="yhat"`, and for each level `lower` and `upper`
  /// with `level="95"`.
  public var curves: [LabelledSamples] { curves(metric: key.metric) }

  /// The same under another metric.
  func curves(metric: String) -> [LabelledSamples] {
    let times = curve.yhat.indices.map { time(at: $0).nanoseconds }
    let key = SeriesKey(metric: metric, labels: key.labels)
    let series = { (values: [Double], name: String, level: Double?) -> LabelledSamples in
      var own = key.adding((Self.curveLabel, name))
      if let level { own = own.adding((Self.levelLabel, level.percentText)) }
      return LabelledSamples(key: own, samples: Samples(timestamps: times, values: values))
    }
    return [series(curve.yhat, "yhat", nil)]
      + curve.bands.flatMap { band in
        [series(band.lower, "lower", band.level), series(band.upper, "upper", band.level)]
      }
  }
}

extension SeriesKey {
  /// The same metric with one more label.
  public func adding(_ label: (String, String)) -> SeriesKey {
    SeriesKey(metric: metric, labels: Labels(labels.all.map { ($0.name, $0.value) } + [label]))
  }
}
