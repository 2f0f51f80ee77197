internal import AlmanacCore

/// How the values of a window change.
extension SampleWindow {
  /// The change between the last two samples; nil for a single one.
  ///
  /// - Parameter isRate: whether the change per second of a counter is wanted.
  func lastDifference(isRate: Bool) -> Double? {
    guard count > 1 else { return nil }
    let index = bounds.upperBound - 1
    let before = values[index - 1]
    guard isRate else { return last - before }
    let increase = last < before ? last : last - before
    return increase / seconds(from: times[index - 1], to: times[index])
  }

  /// How often a value differs from the one before.
  var changes: Int {
    count(where: { $0 != $1 && !($0.isNaN && $1.isNaN) })
  }

  /// How often a value is less than the one before.
  var resets: Int {
    count(where: { $1 < $0 })
  }

  private func count(where passes: (Double, Double) -> Bool) -> Int {
    var count = 0
    var before = first
    for value in inside {
      if passes(before, value) { count += 1 }
      before = value
    }
    return count
  }

  /// A straight line over time.
  struct Line {
    /// Change per second.
    var slope: Double
    /// The value at the moment that times count from.
    var intercept: Double

    func value(at seconds: Double) -> Double { intercept + slope * seconds }
  }

  /// The line with the least squares of distances; times count from `origin`. Nil for a single
  /// sample.
  func line(from origin: Int64) -> Line? {
    guard count > 1 else { return nil }
    if inside.allSatisfy({ $0 == first }) {
      return first.isInfinite
        ? Line(slope: .nan, intercept: .nan) : Line(slope: 0, intercept: first)
    }
    let n = Double(count)
    var (x, y, xy, xx) = (CompensatedSum(), CompensatedSum(), CompensatedSum(), CompensatedSum())
    for index in bounds {
      let time = seconds(from: origin, to: times[index])
      x.add(time)
      y.add(values[index])
      xy.add(time * values[index])
      xx.add(time * time)
    }
    let covariance = xy.value - x.value * y.value / n
    let variance = xx.value - x.value * x.value / n
    let slope = covariance / variance
    return Line(slope: slope, intercept: y.value / n - slope * x.value / n)
  }

  /// From one time to another in seconds.
  private func seconds(from: Int64, to: Int64) -> Double {
    let (distance, overflow) = to.subtractingReportingOverflow(from)
    return overflow ? Double(to) / 1e9 - Double(from) / 1e9 : Double(distance) / 1e9
  }
}
