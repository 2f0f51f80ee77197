internal import AlmanacCore

extension Double {
  /// The NaN that says that a series has ended for now, as Prometheus writes it.
  static let staleMarker = Double(bitPattern: 0x7ff0_0000_0000_0002)

  /// Whether this is the marker and not a value.
  var isStaleMarker: Bool { bitPattern == Self.staleMarker.bitPattern }
}

extension Samples {
  /// The samples that are values: without markers that the series has ended.
  var withoutStaleMarkers: Samples {
    let values = values
    guard values.contains(where: \.isStaleMarker) else { return self }
    var kept = Samples(capacity: count)
    for (time, value) in zip(timestamps, values) where !value.isStaleMarker {
      _ = kept.append(time: time, value: value)
    }
    return kept
  }
}
