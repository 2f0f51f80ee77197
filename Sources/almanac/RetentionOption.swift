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
      guard let bytes = bytes(size) else {
        throw ValidationError("cannot read --retention-size \(size): write bytes, as 20Gi")
      }
      retention.maximumBytes = bytes
    }
    return retention
  }

  /// What models may take and how long they may lie unused.
  static func models(unusedFor: String, size: String) throws -> (bytes: Int, unusedFor: Interval) {
    guard let bytes = bytes(size) else {
      throw ValidationError("cannot read --model-size \(size): write bytes, as 1Gi")
    }
    guard let interval = Interval(parameter: unusedFor), interval > .zero else {
      throw ValidationError("cannot read --model-retention \(unusedFor): write a duration, as 30d")
    }
    return (bytes, interval)
  }

  private static func period(_ text: String, in option: String) throws -> Interval {
    guard let interval = Interval(parameter: text), interval > .zero else {
      throw ValidationError("cannot read --retention \(option): write a duration, as 90d")
    }
    return interval
  }

  /// Bytes such as `20Gi`; nil where `text` says none.
  static func bytes(_ text: String) -> Int? {
    let units = ["Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40]
    for (unit, shift) in units where text.hasSuffix(unit) {
      guard let count = Int(text.dropLast(2)), count > 0, count < 1 << 20 else { return nil }
      return count << shift
    }
    return Int(text).flatMap { $0 > 0 ? $0 : nil }
  }
}
