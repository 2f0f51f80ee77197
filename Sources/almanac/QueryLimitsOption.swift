import AlmanacCore
import AlmanacQuery
import ArgumentParser

/// Reads what `serve --query-timeout`, `--query-memory` and `--stage-cache` say.
enum QueryLimitsOption {
  /// - Parameters:
  ///   - timeout: Like `2m`; 0 is none.
  ///   - memory: Like `1Gi`.
  static func limits(timeout: String, memory: String) throws -> Query.Limits {
    var limits = Query.Limits()
    guard let interval = Interval(parameter: timeout), interval >= .zero else {
      throw ValidationError("cannot read --query-timeout \(timeout): write a duration, as 2m")
    }
    limits.timeout = interval == .zero ? nil : .nanoseconds(interval.nanoseconds)
    guard let bytes = RetentionOption.bytes(memory) else {
      throw ValidationError("cannot read --query-memory \(memory): write bytes, as 1Gi")
    }
    limits.bytes = bytes
    return limits
  }

  /// Bytes of the results of stages that are kept.
  ///
  /// - Parameter text: Like `64Mi`; 0 keeps none.
  static func stageCache(_ text: String) throws -> Int {
    if text == "0" { return 0 }
    guard let bytes = RetentionOption.bytes(text) else {
      throw ValidationError("cannot read --stage-cache \(text): write bytes, as 64Mi, or 0")
    }
    return bytes
  }
}
