public import AlmanacCore
internal import AlmanacForecast
public import AlmanacQuery

/// One series of a rule's result with its value.
public struct RuleValue: Sendable, Equatable {
  /// Metric and labels.
  public var key: SeriesKey
  /// Its value.
  public var value: Double
  /// What more there is to say, for templates: the columns of an outlier.
  public var details: [String: String]

  /// The value of the series `key`.
  public init(key: SeriesKey, value: Double, details: [String: String] = [:]) {
    self.key = key
    self.value = value
    self.details = details
  }

  /// The values of a result, one of each series.
  ///
  /// Where a series has several samples it is the first one that lies ahead of `time`, else the
  /// last one: of a curve that is compared the moment when it first holds, of outliers the newest.
  public static func all(
    of result: QueryResult, at time: Timestamp
  ) throws(QueryError) -> [RuleValue] {
    switch result.value {
    case .number(let number):
      return [RuleValue(key: SeriesKey(metric: "", labels: .none), value: number)]
    case .series(let all): return all.compactMap { RuleValue($0, at: time) }
    case .grid(let all):
      var values: [RuleValue] = []
      for one in all {
        if let value = RuleValue(try one.prepared(), at: time) { values.append(value) }
      }
      return values
    case .forecast(let all):
      return all.compactMap { one in
        one.curves.first.flatMap { curve in
          RuleValue(LabelledSamples(key: one.key, samples: curve.samples), at: time)
        }
      }
    case .outliers(let all): return all.compactMap(RuleValue.init)
    case .string, .report:
      throw QueryError(
        code: .type, message: "rule result is not a vector or scalar", stage: "evaluate")
    }
  }

  private init?(_ one: LabelledSamples, at time: Timestamp) {
    let times = one.samples.timestamps
    guard let last = times.indices.last else { return nil }
    let index = times[last] > time.nanoseconds ? times.firstIndex { $0 > time.nanoseconds } : last
    self.init(key: one.key, value: one.samples.values[index ?? last])
  }

  private init?(_ one: LabelledOutliers) {
    guard let index = one.samples.indices.last else { return nil }
    let sample = one.samples[index]
    self.init(
      key: one.key, value: sample.score,
      details: [
        "time": one.times[index].description, "value": sample.value.shortestText,
        "expected": sample.expected.shortestText, "lower": sample.lower.shortestText,
        "upper": sample.upper.shortestText, "score": sample.score.shortestText,
        "direction": sample.direction.rawValue, "reason": sample.reason, "code": sample.code,
        "run_length": String(sample.runLength),
        "run_start": one.grid.time(at: sample.runStart).description,
      ])
  }
}
