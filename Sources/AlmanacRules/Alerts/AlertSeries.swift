public import AlmanacCore

/// The series that Prometheus writes of alerts.
extension Alert {
  /// `ALERTS`, with `alertstate`: 1 while it is pending or firing.
  public var stateSeries: SeriesKey {
    SeriesKey(
      metric: "ALERTS",
      labels: Labels(labels.all.map { ($0.name, $0.value) } + [("alertstate", state.rawValue)]))
  }

  /// `ALERTS_FOR_STATE`: since when it is active, in unix seconds.
  public var sinceSeries: SeriesKey { SeriesKey(metric: "ALERTS_FOR_STATE", labels: labels) }
}
