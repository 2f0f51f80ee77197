internal import AlmanacCore

/// What the values of a window come to.
extension SampleWindow {
  /// The sum, hour by hour: the sum of each hour's values, then the sum of these. So stored sums
  /// of hours give the same bits.
  var sum: Double {
    var total = CompensatedSum()
    var index = bounds.lowerBound
    while index < bounds.upperBound {
      let end = Summary.end(holding: times[index], of: .hour)
      var hour = CompensatedSum()
      repeat {
        hour.add(values[index])
        index += 1
      } while index < bounds.upperBound && times[index] <= end
      total.add(hour.value)
    }
    return total.value
  }

  /// The mean, of any values whose mean can be represented, also where their sum cannot.
  var mean: Double { inside.mean(ofSum: sum) }

  /// The least value; NaN only where every value is.
  var minimum: Double {
    var least = Double.nan
    for value in inside where !(value >= least) && !value.isNaN { least = value }
    return least
  }

  /// The greatest value; NaN only where every value is.
  var maximum: Double {
    var greatest = Double.nan
    for value in inside where !(value <= greatest) && !value.isNaN { greatest = value }
    return greatest
  }

  /// The variance of the whole population.
  var variance: Double { inside.variance }

  /// The median distance to the median; NaN where a value is.
  var medianDeviation: Double {
    if inside.contains(where: \.isNaN) { return .nan }
    let median = Quantile.of(inside, share: 0.5)
    return Quantile.of(inside.map { abs($0 - median) }, share: 0.5)
  }
}

/// When values were taken, and what they tend to.
extension SampleWindow {
  /// When the least value was taken, the last of several, in seconds.
  var timeOfMinimum: Double { time { $0 <= $1 } }

  /// When the greatest value was taken, the last of several, in seconds.
  var timeOfMaximum: Double { time { $0 >= $1 } }

  private func time(where precedes: (Double, Double) -> Bool) -> Double {
    var best = bounds.lowerBound
    for index in bounds where precedes(values[index], values[best]) || values[best].isNaN {
      best = index
    }
    return times[best].asSeconds
  }

  /// The level after the last sample, with a trend; nil for a single sample.
  ///
  /// Holt, "Forecasting seasonals and trends by exponentially weighted moving averages" (1957).
  func smoothed(level: Double, trend: Double) -> Double? {
    guard count > 1 else { return nil }
    var (before, now) = (0.0, first)
    var slope = values[bounds.lowerBound + 1] - first
    for (index, value) in inside.dropFirst().enumerated() {
      if index > 0 { slope = trend * (now - before) + (1 - trend) * slope }
      (before, now) = (now, level * value + (1 - level) * (now + slope))
    }
    return now
  }
}

/// The same of whole buckets.
extension ArraySlice<Summary> {
  var count: Int { reduce(0) { $0 + $1.count } }

  var sum: Double {
    var total = CompensatedSum()
    for summary in self { total.add(summary.sum) }
    return total.value
  }

  /// Nil where the sum is too large to be represented: it takes the values then.
  var mean: Double? {
    let sum = sum
    return sum.isFinite ? sum / Double(count) : nil
  }

  var minimum: Double {
    var least = Double.nan
    for summary in self where !(summary.minimum >= least) && !summary.minimum.isNaN {
      least = summary.minimum
    }
    return least
  }

  var maximum: Double {
    var greatest = Double.nan
    for summary in self where !(summary.maximum <= greatest) && !summary.maximum.isNaN {
      greatest = summary.maximum
    }
    return greatest
  }
}

/// Quantiles by linear interpolation between neighbours, as in Prometheus.
enum Quantile {
  /// The value that the share `share` of `values` lies below; NaN counts as the least value.
  ///
  /// Infinite for shares outside of 0 to 1, NaN for no values or a share of NaN.
  static func of(_ values: some Collection<Double>, share: Double) -> Double {
    if values.isEmpty || share.isNaN { return .nan }
    if share < 0 { return -.infinity }
    if share > 1 { return .infinity }
    let sorted = values.sorted { $0 < $1 || $0.isNaN && !$1.isNaN }
    let rank = share * Double(sorted.count - 1)
    let lower = Int(rank)
    let upper = min(sorted.count - 1, lower + 1)
    let weight = rank - Double(lower)
    return sorted[lower] * (1 - weight) + sorted[upper] * weight
  }
}
