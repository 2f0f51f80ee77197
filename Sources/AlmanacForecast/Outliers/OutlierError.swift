/// Why samples could not be judged.
public struct OutlierError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure.
  public struct Code: Sendable, Hashable {
    /// The kind's name.
    public let name: String

    /// An option has no meaning, such as a negative alarm rate.
    public static let badOption = Code(name: "bad_option")
    /// A reference curve is of another length than the values.
    public static let curveLength = Code(name: "curve_length")
  }

  /// The kind of failure.
  public let code: Code
  /// One sentence: "cannot judge samples: " and the cause.
  public let message: String

  /// The message.
  public var description: String { message }

  static func badOption(_ cause: String) -> OutlierError {
    OutlierError(code: .badOption, message: "cannot judge samples: \(cause)")
  }
}

extension OutlierOptions {
  /// The longest grid judged: 1 ms.
  static let maximumSamplesPerDay = 86_400_000

  func validate() throws(OutlierError) {
    guard samplesPerDay >= 1, samplesPerDay <= Self.maximumSamplesPerDay else {
      throw .badOption("\(samplesPerDay) samples a day, want 1 to \(Self.maximumSamplesPerDay)")
    }
    guard historyDays >= 1, historyDays <= 3650 else {
      throw .badOption("a history of \(historyDays) days, want 1 to 3650")
    }
    guard alarmsPerDay > 0, alarmsPerDay.isFinite else {
      throw .badOption("\(alarmsPerDay) alarms a day, want more than 0")
    }
    if let threshold, !(threshold > 0 && threshold.isFinite) {
      throw .badOption("a threshold of \(threshold), want more than 0")
    }
    guard thresholdFactor > 0, thresholdFactor.isFinite else {
      throw .badOption("a threshold factor of \(thresholdFactor), want more than 0")
    }
    guard minimumDeviation >= 0 else {
      throw .badOption("a smallest deviation of \(minimumDeviation), want 0 or more")
    }
    guard minimumRun >= 0 else {
      throw .badOption("a run of \(minimumRun) samples, want 0 or more")
    }
  }
}
