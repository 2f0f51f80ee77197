import AlmanacCore
import AlmanacPattern
import AlmanacQuery

/// Series in memory.
struct MemorySource: SeriesSource {
  var all: [LabelledSamples] = []

  /// Adds a series with samples at seconds since the epoch.
  mutating func add(
    _ metric: String, _ labels: [String: String] = [:], _ samples: [(Double, Double)]
  ) {
    all.append(
      LabelledSamples(
        key: SeriesKey(metric: metric, labels: Labels(labels.map { ($0.key, $0.value) })),
        samples: Samples(
          timestamps: samples.map { Int64(($0.0 * 1e9).rounded()) }, values: samples.map(\.1))))
    all.sort { $0.key < $1.key }
  }

  func samples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    all.compactMap { one in
      let passes = matchers.allSatisfy { matcher in
        matcher.passes(
          matcher.name == SeriesKey.metricLabel
            ? one.key.metric : one.key.labels[matcher.name] ?? "")
      }
      let samples = one.samples.inside(range)
      return passes && !samples.isEmpty
        ? LabelledSamples(key: one.key, samples: samples) : nil
    }
  }

  func lastSamples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    try await samples(passing: matchers, in: range).map { one in
      LabelledSamples(
        key: one.key, samples: one.samples.slice(one.samples.count - 1..<one.samples.count))
    }
  }

  /// The series that `query` gives at a moment, or at steps, in seconds since the epoch.
  func ask(
    _ query: String, at time: Double? = nil, from start: Double? = nil, to end: Double? = nil,
    step: Double? = nil
  ) async throws -> [LabelledSamples] {
    let time = try QueryTime(
      now: Timestamp(nanoseconds: 0), time: time.map { "\($0)" }, start: start.map { "\($0)" },
      end: end.map { "\($0)" }, step: step.map { "\($0)" })
    let result = try await Query(query).evaluate(
      at: time, series: self, models: NoModels(), pool: CallersThread())
    guard case .series(let series) = result.value else { return [] }
    return series
  }

  /// The values of the only series of `ask`.
  func values(
    _ query: String, at time: Double? = nil, from start: Double? = nil, to end: Double? = nil,
    step: Double? = nil
  ) async throws -> [Double] {
    let series = try await ask(query, at: time, from: start, to: end, step: step)
    precondition(series.count <= 1, "several series")
    return series.first?.samples.values ?? []
  }
}

/// Where no model is.
struct NoModels: ModelSource {
  struct None: Error {}

  func model(_ request: ModelRequest) async throws -> ModelAnswer { throw None() }
}

/// Computes where it is called.
struct CallersThread: ComputePool {
  let width = 2

  func compute<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try body()
  }
}
