import AlmanacCore
import AlmanacQuery
import AlmanacStore
import ArgumentParser

/// Reads what `serve --retention`, `--retention-size`, `--model-retention` and `--model-size` say.
enum RetentionOption {
  /// - Parameters:
  ///   - periods: Each `90d`, or `SELECTOR=90d`.
  ///   - size: Like `20Gi`.
  static func retention(_ periods: [String], size: String?) throws -> Retention {
    var retention = Retention()
    for text in periods {
      guard let equals = text.lastIndex(of: "=") else {
        retention.period = try period(text, in: text)
        continue
      }
      let selector = String(text[..<equals])
      let rule = Retention.Rule(
        matchers: try SeriesSelector(selector).matchers,
        period: try period(String(text[text.index(after: equals)...]), in: text))
      retention.rules.append(rule)
    }
    if let size {
      retention.maximumBytes = try OptionValue.bytes(size, of: "retention-size", as: "20Gi")
    }
    return retention
  }

  /// What models may take and how long they may lie unused.
  static func models(unusedFor: String, size: String) throws -> (bytes: Int, unusedFor: Interval) {
    (
      try OptionValue.bytes(size, of: "model-size", as: "1Gi"),
      try OptionValue.duration(unusedFor, of: "model-retention", as: "30d")
    )
  }

  private static func period(_ text: String, in option: String) throws -> Interval {
    try OptionValue.duration(text, in: option, of: "retention", as: "90d")
  }
}
