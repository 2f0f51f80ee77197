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
    let interval = try OptionValue.duration(
      timeout, of: "query-timeout", as: "2m", allowsZero: true)
    limits.timeout = interval == .zero ? nil : .nanoseconds(interval.nanoseconds)
    limits.bytes = try OptionValue.bytes(memory, of: "query-memory", as: "1Gi")
    return limits
  }

  /// Bytes of what is kept for other queries.
  ///
  /// - Parameters:
  ///   - text: Like `64Mi`; 0 keeps none.
  ///   - option: The option's name, as `stage-cache`.
  static func cache(_ text: String, _ option: String) throws -> Int {
    text == "0" ? 0 : try OptionValue.bytes(text, of: option, as: "64Mi, or 0")
  }
}
