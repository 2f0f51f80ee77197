import AlmanacCore
import AlmanacQuery
import ArgumentParser

/// Reads the values of options that are bytes or durations.
enum OptionValue {
  /// Bytes such as `20Gi`, more than none.
  ///
  /// - Parameters:
  ///   - option: Its name, as `model-size`.
  ///   - example: What to write.
  static func bytes(_ text: String, of option: String, as example: String) throws -> Int {
    guard let bytes = bytes(text) else {
      throw ValidationError("cannot read --\(option) \(text): write bytes, as \(example)")
    }
    return bytes
  }

  /// A duration such as `90d`.
  ///
  /// - Parameter whole: What was given, where `text` is a part of it.
  static func duration(
    _ text: String, in whole: String? = nil, of option: String, as example: String,
    allowsZero: Bool = false
  ) throws -> Interval {
    guard let interval = Interval(parameter: text),
      interval > .zero || allowsZero && interval == .zero
    else {
      throw ValidationError(
        "cannot read --\(option) \(whole ?? text): write a duration, as \(example)")
    }
    return interval
  }

  private static func bytes(_ text: String) -> Int? {
    let units = ["Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40]
    for (unit, shift) in units where text.hasSuffix(unit) {
      guard let count = Int(text.dropLast(2)), count > 0, count < 1 << 20 else { return nil }
      return count << shift
    }
    return Int(text).flatMap { $0 > 0 ? $0 : nil }
  }
}
