internal import AlmanacCore

extension Double {
  /// The NaN that says that a series has ended for now, as Prometheus writes it.
  public static let staleMarker = Double(bitPattern: 0x7ff0_0000_0000_0002)

  /// Whether this is the marker and not a value.
  var isStaleMarker: Bool { bitPattern == Self.staleMarker.bitPattern }
}

extension Samples {
  /// The samples that are values: without markers that the series has ended.
  var withoutStaleMarkers: Samples {
    let values = values
    // A marker is a NaN, and most series have none: seen several values at once, as `isNaN` and a
    // loop over a range would not be.
    let span = values.span
    var strangers = 0
    var index = 0
    while index < span.count {
      let value = span[index]
      strangers |= value == value ? 0 : 1
      index &+= 1
    }
    guard strangers > 0, values.contains(where: \.isStaleMarker) else { return self }
    var kept = Samples(capacity: count)
    for (time, value) in zip(timestamps, values) where !value.isStaleMarker {
      _ = kept.append(time: time, value: value)
    }
    return kept
  }
}
