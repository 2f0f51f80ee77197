internal import AlmanacCore

/// Functions of windows, at every moment of the evaluation.
extension Evaluator {
  func windowFunction(
    _ node: WindowFunctionPlan, _ context: Context
  ) async throws -> [LabelledSamples] {
    let (window, inner) = try windowed(node.input, context)
    let evaluation = WindowEvaluation(
      node, length: window.length, ends: try inner.moments, moments: try context.moments,
      parameters: try await parameters(of: node, context), boundary: window.boundary,
      lookback: inner.lookback, budget: budget)
    if case .absent = node.function.rule {
      return try await absent(evaluation, window, inner)
    }
    if let fromSummaries = try await fromSummaries(evaluation, window, inner) {
      return named(fromSummaries, node)
    }
    if let fromNewest = try await fromNewest(evaluation, window) {
      return named(fromNewest, node)
    }
    return try await map(window, evaluation.ends, inner) { one in
      try budget.count(evaluation.times.count)
      var result = try evaluation.apply(one)
      if !node.function.keepsMetric { result?.dropsMetric = true }
      return result
    }
  }

  /// The window below `offset` and `@`, and the context that it is evaluated in. A named moment
  /// is one for all steps.
  private func windowed(
    _ plan: Plan, _ context: Context
  ) throws -> (WindowPlan, Context) {
    var inner = context
    // What a model needs of the past is up to the windows around this function.
    inner.lead = .zero
    var plan = plan
    while case .moved(let base, let move) = plan {
      inner = self.context(inner, moved: move)
      if !move.isOffset {
        inner.range = nil
        inner.step = nil
      }
      plan = base
    }
    guard case .window(let window) = plan else {
      preconditionFailure("BUG: the planner lets only windows pass")
    }
    return (window, inner)
  }

  /// What `transform` makes of each series in the windows that end at `ends`.
  private func map(
    _ window: WindowPlan, _ ends: Moments, _ context: Context,
    _ transform: @escaping @Sendable (LabelledSamples) throws -> LabelledSamples?
  ) async throws -> [LabelledSamples] {
    if case .select(let selection) = window.base, window.step == nil {
      let range = window.covered(by: ends, lookback: context.lookback)
      return try await read(selection, in: range, transform)
    }
    let inside = self.context(context, of: window, endingAt: ends)
    guard let range = inside.range, !range.isEmpty else { return [] }
    let data = try await seriesValue(window.base, inside)
    return try await pool.map(data, weight: data.sampleCount, transform)
  }

  /// The result by stored summaries; nil where there is none that way. Hours in chunks are always
  /// used, for they change no bit; rollups only where they were asked for.
  private func fromSummaries(
    _ evaluation: WindowEvaluation, _ window: WindowPlan, _ context: Context
  ) async throws -> [LabelledSamples]? {
    guard evaluation.function.summarised != nil, case .select(let selection) = window.base,
      window.step == nil,
      let resolution = Resolution.allCases.last(where: {
        window.length.nanoseconds % $0.length == 0 && evaluation.ends.isAligned(to: $0.length)
      })
    else { return nil }
    let rollups = Resolution.allCases.last {
      $0 <= resolution && $0.length <= context.resolution.nanoseconds
    }
    guard resolution == .hour || rollups != nil else { return nil }
    let all = try await series.summaries(
      passing: selection.matchers, in: evaluation.ends.covered(by: window.length), of: resolution,
      rollups: rollups)
    let weight = all.reduce(0) { $0 + $1.summaries.count }
    try budget.count(weight)
    // A sum that is not finite may hide a marker that the series has ended, which is no sample.
    guard all.allSatisfy({ $0.summaries.allSatisfy(\.sum.isFinite) }) else { return nil }
    let results = try await pool.map(all, weight: weight) { one in
      evaluation.apply(one).map { (result: $0, isWhole: true) }
        ?? (result: LabelledSamples(key: one.key, samples: Samples()), isWhole: false)
    }
    guard results.allSatisfy(\.isWhole) else { return nil }
    return results.map(\.result).filter { !$0.samples.isEmpty }
  }

  /// The result by the newest samples of a single window; nil where there is none that way.
  private func fromNewest(
    _ evaluation: WindowEvaluation, _ window: WindowPlan
  ) async throws -> [LabelledSamples]? {
    guard evaluation.function.looksAtNewest, evaluation.ends.count == 1, window.step == nil,
      case .select(let selection) = window.base
    else { return nil }
    let newest = try await series.lastSamples(
      passing: selection.matchers, in: evaluation.ends.covered(by: window.length))
    try budget.count(newest.count)
    // Behind a marker that the series has ended there may be a sample in the window.
    guard newest.allSatisfy({ $0.samples.values.last?.isStaleMarker == false }) else { return nil }
    return try await pool.map(newest, weight: newest.count) { try evaluation.apply($0) }
  }

  /// 1 at each moment where no series has a sample in its window.
  private func absent(
    _ evaluation: WindowEvaluation, _ window: WindowPlan, _ context: Context
  ) async throws -> [LabelledSamples] {
    let present = try await map(window, evaluation.ends, context) { evaluation.presence(of: $0) }
    var isPresent = [Bool](repeating: false, count: evaluation.ends.count)
    for one in present {
      for (index, value) in one.samples.values.enumerated() where value == 1 {
        isPresent[index] = true
      }
    }
    var values = MomentValues(at: Array(evaluation.times.prefix(isPresent.count)))
    for (index, isPresent) in isPresent.enumerated() where !isPresent {
      values.append(1, at: index)
    }
    let samples = evaluation.atMoments(values.samples)
    guard !samples.isEmpty else { return [] }
    let key = SeriesKey(metric: "", labels: evaluation.absentLabels)
    return [LabelledSamples(key: key, samples: samples)]
  }

  /// The results, whose metric goes unless the function keeps it.
  private func named(
    _ results: [LabelledSamples], _ node: WindowFunctionPlan
  ) -> [LabelledSamples] {
    node.function.keepsMetric ? results : results.droppingMetric()
  }

  /// The numbers that the function takes, at each moment.
  private func parameters(
    of node: WindowFunctionPlan, _ context: Context
  ) async throws -> [Scalar] {
    var numbers: [Scalar] = []
    for plan in node.parameters { numbers.append(try await scalar(plan, context)) }
    if node.function.name == "quantile_over_time", let share = numbers.first {
      warn(ofShares: share, at: node.range)
    }
    guard node.function.takesShares,
      let wrong = numbers.flatMap(\.values).first(where: { !($0 > 0 && $0 < 1) })
    else { return numbers }
    throw QueryError(
      code: .evaluation,
      message: "cannot call \(node.function.name): \(wrong.shortestText) is not between 0 and 1",
      range: node.range, stage: "evaluate", hint: "write \(node.function.name)(x[1h], 0.3, 0.1)")
  }
}

/// One function over the windows of one series after the other.
struct WindowEvaluation: Sendable {
  let function: WindowFunction
  let absentLabels: Labels
  /// Where the windows end: one for each moment, or one for all of them.
  let ends: Moments
  private let parameters: [Scalar]
  private let length: Interval
  /// What stands for the values at the ends of windows, and from how far away it may be.
  private let boundary: Window.Boundary
  private let lookback: Interval
  private let moments: Moments
  private let budget: QueryBudget
  /// The times of all moments: shared by all series that have a value at each.
  let times: [Int64]
  /// Whether one window has another value at each moment.
  private var differs: Bool {
    ends.count < moments.count
      && (function.looksAtMoment || parameters.contains { !$0.isConstant })
  }
  /// The moments of the windows: all of them, or the first for all.
  private let endTimes: [Int64]
  private let recent = RecentWindows()

  init(
    _ node: WindowFunctionPlan, length: Interval, ends: Moments, moments: Moments,
    parameters: [Scalar] = [], boundary: Window.Boundary = .samples, lookback: Interval = .zero,
    budget: QueryBudget
  ) {
    self.boundary = boundary
    self.lookback = lookback
    self.budget = budget
    function = node.function
    absentLabels = node.absentLabels
    self.parameters = parameters
    self.length = length
    self.ends = ends
    self.moments = moments
    times = moments.times
    endTimes = Array(times.prefix(ends.count))
  }

  /// Samples in windows after which it asks whether to go on.
  private static let workBetweenChecks = 1 << 18

  /// The function's values of a series; nil where it has none.
  func apply(_ series: LabelledSamples) throws(QueryError) -> LabelledSamples? {
    if let change = BoundedWindow.Change(function.name, boundary) {
      return apply(change, to: series)
    }
    let found: Samples
    switch function.rule {
    case .absent: preconditionFailure("BUG: this function is not one of single series")
    case .difference(let difference):
      try budget.check()
      found = difference.slide(
        along: series.samples, ends: ends, length: length.nanoseconds, at: endTimes, recent)
    case .value(let value): found = try apply(value, to: series.samples)
    }
    let samples = differs ? found : atMoments(found)
    return samples.isEmpty ? nil : series.with(samples)
  }

  private func apply(
    _ value: (borrowing SampleWindow, WindowFunction.Parameters) -> Double?, to samples: Samples
  ) throws(QueryError) -> Samples {
    var window = SampleWindow(samples, length: length)
    let count = differs ? moments.count : ends.count
    var values = MomentValues(at: differs ? times : endTimes)
    var work = 0
    for index in 0..<count {
      window.move(to: ends[min(index, ends.count - 1)], moment: moments[index])
      work += window.bounds.count
      if work > Self.workBetweenChecks {
        try budget.check()
        work = 0
      }
      if window.bounds.isEmpty { continue }
      let first = parameters.isEmpty ? 0 : parameters[0][index]
      let second = parameters.count > 1 ? parameters[1][index] : 0
      if let value = value(window, (first, second)) { values.append(value, at: index) }
    }
    return values.samples
  }

  /// The same where something stands for the values at the ends of windows.
  private func apply(
    _ change: BoundedWindow.Change, to series: LabelledSamples
  ) -> LabelledSamples? {
    var window = BoundedWindow(
      series.samples, length: length, boundary: boundary, lookback: lookback)
    var values = MomentValues(at: endTimes)
    for index in 0..<ends.count {
      window.move(to: ends[index])
      if let value = window.value(of: change) { values.append(value, at: index) }
    }
    var result = series
    result.samples = atMoments(values.samples)
    return result.samples.isEmpty ? nil : result
  }

  /// The same by summaries; nil where it takes the values.
  func apply(_ series: LabelledSummaries) -> LabelledSamples? {
    guard let value = function.summarised else {
      preconditionFailure("BUG: this function is not one of summaries")
    }
    let summaries = series.summaries
    var from = 0
    var to = 0
    var values = MomentValues(at: endTimes)
    for index in 0..<ends.count {
      let start = Timestamp(nanoseconds: ends[index]) - length
      while to < summaries.count, summaries[to].end <= ends[index] { to += 1 }
      while from < to, summaries[from].end <= start.nanoseconds { from += 1 }
      if from == to { continue }
      guard let value = value(summaries[from..<to]) else { return nil }
      values.append(value, at: index)
    }
    return LabelledSamples(key: series.key, samples: atMoments(values.samples))
  }

  /// 1 for each window where a series has a sample, else 0.
  func presence(of series: LabelledSamples) -> LabelledSamples {
    var window = SampleWindow(series.samples, length: length)
    let values = (0..<ends.count).map { index -> Double in
      window.move(to: ends[index], moment: moments[index])
      return window.bounds.isEmpty ? 0 : 1
    }
    return LabelledSamples(
      key: series.key, samples: Samples(timestamps: ends.times, values: values))
  }

  /// The value of each window at its moment; one that is for all moments at each of them.
  func atMoments(_ samples: Samples) -> Samples {
    guard ends.count < times.count, let value = samples.values.first else { return samples }
    return Samples(
      timestamps: times, values: [Double](repeating: value, count: times.count))
  }
}
