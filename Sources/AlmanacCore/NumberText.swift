extension Double {
  /// The shortest decimal that reads back to the same bits, whole numbers without `.0`;
  /// `NaN`, `+Inf` and `-Inf` for what is not finite.
  public var shortestText: String {
    guard isFinite else { return isNaN ? "NaN" : self < 0 ? "-Inf" : "+Inf" }
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
