import AlmanacCore
import AlmanacPattern
import AlmanacQuery
import Synchronization

/// Runs a script against the query language and counts what it shows.
struct PromQLScriptRun {
  /// An evaluation that did not come to what it should.
  struct Failure {
    var line: Int
    var expression: String
    var reason: String
  }

  /// Evaluations that touch no native histogram.
  private(set) var evaluations = 0
  private(set) var failures: [Failure] = []
  /// Evaluations of native histograms, which the store does not hold.
  private(set) var ofHistograms = 0

  private var source = ScriptSource()

  var passed: Int { evaluations - failures.count }

  /// Runs all commands of `script` in order.
  mutating func run(_ script: PromQLScript) async {
    for command in script.commands {
      switch command {
      case .clear: source = ScriptSource()
      case .load(let step, let series, let asHistograms):
        source.load(series, every: step, asHistograms: asHistograms)
      case .evaluate(let evaluation):
        source.sawHistogram.reset()
        let reason = await obstacle(evaluation)
        if source.sawHistogram.value
          || evaluation.series.contains(where: { $0.samples.contains(.histogram) })
          || reason != nil && !evaluation.isPlannable
            && source.hasHistogram(among: evaluation.words)
        {
          ofHistograms += 1
          continue
        }
        evaluations += 1
        if let reason {
          failures.append(
            Failure(
              line: evaluation.line, expression: evaluation.expression, reason: reason))
        }
      }
    }
  }

  /// Why an evaluation does not come to what it should, or nil.
  private func obstacle(_ evaluation: PromQLScript.Evaluation) async -> String? {
    do {
      let query = try Query(evaluation.expression)
      var time = QueryTime(time: evaluation.end)
      if let step = evaluation.step {
        time.range = TimeRange(start: evaluation.start, end: evaluation.end)
        time.step = step
      }
      let result = try await evaluate(query, time)
      if evaluation.mustFail { return "it should fail and gives \(result.value)" }
      if let reason = evaluation.difference(to: result) { return reason }
      guard evaluation.hasRangeForm else { return nil }
      // As in Prometheus' tests: the middle of three steps is the value at the moment.
      time.range = TimeRange(
        start: evaluation.end - .minutes(1), end: evaluation.end + .minutes(1))
      time.time = evaluation.end + .minutes(1)
      time.step = .minutes(1)
      return evaluation.difference(
        to: try await evaluate(query, time), only: evaluation.end.nanoseconds
      ).map { "as a range: \($0)" }
    } catch {
      return evaluation.mustFail ? nil : "\(error)"
    }
  }

  private func evaluate(_ query: Query, _ time: QueryTime) async throws -> QueryResult {
    try await query.evaluate(at: time, series: source, models: NoModels(), pool: CallersThread())
  }
}

extension PromQLScript.Evaluation {
  /// Whether the language has all of the expression.
  fileprivate var isPlannable: Bool { (try? Query(expression)) != nil }

  /// The words of the expression, which names of metrics are among.
  fileprivate var words: Set<String> {
    Set(
      expression.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }.map(String.init))
  }

  /// Whether the evaluation may be asked for at steps too.
  fileprivate var hasRangeForm: Bool {
    // A range has another start, end, length and step than its moments.
    let isOfRange = ["start()", "end()", "range()", "step()"].contains { expression.contains($0) }
    return step == nil && !isOrdered && window == nil && string == nil && !mustFail && !isOfRange
  }

  /// What sets `result` apart from what should be, or nil.
  ///
  /// - Parameter moment: the only time of a range that counts.
  fileprivate func difference(to result: QueryResult, only moment: Int64? = nil) -> String? {
    switch result.value {
    case .string(let text):
      return text == string ? nil : "got the string \"\(text)\""
    case .number(let value):
      guard let expected = number ?? scalarSeries else { return "got the number \(value)" }
      return value.isAlmost(expected) ? nil : "got \(value) instead of \(expected)"
    case .series(let all):
      if let number {
        guard result.shape == .scalar, let one = all.first, all.count == 1 else {
          return "got series instead of a number"
        }
        let expected = PromQLScript.Series(key: one.key, samples: [.value(number)])
        return difference(to: all, from: [expected], only: moment)
      }
      if string != nil { return "got series instead of a string" }
      return difference(to: all, from: series, only: moment)
    default: return "got another kind of value: \(result.value)"
    }
  }

  /// The value that a number should have at every step.
  private var scalarSeries: Double? {
    guard step != nil, series.count == 1, series[0].key == SeriesKey(metric: "", labels: .none),
      case .value(let value) = series[0].samples.first,
      series[0].samples.allSatisfy({ $0 == .value(value) })
    else { return nil }
    return value
  }

  private func difference(
    to all: [LabelledSamples], from expected: [PromQLScript.Series], only moment: Int64?
  ) -> String? {
    var found: [SeriesKey: [Int64: Double]] = [:]
    var order: [SeriesKey] = []
    for one in all {
      var values: [Int64: Double] = [:]
      for (time, value) in zip(one.samples.timestamps, one.samples.values)
      where moment == nil || time == moment {
        // At one moment a value counts as of that moment.
        let time = step == nil && window == nil ? end.nanoseconds : time
        guard values.updateValue(value, forKey: time) == nil else {
          return "\(one.key) has several values at \(time)"
        }
      }
      if values.isEmpty { continue }
      guard found.updateValue(values, forKey: one.key) == nil else {
        return "\(one.key) is there twice"
      }
      order.append(one.key)
    }
    for one in expected {
      var values = found.removeValue(forKey: one.key) ?? [:]
      for (index, sample) in one.samples.enumerated() {
        guard case .value(let value) = sample else { continue }
        let time = time(at: index)
        guard let got = values.removeValue(forKey: time) else {
          return "\(one.key) has no value at \(Double(time) / 1e9) s"
        }
        guard got.isAlmost(value) else {
          return "\(one.key) is \(got) instead of \(value) at \(Double(time) / 1e9) s"
        }
      }
      if let (time, value) = values.first {
        return "\(one.key) is \(value) at \(Double(time) / 1e9) s, where nothing should be"
      }
    }
    if let (key, values) = found.first {
      return "\(key) should not be there: \(values.values.first ?? .nan)"
    }
    if isOrdered, order != expected.map(\.key) { return "the order is \(order)" }
    return nil
  }

  private func time(at index: Int) -> Int64 {
    if let window { return window.start.nanoseconds + Int64(index) * window.step.nanoseconds }
    return start.nanoseconds + Int64(index) * (step?.nanoseconds ?? 0)
  }
}

extension Double {
  /// Whether both are the same but for a relative error of a millionth, as in Prometheus' tests;
  /// NaN is NaN.
  fileprivate func isAlmost(_ other: Double) -> Bool {
    if isNaN || other.isNaN { return isNaN && other.isNaN }
    if self == other { return true }
    let sum = abs(self) + abs(other)
    let difference = abs(self - other)
    if self == 0 || other == 0 || sum < .leastNormalMagnitude {
      return difference < 1e-6 * .leastNormalMagnitude
    }
    return difference / min(sum, .greatestFiniteMagnitude) < 1e-6
  }
}

// MARK: - Series

/// The series that a script loaded. Native histograms are noted, not held.
private struct ScriptSource: SeriesSource {
  /// Whether a selector met native histograms.
  final class Flag: Sendable {
    private let flag = Atomic(false)

    var value: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
    func reset() { flag.store(false, ordering: .relaxed) }
  }

  var floats: [SeriesKey: [Int64: Double]] = [:]
  var histograms: [SeriesKey: Set<Int64>] = [:]
  let sawHistogram = Flag()
  private var memory = MemorySource()

  mutating func load(
    _ series: [PromQLScript.Series], every step: Interval, asHistograms: Bool
  ) {
    for one in series {
      for (index, sample) in one.samples.enumerated() {
        let time = Int64(index) * step.nanoseconds
        switch sample {
        case .missing: continue
        case .value(let value): floats[one.key, default: [:]][time] = value
        case .histogram: histograms[one.key, default: []].insert(time)
        }
        if asHistograms, one.key.metric.hasSuffix("_bucket") {
          let key = SeriesKey(
            metric: String(one.key.metric.dropLast("_bucket".count)),
            labels: one.key.labels.dropping(["le"]))
          histograms[key, default: []].insert(time)
        }
      }
    }
    memory.all = floats.map { key, values in
      let sorted = values.sorted { $0.key < $1.key }
      return LabelledSamples(
        key: key, samples: Samples(timestamps: sorted.map(\.key), values: sorted.map(\.value)))
    }.sorted { $0.key < $1.key }
  }

  func samples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    noteHistograms(matchers, range)
    return try await memory.samples(passing: matchers, in: range)
  }

  func lastSamples(
    passing matchers: [LabelMatcher], in range: TimeRange
  ) async throws -> [LabelledSamples] {
    noteHistograms(matchers, range)
    return try await memory.lastSamples(passing: matchers, in: range)
  }

  /// Whether native histograms were loaded under one of these names.
  func hasHistogram(among names: Set<String>) -> Bool {
    histograms.keys.contains { names.contains($0.metric) }
  }

  private func noteHistograms(_ matchers: [LabelMatcher], _ range: TimeRange) {
    for (key, times) in histograms {
      let passes = matchers.allSatisfy { matcher in
        matcher.passes(
          matcher.name == SeriesKey.metricLabel ? key.metric : key.labels[matcher.name] ?? "")
      }
      if passes, times.contains(where: { range.contains(Timestamp(nanoseconds: $0)) }) {
        sawHistogram.set()
      }
    }
  }
}
