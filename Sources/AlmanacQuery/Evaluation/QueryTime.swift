public import AlmanacCore

/// When a query is evaluated: at one moment, or over a range.
public struct QueryTime: Sendable {
  /// The moment of the query; the end of the range where there is one.
  public var time: Timestamp
  /// The range, both ends included.
  public var range: TimeRange?
  /// The step in the range; nil keeps samples as they are.
  public var step: Interval?

  /// Evaluation at one moment.
  public init(time: Timestamp) {
    self.time = time
  }

  /// Reads the parameters `time`, `start`, `end` and `step` of a request.
  public init(
    now: Timestamp, time: String?, start: String?, end: String?, step: String?
  ) throws(InvalidTime) {
    let moment = { (name: String, text: String?) throws(InvalidTime) -> Timestamp? in
      guard let text, !text.isEmpty else { return nil }
      guard let time = Timestamp(parameter: text) else {
        throw InvalidTime(
          parameter: name, message: "cannot read \"\(text)\" as a time",
          hint: "use RFC 3339, as 2026-09-01T00:00:00Z, or unix seconds")
      }
      return time
    }
    let first = try moment("start", start)
    let last = try moment("end", end)
    self.time = try moment("time", time) ?? last ?? now
    guard first != nil || last != nil || step != nil else { return }
    guard let first else {
      throw InvalidTime(
        parameter: "start", message: "it is missing", hint: "a range has both start and end")
    }
    let range = TimeRange(start: first, end: last ?? self.time)
    guard !range.isEmpty else {
      throw InvalidTime(
        parameter: "end", message: "it is before start", hint: "swap start and end")
    }
    self.range = range
    self.time = range.end
    guard let step, !step.isEmpty else { return }
    guard let length = Interval(parameter: step), length > .zero else {
      throw InvalidTime(
        parameter: "step", message: "cannot read \"\(step)\" as a positive duration",
        hint: "use a duration as 5m, or seconds")
    }
    let (span, overflow) = range.end.nanoseconds.subtractingReportingOverflow(
      range.start.nanoseconds)
    guard !overflow, span / length.nanoseconds <= 1_000_000 else {
      throw InvalidTime(
        parameter: "step", message: "the range has over a million steps",
        hint: "choose a longer step or a shorter range")
    }
    self.step = length
  }
}

/// A time parameter that cannot be used.
public struct InvalidTime: Error, Sendable {
  /// The parameter's name.
  public let parameter: String
  /// What is wrong with it.
  public let message: String
  /// What to write instead.
  public let hint: String
}

extension Interval {
  /// Reads a duration such as `5m` or seconds such as `300` or `0.5`.
  init?(parameter text: String) {
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
