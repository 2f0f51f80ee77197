import AlmanacCore
import AlmanacPattern
import AlmanacTesting
import Synchronization
import Testing

@testable import AlmanacQuery

/// Window functions against the plainest way to say what they are.
@Suite struct WindowFunctionPropertyTests {
  typealias Point = (time: Double, value: Double)

  /// Functions of the samples in (start, end], in seconds.
  static let references: [(name: String, value: @Sendable ([Point], Double, Double) -> Double?)] = [
    ("avg_over_time", { points, _, _ in points.map(\.value).reduce(0, +) / Double(points.count) }),
    ("min_over_time", { points, _, _ in points.map(\.value).min() }),
    ("max_over_time", { points, _, _ in points.map(\.value).max() }),
    ("sum_over_time", { points, _, _ in points.map(\.value).reduce(0, +) }),
    ("count_over_time", { points, _, _ in Double(points.count) }),
    ("last_over_time", { points, _, _ in points[points.count - 1].value }),
    ("first_over_time", { points, _, _ in points[0].value }),
    ("present_over_time", { _, _, _ in 1 }),
    ("stdvar_over_time", { points, _, _ in variance(points.map(\.value)) }),
    ("stddev_over_time", { points, _, _ in variance(points.map(\.value)).squareRoot() }),
    (
      "mad_over_time",
      { points, _, _ in
        let middle = median(points.map(\.value))
        return median(points.map { abs($0.value - middle) })
      }
    ),
    (
      "changes",
      { points, _, _ in
        Double(zip(points, points.dropFirst()).filter { $0.value != $1.value }.count)
      }
    ),
    (
      "resets",
      { points, _, _ in
        Double(zip(points, points.dropFirst()).filter { $0.value > $1.value }.count)
      }
    ),
    (
      "idelta",
      { points, _, _ in
        points.count < 2 ? nil : points[points.count - 1].value - points[points.count - 2].value
      }
    ),
    (
      "irate",
      { points, _, _ in
        guard points.count > 1 else { return nil }
        let (a, b) = (points[points.count - 2], points[points.count - 1])
        return (b.value < a.value ? b.value : b.value - a.value) / (b.time - a.time)
      }
    ),
    ("delta", { extrapolated($0, $1, $2, isCounter: false) }),
    ("increase", { extrapolated($0, $1, $2, isCounter: true) }),
    (
      "rate",
      { points, start, end in
        extrapolated(points, start, end, isCounter: true).map { $0 / (end - start) }
      }
    ),
    (
      "deriv",
      { points, _, _ in
        guard points.count > 1 else { return nil }
        let n = Double(points.count)
        let (t, v) = (points.reduce(0) { $0 + $1.time } / n, points.reduce(0) { $0 + $1.value } / n)
        let covariance = points.reduce(0) { $0 + ($1.time - t) * ($1.value - v) }
        return covariance / points.reduce(0) { $0 + ($1.time - t) * ($1.time - t) }
      }
    ),
  ]

  static func variance(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// The text of Prometheus' manual in code: the increase between the samples, then as much more as
  /// the covered time is longer.
  static func extrapolated(
    _ points: [Point], _ start: Double, _ end: Double, isCounter: Bool
  ) -> Double? {
    guard points.count > 1, let first = points.first, let last = points.last else { return nil }
    var increase = last.value - first.value
    if isCounter {
      increase = zip(points, points.dropFirst())
        .reduce(0) { $0 + ($1.1.value < $1.0.value ? $1.1.value : $1.1.value - $1.0.value) }
    }
    let covered = last.time - first.time
    let mean = covered / Double(points.count - 1)
    var from = first.time - start < 1.1 * mean ? start : first.time - mean / 2
    let to = end - last.time < 1.1 * mean ? end : last.time + mean / 2
    if isCounter, increase > 0, first.value >= 0 {
      from = max(from, first.time - first.value * covered / increase)
    }
    return increase * (to - from) / covered
  }

  @Test(
    "a function gives what its definition says, at every step",
    arguments: UInt64(1)...8)
  func matches(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    var source = MemorySource()
    for series in 0..<3 {
      var time = Double.random(in: 0..<100, using: &random).rounded()
      var value = 50.0
      var points: [(Double, Double)] = []
      for _ in 0..<Int.random(in: 1...300, using: &random) {
        points.append((time, value))
        time += Bool.random(using: &random) ? 15 : Double(Int.random(in: 1...400, using: &random))
        value = (value + Double(Int.random(in: -3...10, using: &random))) / 1.5
      }
      source.add("m", ["n": "\(series)"], points)
    }
    let window = Double(Int.random(in: 1...3000, using: &random))
    let step = Double(Int.random(in: 1...500, using: &random))
    let start = Double(Int.random(in: 0...2000, using: &random))
    let end = start + step * Double(Int.random(in: 0...60, using: &random))
    for (name, value) in Self.references {
      let found = try await source.ask(
        "\(name)(m[\(Int(window))s])", from: start, to: end, step: step)
      var expected: [[Int64: Double]] = []
      for one in source.all {
        var values: [Int64: Double] = [:]
        for time in stride(from: start, through: end, by: step) {
          let points = zip(one.samples.timestamps, one.samples.values)
            .map { (time: Double($0) / 1e9, value: $1) }
            .filter { $0.time > time - window && $0.time <= time }
          if points.isEmpty { continue }
          values[Int64(time * 1e9)] = value(points, time - window, time)
        }
        if !values.isEmpty { expected.append(values) }
      }
      #expect(found.count == expected.count, "\(name)")
      for (one, values) in zip(found, expected) {
        #expect(one.samples.timestamps == values.keys.sorted(), "\(name)")
        for (time, value) in zip(one.samples.timestamps, one.samples.values) {
          let wanted = values[time] ?? .nan
          #expect(abs(value - wanted) <= 1e-9 * max(1, abs(wanted)), "\(name) at \(time)")
        }
      }
    }
  }

  @Test("hours that were summed up give the same bits as their samples", arguments: UInt64(1)...20)
  func hours(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let hour = Resolution.hour.length
    var samples = Samples()
    var time = Int64.random(in: -3 * hour...3 * hour, using: &random)
    for _ in 0..<2000 {
      let value =
        Double.random(in: -1...1, using: &random) * (Bool.random(using: &random) ? 1 : 1e12)
      samples.insert(time: time, value: value)
      // Some at the very ends of hours.
      time += Int64.random(in: 1...120_000_000_000, using: &random)
      if Int.random(in: 0..<20, using: &random) == 0 {
        time = Summary.end(holding: time, of: .hour)
      }
      if Int.random(in: 0..<300, using: &random) == 0 { time += 5 * hour }
    }
    let key = SeriesKey(metric: "m", labels: .none)
    let length = Int64.random(in: 1...30, using: &random)
    let step = Interval(nanoseconds: hour * Int64.random(in: 1...7, using: &random))
    let range = TimeRange(
      start: Timestamp(nanoseconds: -5 * hour), end: Timestamp(nanoseconds: 100 * hour))
    let moments = try Moments(range, step: step)
    for name in ["avg", "min", "max", "sum", "count"] {
      guard
        case .windowFunction(let plan) = try Planner.plan(
          Parser.parse("\(name)_over_time(m[\(length)h])"))
      else {
        Issue.record("no window function")
        return
      }
      let evaluation = WindowEvaluation(
        plan, length: .hours(length), ends: moments, moments: moments,
        budget: QueryBudget(Query.Limits()))
      let slow = try evaluation.apply(LabelledSamples(key: key, samples: samples))
      let hours = LabelledSummaries(key: key, summaries: samples.summaries(of: .hour))
      let fast = evaluation.apply(hours)
      #expect(slow != nil)
      #expect(slow == fast, "\(name)")
    }
  }

  @Test("sums that are too large, and markers, go back to the samples")
  func hoursGiveUp() async throws {
    var source = MemorySource()
    source.add("m", [:], [(10, 1e308), (20, 1e308), (4000, 1e308)])
    #expect(try await source.values("avg_over_time(m[2h])", at: 7200) == [1e308])
    #expect(try await source.values("sum_over_time(m[2h])", at: 7200) == [.infinity])
  }

  /// Writes down how it was asked for summaries.
  final class Recorder: SeriesSource {
    struct Ask: Equatable {
      var resolution: Resolution
      var rollups: Resolution?
    }

    let asked = Mutex<Ask?>(nil)

    func samples(
      passing matchers: [LabelMatcher], in range: TimeRange
    ) async throws -> [LabelledSamples] { [] }

    func lastSamples(
      passing matchers: [LabelMatcher], in range: TimeRange
    ) async throws -> [LabelledSamples] { [] }

    func summaries(
      passing matchers: [LabelMatcher], in range: TimeRange, of resolution: Resolution,
      rollups: Resolution?
    ) async throws -> [LabelledSummaries] {
      asked.withLock { $0 = Ask(resolution: resolution, rollups: rollups) }
      return []
    }
  }

  static let resolutionCases: [(query: String, step: String, asked: String?, Recorder.Ask?)] = [
    ("avg_over_time(m[2h])", "1h", nil, .init(resolution: .hour)),
    ("avg_over_time(m[2h])", "1h", "0s", .init(resolution: .hour)),
    ("avg_over_time(m[2h])", "1h", "5m", .init(resolution: .hour, rollups: .fiveMinutes)),
    ("avg_over_time(m[2h])", "1h", "59m", .init(resolution: .hour, rollups: .fiveMinutes)),
    ("avg_over_time(m[2h])", "1h", "1d", .init(resolution: .hour, rollups: .hour)),
    ("avg_over_time(m[2h])", "1h", "auto", .init(resolution: .hour, rollups: .fiveMinutes)),
    ("avg_over_time(m[2h])", "5h", "auto", .init(resolution: .hour, rollups: .hour)),
    ("sum_over_time(m[2h])", "5m", "1h", .init(resolution: .fiveMinutes, rollups: .fiveMinutes)),
    ("max_over_time(m[10m])", "1h", "1h", .init(resolution: .fiveMinutes, rollups: .fiveMinutes)),
    ("min_over_time(m[10m])", "1h", nil, nil),
    ("count_over_time(m[10m])", "1h", "4m", nil),
    ("avg_over_time(m[7m])", "1h", "1h", nil),
    ("avg_over_time(m[10m])", "7m", "1h", nil),
    ("avg_over_time(m[10m] offset 1m)", "5m", "1h", nil),
    ("rate(m[1h])", "1h", "1h", nil),
  ]

  @Test(
    "rollups are asked for where windows fit and the query allows them",
    arguments: resolutionCases)
  func resolution(
    query: String, step: String, asked: String?, expected: Recorder.Ask?
  ) async throws {
    let recorder = Recorder()
    let time = try QueryTime(
      now: Timestamp(nanoseconds: 0), time: nil, start: "0", end: "36000", step: step,
      resolution: asked)
    _ = try await Query(query).evaluate(
      at: time, series: recorder, models: NoModels(), pool: CallersThread())
    #expect(recorder.asked.withLock { $0 } == expected)
  }
}
