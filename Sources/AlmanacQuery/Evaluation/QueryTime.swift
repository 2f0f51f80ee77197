public import AlmanacCore

/// When a query is evaluated: at one moment, or over a range.
public struct QueryTime: Sendable {
  /// The moment of the query; the end of the range where there is one.
  public var time: Timestamp
  /// The range, both ends included.
  public var range: TimeRange?
  /// The step in the range; nil keeps samples as they are.
  public var step: Interval?
  /// How far back the newest sample of a series may lie to count as its value; nil is 5 minutes.
  public var lookback: Interval?
  /// The longest buckets whose rollups may stand for samples; zero reads samples.
  public var resolution = Interval.zero

  /// The lookback of queries that name none.
  public static let usualLookback = Evaluator.lookback

  /// Evaluation at one moment.
  public init(time: Timestamp) {
    self.time = time
  }

  /// Reads the parameters `time`, `start`, `end`, `step`, `lookback_delta` and
  /// `max_source_resolution` of a request.
  public init(
    now: Timestamp, time: String?, start: String?, end: String?, step: String?,
    lookback: String? = nil, resolution: String? = nil
  ) throws(InvalidParameter) {
    let moment = { (name: String, text: String?) throws(InvalidParameter) -> Timestamp? in
      guard let text, !text.isEmpty else { return nil }
      guard let time = Timestamp(parameter: text) else {
        throw InvalidParameter(
          parameter: name, message: "cannot read \"\(text)\" as a time",
          hint: "use RFC 3339, as 2026-09-01T00:00:00Z, or unix seconds")
      }
      return time
    }
    let first = try moment("start", start)
    let last = try moment("end", end)
    self.time = try moment("time", time) ?? last ?? now
    self.lookback = try Self.length("lookback_delta", lookback)
    let isAutomatic = resolution == "auto"
    if let resolution, !resolution.isEmpty, !isAutomatic {
      self.resolution = try Self.resolution(resolution)
    }
    guard first != nil || last != nil || step != nil else { return }
    guard let first else {
      throw InvalidParameter(
        parameter: "start", message: "it is missing", hint: "a range has both start and end")
    }
    let range = TimeRange(start: first, end: last ?? self.time)
    guard !range.isEmpty else {
      throw InvalidParameter(
        parameter: "end", message: "it is before start", hint: "swap start and end")
    }
    self.range = range
    self.time = range.end
    guard let length = try Self.length("step", step) else { return }
    let (span, overflow) = range.end.nanoseconds.subtractingReportingOverflow(
      range.start.nanoseconds)
    guard !overflow, span / length.nanoseconds <= 1_000_000 else {
      throw InvalidParameter(
        parameter: "step", message: "the range has over a million steps",
        hint: "choose a longer step or a shorter range")
    }
    self.step = length
    if isAutomatic { self.resolution = Interval(nanoseconds: length.nanoseconds / 5) }
  }

  /// How many steps the range has, both ends included; nil without a step.
  public var stepCount: Int? {
    guard let range, let step else { return nil }
    let (span, overflow) = range.end.nanoseconds.subtractingReportingOverflow(
      range.start.nanoseconds)
    return overflow ? .max : Int(span / step.nanoseconds) + 1
  }

  /// Every step of the range, ns since the Unix epoch; nil without a step.
  ///
  /// - Throws: `QueryError` where there are too many.
  public var stepTimes: [Int64]? {
    get throws(QueryError) {
      guard let range, let step else { return nil }
      return try Moments(range, step: step).times
    }
  }

  private static func resolution(_ text: String) throws(InvalidParameter) -> Interval {
    guard let length = Interval(parameter: text), length >= .zero else {
      throw InvalidParameter(
        parameter: "max_source_resolution", message: "cannot read \"\(text)\" as a duration",
        hint: "use 5m, 1h, auto, or 0s for samples")
    }
    return length
  }

  private static func length(_ name: String, _ text: String?) throws(InvalidParameter) -> Interval?
  {
    guard let text, !text.isEmpty else { return nil }
    guard let length = Interval(parameter: text), length > .zero else {
      throw InvalidParameter(
        parameter: name, message: "cannot read \"\(text)\" as a positive duration",
        hint: "use a duration as 5m, or seconds")
    }
    return length
  }
}

/// A parameter of a request that cannot be used.
public struct InvalidParameter: Error, Sendable {
  /// The parameter's name.
  public let parameter: String
  /// What is wrong with it.
  public let message: String
  /// What to write instead.
  public let hint: String

  /// Says what is wrong with the parameter `parameter`.
  public init(parameter: String, message: String, hint: String) {
    self.parameter = parameter
    self.message = message
    self.hint = hint
  }
}

extension Interval {
  /// Reads a duration such as `5m` or seconds such as `300` or `0.5`.
  public init?(parameter text: String) {
    if let seconds = Double(text) {
      guard let nanoseconds = Int64(exactly: (seconds * 1e9).rounded()) else { return nil }
      self.init(nanoseconds: nanoseconds)
    } else if let expression = try? Parser.parseExpression(text),
      case .duration(let literal) = expression
    {
      self.init(nanoseconds: literal.value)
    } else {
      return nil
    }
  }
}
