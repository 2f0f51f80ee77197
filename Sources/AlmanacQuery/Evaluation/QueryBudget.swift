internal import Synchronization

/// What one query may cost: samples read, bytes held, time. One for all threads that work for the
/// query; whoever has worked for a while asks it whether to go on.
public final class QueryBudget: Sendable {
  /// Why a query must end.
  private enum Stop: Int {
    case none, deadline, cancelled
  }

  /// Time that does not count.
  private struct Pause {
    var depth = 0
    var began = ContinuousClock.now
    var total = Duration.zero

    /// All of it up to `now`.
    func total(at now: ContinuousClock.Instant) -> Duration {
      depth > 0 ? total + (now - began) : total
    }
  }

  private let limits: Query.Limits
  private let began: ContinuousClock.Instant
  private let deadline: ContinuousClock.Instant?
  private let samples = Atomic(0)
  private let bytes = Atomic(0)
  private let peakBytes = Atomic(0)
  private let stop = Atomic(Stop.none.rawValue)
  private let pause = Mutex(Pause())

  /// A budget whose time begins now.
  public init(_ limits: Query.Limits) {
    let now = ContinuousClock.now
    self.limits = limits
    began = now
    deadline = limits.timeout.map { now.advanced(by: $0) }
  }

  /// What was spent so far.
  public var cost: QueryCost {
    QueryCost(
      samples: samples.load(ordering: .relaxed), peakBytes: peakBytes.load(ordering: .relaxed),
      duration: ContinuousClock.now - began)
  }

  // MARK: - Time

  /// Costs about as much as reading a clock.
  ///
  /// - Throws: `QueryError` where the query must end: its time is up, or nobody waits for it.
  public func check() throws(QueryError) {
    if let deadline, ContinuousClock.now >= deadline, timeLeft == .zero { end(.deadline) }
    if let stopped { throw stopped }
  }

  /// Ends the query: the next `check` throws.
  public func cancel() { end(.cancelled) }

  /// Runs `body`, which checks now and then whether it must end. Whatever it throws after the query
  /// was to end is answered as the reason for that.
  func run<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
    do {
      return try await withTaskCancellationHandler {
        try check()
        return try await body()
      } onCancel: {
        cancel()
      }
    } catch {
      throw stopped ?? error
    }
  }

  /// How long it may still take; nil for as long as it takes.
  var timeLeft: Duration? {
    deadline.map { deadline in
      let now = ContinuousClock.now
      return max(.zero, deadline - now + pause.withLock { $0.total(at: now) })
    }
  }

  /// Runs `body`, whose time does not count: what waits for trainings has a limit of its own.
  func untimed<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
    pause.withLock { pause in
      if pause.depth == 0 { pause.began = .now }
      pause.depth += 1
    }
    defer {
      pause.withLock { pause in
        pause.depth -= 1
        if pause.depth == 0 { pause.total += .now - pause.began }
      }
    }
    return try await body()
  }

  private func end(_ reason: Stop) {
    _ = stop.compareExchange(
      expected: Stop.none.rawValue, desired: reason.rawValue, ordering: .relaxed)
  }

  /// The error of a query that must end; nil while it may go on.
  private var stopped: QueryError? {
    switch Stop(rawValue: stop.load(ordering: .relaxed)) {
    case nil, .some(.none): return nil
    case .deadline:
      let limit = (limits.timeout ?? .zero) / .seconds(1)
      return QueryError(
        code: .deadline, message: "query timed out after \(Printer.number(limit)) s",
        stage: "evaluate",
        hint: "select fewer series, a shorter time or a longer step, or allow more with timeout=, "
          + "up to --query-timeout of the server")
    case .cancelled:
      return QueryError(
        code: .cancelled, message: "the query was cancelled", stage: "evaluate",
        hint: "nobody waited for its answer")
    }
  }

  // MARK: - Samples and memory

  /// Counts samples that were read or made.
  ///
  /// - Throws: `QueryError` where it was too much, and as `check` does.
  public func count(_ samples: Int) throws(QueryError) {
    let total = self.samples.wrappingAdd(samples, ordering: .relaxed).newValue
    guard total <= limits.samples else {
      throw QueryError(
        code: .budget, message: "the query reads over \(limits.samples) samples",
        stage: "evaluate", hint: "select fewer series or a shorter time")
    }
    try check()
  }

  /// Counts bytes that the query holds from now on.
  ///
  /// - Throws: `QueryError` where it is too much; the bytes count as held all the same.
  public func hold(_ bytes: Int) throws(QueryError) {
    let total = self.bytes.wrappingAdd(bytes, ordering: .relaxed).newValue
    peakBytes.max(total, ordering: .relaxed)
    guard total <= limits.bytes else {
      throw QueryError(
        code: .budget,
        message: "the query holds over \(limits.bytes) bytes at once, the limit of one query",
        stage: "evaluate",
        hint: "select fewer series, a shorter time or a longer step, or let the server start "
          + "with a larger --query-memory")
    }
  }

  /// Counts bytes that the query holds no more.
  public func release(_ bytes: Int) {
    self.bytes.wrappingSubtract(bytes, ordering: .relaxed)
  }
}

/// What a query cost.
public struct QueryCost: Sendable {
  /// Samples that were read or made on the way.
  public var samples = 0
  /// About the most bytes that samples and results took at once.
  public var peakBytes = 0
  /// From its beginning.
  public var duration = Duration.zero
}

/// Bytes that one part of a query holds, as long as it lives.
public final class HeldBytes: Sendable {
  private let budget: QueryBudget
  private let bytes = Atomic(0)

  /// Nothing yet, of `budget`.
  public init(_ budget: QueryBudget) {
    self.budget = budget
  }

  deinit { release() }

  /// Holds more, as `QueryBudget.hold` does.
  public func hold(_ bytes: Int) throws(QueryError) {
    self.bytes.wrappingAdd(bytes, ordering: .relaxed)
    try budget.hold(bytes)
  }

  /// Holds nothing any more.
  public func release() {
    budget.release(bytes.exchange(0, ordering: .relaxed))
  }
}
