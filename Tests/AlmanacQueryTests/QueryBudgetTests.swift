import AlmanacCore
import AlmanacPattern
import AlmanacQuery
import Testing

@Suite struct QueryBudgetTests {
  static func source(series: Int = 4, samples: Int = 5_000) -> MemorySource {
    var source = MemorySource()
    for host in 0..<series {
      source.add("m", ["host": "\(host)"], (0..<samples).map { (Double($0), Double($0 % 97)) })
    }
    return source
  }

  /// The cost of a query, or its error.
  static func cost(
    _ text: String, of source: any SeriesSource, steps: Int? = nil,
    _ configure: (inout Query.Limits) -> Void = { _ in }
  ) async throws -> QueryCost {
    var limits = Query.Limits()
    configure(&limits)
    let time = try QueryTime(
      now: Timestamp(nanoseconds: 5_000_000_000_000), time: nil, start: steps.map { _ in "0" },
      end: steps.map { "\($0)" }, step: steps.map { _ in "1" })
    let result = try await Query(text).evaluate(
      at: time, series: source, models: NoModels(), pool: CallersThread(),
      budget: QueryBudget(limits))
    return result.cost
  }

  @Test("values count while they are held, and no longer")
  func held() async throws {
    let source = Self.source()
    let one = try await Self.cost("m[1d]", of: source).peakBytes
    #expect(one > 4 * 5_000 * 16)
    let negated = try await Self.cost("-m[1d]", of: source).peakBytes
    #expect(negated >= one && negated <= 2 * one)
    #expect(try await Self.cost("-(-(-(-m[1d])))", of: source).peakBytes == negated)
    let added = try await Self.cost("m[1d] + m[1d]", of: source).peakBytes
    #expect(added > negated && added <= 3 * one)
    #expect(try await Self.cost("sum(m)", of: source).peakBytes < one / 10)
  }

  @Test("what holds more than it may is refused with the limit and a hint")
  func tooMuch() async throws {
    let source = Self.source()
    await #expect {
      _ = try await Self.cost("m[1d]", of: source) { $0.bytes = 100_000 }
    } throws: { error in
      guard let error = error as? QueryError else { return false }
      return error.code == .budget && error.message.contains("100000")
        && error.hint?.contains("--query-memory") == true
    }
    _ = try await Self.cost("m[1d]", of: source) { $0.bytes = 1_000_000 }
  }

  /// Takes minutes, and would end without an error.
  static let slow = "quantile_over_time(0.5, m[1h])"

  @Test("a function of large windows ends when its time is up")
  func computing() async throws {
    let source = Self.source()
    await #expect {
      _ = try await Self.cost(Self.slow, of: source, steps: 200_000) {
        $0.timeout = .milliseconds(100)
      }
    } throws: {
      ($0 as? QueryError)?.code == .deadline
    }
  }

  /// Waits for ever, unless it is cancelled.
  struct Stuck: SeriesSource {
    func samples(
      passing matchers: [LabelMatcher], in range: TimeRange
    ) async throws -> [LabelledSamples] {
      try await Task.sleep(for: .seconds(3_600))
      return []
    }

    func lastSamples(
      passing matchers: [LabelMatcher], in range: TimeRange
    ) async throws -> [LabelledSamples] {
      try await samples(passing: matchers, in: range)
    }
  }

  /// Trains for as long as it is waited for, and longer.
  struct SlowModels: ModelSource {
    func model(_ request: ModelRequest) async throws -> ModelAnswer {
      try await Task.sleep(for: request.wait)
      return .pending(job: 1)
    }
  }

  @Test("a query that waits for a model ends when its time is up")
  func waiting() async throws {
    var limits = Query.Limits()
    limits.timeout = .milliseconds(300)
    let query = try Query("forecast(m[1d], 1h, wait=10m)")
    let time = QueryTime(time: Timestamp(nanoseconds: 5_000_000_000_000))
    await #expect {
      _ = try await query.evaluate(
        at: time, series: Self.source(series: 1), models: SlowModels(), pool: CallersThread(),
        budget: QueryBudget(limits))
    } throws: {
      ($0 as? QueryError)?.code == .deadline
    }
  }

  @Test("a query ends when its task is cancelled, waiting or computing")
  func cancelled() async throws {
    for (source, steps) in [(Stuck() as any SeriesSource, nil), (Self.source(), 200_000)] {
      let task = Task { try await Self.cost(Self.slow, of: source, steps: steps) }
      try await Task.sleep(for: .milliseconds(50))
      task.cancel()
      await #expect {
        _ = try await task.value
      } throws: {
        ($0 as? QueryError)?.code == .cancelled
      }
    }
  }
}
