internal import AlmanacCore

/// What `smoothed` selectors and windows with values at their ends bring.
extension Evaluator {
  /// One value at each moment, on the line between the samples around it. Over a range without a
  /// step the samples as they are.
  func smoothed(
    _ selection: Selection, _ context: Context
  ) async throws -> [LabelledSamples] {
    if context.step == nil, let range = context.range {
      return try await read(selection, in: range) { $0 }
    }
    let smoothed = SmoothedValues(at: try context.moments, lookback: context.lookback)
    return try await read(selection, in: smoothed.range) { one in
      let samples = smoothed.of(one.samples)
      try budget.count(samples.count)
      return samples.isEmpty ? nil : LabelledSamples(key: one.key, samples: samples)
    }
  }

  /// The samples of a window that ends at the context's time, between the values at its ends.
  func bounded(_ node: WindowPlan, _ context: Context) async throws -> [LabelledSamples] {
    guard case .select(let selection) = node.base else {
      preconditionFailure("BUG: the parser puts boundaries on windows of selectors only")
    }
    var longer = node
    longer.length = node.length + context.lead
    let window = longer
    let range = window.covered(by: Moments(context.time), lookback: context.lookback)
    return try await read(selection, in: range) { one in
      var bounded = BoundedWindow(
        one.samples, length: window.length, boundary: window.boundary, lookback: context.lookback)
      bounded.move(to: context.time.nanoseconds)
      let samples = bounded.samples
      return samples.isEmpty ? nil : LabelledSamples(key: one.key, samples: samples)
    }
  }
}

extension WindowPlan {
  /// The samples that matter to the windows that end at `ends`.
  func covered(by ends: Moments, lookback: Interval) -> TimeRange {
    var range = ends.covered(by: boundary == .samples ? length : length + lookback)
    if boundary == .smoothed { range.end = range.end + lookback }
    return range
  }
}

/// The value at each of some moments, on the line between the samples around it.
struct SmoothedValues: Sendable {
  private let moments: Moments
  private let lookback: Interval
  /// Shared by all series that have a value at each moment.
  private let times: [Int64]

  init(at moments: Moments, lookback: Interval) {
    self.moments = moments
    self.lookback = lookback
    times = moments.times
  }

  /// The samples that matter.
  var range: TimeRange {
    let before = moments.covered(by: lookback)
    return TimeRange(start: before.start, end: before.end + lookback)
  }

  /// The values of one series: the sample at the moment, else what lies between the last sample
  /// before it and the next one after it, else the last one; none where it is too far away.
  func of(_ samples: Samples) -> Samples {
    let (sampleTimes, sampleValues) = (samples.timestamps, samples.values)
    var values = MomentValues(at: times)
    var next = 0
    for (index, time) in times.enumerated() {
      let moment = Timestamp(nanoseconds: time)
      let (oldest, newest) = ((moment - lookback).nanoseconds, (moment + lookback).nanoseconds)
      while next < sampleTimes.count, sampleTimes[next] < time { next += 1 }
      let hasNext = next < sampleTimes.count && sampleTimes[next] <= newest
      if hasNext, sampleTimes[next] == time {
        values.append(sampleValues[next], at: index)
        continue
      }
      guard next > 0, sampleTimes[next - 1] > oldest else { continue }
      let before = (time: sampleTimes[next - 1], value: sampleValues[next - 1])
      let value =
        hasNext
        ? BoundedWindow.interpolated(
          before, (time: sampleTimes[next], value: sampleValues[next]), at: time, isCounter: false)
        : before.value
      values.append(value, at: index)
    }
    return values.samples
  }
}
